//! Notifications: a workflow sends them, people read them.

mod create;
mod list;
mod mark;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new().mount(handler!(create::handler)).mount(handler!(list::handler)).mount(handler!(mark::handler))
}
