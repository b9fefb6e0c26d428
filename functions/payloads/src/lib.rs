//! Custom payloads: whatever a workflow wants kept, and perhaps looked at by a person.

mod create;
mod delete;
mod get;
mod input;
mod list;
mod update;
mod wire;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(create::handler))
        .routes(routes!(list::handler))
        .routes(routes!(get::handler))
        .routes(routes!(update::handler))
        .routes(routes!(delete::handler))
        .routes(routes!(create::for_review))
}
