//! Alerts: which workflows somebody wants to hear of when they are not well.

mod create;
mod delete;
mod input;
mod list;
mod update;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(create::handler))
        .mount(handler!(list::handler))
        .mount(handler!(update::handler))
        .mount(handler!(delete::handler))
}
