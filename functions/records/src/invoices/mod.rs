//! Invoices: what a workflow has billed, and how far that has come.

mod create;
mod delete;
mod get;
mod input;
mod list;
mod status;
mod update;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(create::handler))
        .mount(handler!(list::handler))
        .mount(handler!(get::handler))
        .mount(handler!(update::handler))
        .mount(handler!(delete::handler))
        .mount(handler!(status::handler))
}
