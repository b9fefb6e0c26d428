//! Collections: named groups of media items.

mod create;
mod delete;
mod get;
mod list;
mod update;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(list::handler))
        .mount(handler!(create::handler))
        .mount(handler!(get::handler))
        .mount(handler!(update::handler))
        .mount(handler!(delete::handler))
}
