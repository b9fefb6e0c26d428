//! Notifications: a workflow sends them, people read them.

mod create;
mod list;
mod mark;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new().routes(routes!(create::handler)).routes(routes!(list::handler)).routes(routes!(mark::handler))
}
