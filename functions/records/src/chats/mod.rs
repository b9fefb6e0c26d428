//! Chats: what people and a workflow's model said to each other, logged message by message.

mod delete;
mod delete_message;
mod get;
mod input;
mod list;
mod log;
mod stats;
mod update;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(log::handler))
        .mount(handler!(list::handler))
        .mount(handler!(stats::handler))
        .mount(handler!(get::handler))
        .mount(handler!(update::handler))
        .mount(handler!(delete::handler))
        .mount(handler!(delete_message::handler))
}
