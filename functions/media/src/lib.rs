//! Media items, and the collections that they are filed in.

mod collections;
mod create;
mod delete;
mod files;
mod get;
mod input;
mod list;
mod stats;
mod update;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(create::handler))
        .mount(handler!(list::handler))
        .mount(handler!(stats::handler))
        .mount(handler!(get::handler))
        .mount(handler!(update::handler))
        .mount(handler!(delete::handler))
        .mount(handler!(create::for_review))
        .merge(files::router())
        .merge(collections::router())
}
