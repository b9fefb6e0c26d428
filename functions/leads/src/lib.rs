//! Leads: workflows post them, people work on them. An e-mail address has one lead in a client group.

mod address;
mod bulk;
mod create;
mod delete;
mod get;
mod input;
mod list;
mod recent;
mod update;
mod wire;

use shared::http::group::{Routes, routes};

/// How often a change is decided anew because somebody else was quicker. Each time one of the others got through, so that
/// this many requests for one lead at once are all answered.
const ATTEMPTS: usize = 100;

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(create::handler))
        .routes(routes!(recent::handler))
        .routes(routes!(list::handler))
        .routes(routes!(bulk::handler))
        .routes(routes!(get::handler))
        .routes(routes!(update::handler))
        .routes(routes!(delete::handler))
}
