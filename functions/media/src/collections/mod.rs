//! Collections: named groups of media items.

mod create;
mod delete;
mod get;
mod list;
mod update;
mod wire;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(list::handler))
        .routes(routes!(create::handler))
        .routes(routes!(get::handler))
        .routes(routes!(update::handler))
        .routes(routes!(delete::handler))
}
