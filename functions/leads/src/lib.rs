//! Leads: workflows post them, people work on them. An e-mail address has one lead in a client group.

mod bulk;
mod create;
mod delete;
mod get;
mod input;
mod list;
mod recent;
mod update;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(create::handler))
        .mount(handler!(recent::handler))
        .mount(handler!(list::handler))
        .mount(handler!(bulk::handler))
        .mount(handler!(get::handler))
        .mount(handler!(update::handler))
        .mount(handler!(delete::handler))
}
