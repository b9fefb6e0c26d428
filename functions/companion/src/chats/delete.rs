use serde::Serialize;
use shared::{
    error::{Error, OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        reply::Reply,
    },
    ids::Id,
    store::StoreError,
};
use utoipa::ToSchema;

use super::{TRIES, step_aside};

/// The chat is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Session deleted successfully.")]
    message: &'static str,
}

/// Deletes a chat with all its messages. Its session begins anew with the next message.
#[utoipa::path(delete, path = "/api/chats/{id}", operation_id = "delete_chat", tag = "chats",
    params(("id" = u64, Path, description = "Id of the chat.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId) -> Result<Reply> {
    let chats = ctx.chats();
    for _ in 0..TRIES {
        let chat = chats.get(id).await?.or_not_found("record")?;
        let belongings = chats.belongings(id).await?.unwrap_or_default();
        let reply = Reply::ok(&Deleted { success: true, id, message: "Session deleted successfully." })?;
        match ctx.commit(chats.delete(&chat, belongings), reply).await {
            Err(Refused::Write(..)) => {}
            Err(refused) if refused.is_contention() => step_aside(&ctx, id).await,
            committed => return Ok(committed?),
        }
    }
    Err(Error::from(StoreError::Conflict))
}
