//! Alerts: which workflows somebody wants to hear of when they are not well.

mod change;
mod create;
mod delete;
mod input;
mod list;
mod update;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(create::handler))
        .routes(routes!(list::handler))
        .routes(routes!(update::handler))
        .routes(routes!(delete::handler))
}
