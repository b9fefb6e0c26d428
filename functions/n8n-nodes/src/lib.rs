//! n8n nodes to copy and paste: what an n8n workflow needs to work with Baton, with every blank filled in.

mod create;
mod get;
mod input;
mod list;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new().mount(handler!(list::handler)).mount(handler!(get::handler)).mount(handler!(create::handler))
}
