//! Outside the router: which dialect a request speaks, and what its dialect wants to be read otherwise than it was sent.
//!
//! Its one rule: what the router goes by (method and path) is put in order before it looks.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{Router, extract::Request, response::Response, routing::future::RouteFuture};
use http::Method;
use tower::Service;

use super::super::{
    dialect::{
        Dialect,
        resolve::{self, Resolved},
    },
    routes::{self, Route, Verb},
};
use crate::app::SharedApp;

/// The router behind an ear for dialects.
#[derive(Clone)]
pub struct Hear {
    router: Router,
    app: SharedApp,
}

impl Hear {
    pub(super) fn new(router: Router, app: SharedApp) -> Self {
        Self { router, app }
    }
}

impl<B> Service<http::Request<B>> for Hear
where
    Router:
        Service<http::Request<B>, Response = Response, Error = Infallible, Future = RouteFuture<Infallible>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<http::Request<B>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> RouteFuture<Infallible> {
        let heard = listen(&self.app, &request);
        let rows = || routes::at(request.uri().path());
        if let Some(method) = meant(heard.dialect, request.method(), rows) {
            *request.method_mut() = method;
        }
        request.extensions_mut().insert(heard);
        self.router.call(request)
    }
}

fn listen<B>(app: &SharedApp, request: &http::Request<B>) -> Resolved {
    resolve::resolve(&app.settings.dialect_hosts, request.uri().path(), request.headers())
}

/// What was heard of a request, or is now.
pub(super) fn of(app: &SharedApp, request: &Request) -> Resolved {
    request.extensions().get::<Resolved>().copied().unwrap_or_else(|| listen(app, request))
}

/// `PATCH` where a `PUT` was sent that means it. `rows` are those of the path.
fn meant<'a, I>(dialect: &'static Dialect, method: &Method, rows: impl Fn() -> I) -> Option<Method>
where
    I: Iterator<Item = &'a Route>,
{
    if !dialect.put_is_patch || *method != Method::PUT {
        return None;
    }
    let mut known = [false; 2];
    for route in rows().filter(|route| route.dialect == dialect) {
        known[0] |= route.method == Verb::Patch;
        known[1] |= route.method == Verb::Put;
    }
    (known == [true, false]).then_some(Method::PATCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::dialect::{A, C};

    #[test]
    fn put_is_patch_where_the_dialect_says_so_and_has_no_put() {
        let row = |dialect, method| {
            let mut row = routes::ROUTES[0];
            (row.dialect, row.method) = (dialect, method);
            row
        };
        let (patch, put) = (row(&C, Verb::Patch), row(&C, Verb::Put));
        let of_a = row(&A, Verb::Patch);
        for (dialect, method, rows, expected) in [
            (&C, Method::PUT, vec![&patch], Some(Method::PATCH)),
            (&C, Method::PUT, vec![&patch, &put], None),
            (&C, Method::PUT, vec![&of_a], None),
            (&C, Method::PUT, vec![], None),
            (&C, Method::PATCH, vec![&patch], None),
            (&A, Method::PUT, vec![&of_a], None),
        ] {
            assert_eq!(meant(dialect, &method, || rows.iter().copied()), expected, "{dialect:?} {method}");
        }
    }
}
