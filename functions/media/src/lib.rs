//! Media items, and the collections that they are filed in.

mod collections;
mod create;
mod delete;
mod files;
mod filing;
mod get;
mod input;
mod list;
mod stats;
mod update;
mod wire;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(create::handler))
        .routes(routes!(list::handler))
        .routes(routes!(stats::handler))
        .routes(routes!(get::handler))
        .routes(routes!(update::handler))
        .routes(routes!(delete::handler))
        .routes(routes!(create::for_review))
        .merge(files::router())
        .merge(collections::router())
}
