//! Custom payloads: whatever a workflow wants kept, and perhaps looked at by a person.

mod create;
mod delete;
mod get;
mod input;
mod list;
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
        .mount(handler!(create::for_review))
}
