//! The route table: what each route asks of its caller, in one place, a file for each dialect and a block for each group. The
//! router, the API documents, the SAM template and the tests are compared with it; a route that is not here is refused by
//! `layers::admit`.
//!
//! Its one rule: all rights stand here. They are looked at before a reply is repeated, and no handler is asked then.

mod a;
mod b;
mod c;
mod d;
mod e;
mod house;
mod paths;
mod route;

use std::{collections::BTreeSet, sync::LazyLock};

use http::Method;

use super::dialect::{Dialect, HOUSE};

pub use paths::{as_routed, at, fits, parameter};
pub use route::{Auth, RateClass, Route, Verb};

/// Every route of the product.
pub static ROUTES: &[Route] = &JOINED;

static JOINED: [Route; COUNT] = joined();

const BLOCKS: [&[&[Route]]; 6] = [house::BLOCKS, a::BLOCKS, b::BLOCKS, c::BLOCKS, d::BLOCKS, e::BLOCKS];

const COUNT: usize = {
    let (mut count, mut dialect) = (0, 0);
    while dialect < BLOCKS.len() {
        let mut block = 0;
        while block < BLOCKS[dialect].len() {
            count += BLOCKS[dialect][block].len();
            block += 1;
        }
        dialect += 1;
    }
    count
};

/// All blocks as one table. In a constant there are no iterators yet.
const fn joined() -> [Route; COUNT] {
    let mut all = [house::BLOCKS[0][0]; COUNT];
    let (mut filled, mut dialect) = (0, 0);
    while dialect < BLOCKS.len() {
        let mut block = 0;
        while block < BLOCKS[dialect].len() {
            let routes = BLOCKS[dialect][block];
            let mut route = 0;
            while route < routes.len() {
                all[filled] = routes[route];
                (filled, route) = (filled + 1, route + 1);
            }
            block += 1;
        }
        dialect += 1;
    }
    all
}

/// The scope that everybody holds: it only tells that the credential works.
pub const TEST_SCOPE: &str = "*:test";

/// Scopes of published documents whose routes are still to come.
const ANNOUNCED: [&str; 1] = ["workflows:write"];

/// A dialect's rows of a path pattern that the router matched. The house's own are everybody's.
fn rows(dialect: &'static Dialect, path: &str) -> impl Iterator<Item = &'static Route> {
    paths::likely(path)
        .filter(move |route| route.path == path && (route.dialect == dialect || *route.dialect == HOUSE))
}

/// The route behind a method and the path pattern that the router matched, as a dialect has it. `HEAD` is answered by `GET`.
pub fn find(dialect: &'static Dialect, method: &Method, path: &str) -> Option<&'static Route> {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    rows(dialect, path).find(|route| route.method.as_str() == method)
}

/// The methods that a path answers in a dialect, as its `Allow` header names them.
pub fn methods(dialect: &'static Dialect, path: &str) -> Vec<&'static str> {
    let has_put = rows(dialect, path).any(|route| route.method == Verb::Put);
    rows(dialect, path).flat_map(|route| route.methods(has_put)).copied().collect()
}

/// Every scope that a key can have: what routes ask for and hand on, `*` for all of it, and `*:read` and the like for one
/// action on everything.
pub fn scopes() -> &'static [&'static str] {
    static SCOPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let asked =
            ROUTES.iter().flat_map(Route::scopes).chain(ANNOUNCED).filter(|scope| *scope != TEST_SCOPE);
        let asked: BTreeSet<_> = asked.collect();
        let actions: BTreeSet<_> =
            asked.iter().filter_map(|scope| scope.split_once(':')).map(|(_, action)| action).collect();
        let of_all = ["*:read", "*:write", "*:execute", "*:decide"];
        let of_all = of_all.into_iter().filter(|scope| actions.contains(&scope[2..]));
        ["*"].into_iter().chain(of_all).chain(asked.iter().copied()).collect()
    });
    &SCOPES
}

/// The route of an operation.
pub fn named(operation: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.operation == operation)
}
