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

use std::time::Duration;

use shared::{
    http::{
        ctx::Ctx,
        group::{Routes, handler},
    },
    ids::Id,
};

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

/// Times that a change is decided anew because others change the same chat. Each try is several of the engine's own.
const TRIES: usize = 10;

/// Lets others finish. Requests that met once should not meet again, and ids differ where requests do.
async fn step_aside(ctx: &Ctx, id: impl Into<Id>) {
    ctx.app.clock.sleep(Duration::from_millis(20 + id.into().get() % 80)).await;
}
