use serde::Serialize;
use shared::{
    error::{Error, OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathIds,
        reply::Reply,
    },
    ids::{ChatId, MessageId},
    repo::chats::{Patch, Step},
    store::StoreError,
};
use utoipa::ToSchema;

use super::{TRIES, step_aside};

/// The message is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageDeleted {
    success: bool,
    #[schema(value_type = u64, example = 43)]
    id: MessageId,
    #[schema(value_type = u64, example = 42)]
    chat_id: ChatId,
    #[schema(example = "Message deleted successfully.")]
    message: &'static str,
}

/// Deletes one message of a chat. The workflow's own id of it is free again.
#[utoipa::path(delete, path = "/api/chats/{id}/messages/{message_id}", operation_id = "delete_chat_message",
    tag = "chats",
    params(("id" = u64, Path, description = "Id of the chat.", example = 42),
        ("message_id" = u64, Path, description = "Id of the message.", example = 43)),
    responses((status = 200, description = "Deleted.", body = MessageDeleted)))]
pub async fn handler(ctx: Ctx, PathIds(chat_id, id): PathIds<ChatId, MessageId>) -> Result<Reply> {
    for _ in 0..TRIES {
        let (chat, said) = ctx.chats().get_with_message(chat_id, id).await?.or_not_found("record")?;
        let writes =
            ctx.chats().change(chat_id, chat.group_id, &Patch::default(), Step::Unsaid(&said), ctx.now)?;
        let message = "Message deleted successfully.";
        let reply = Reply::ok(&MessageDeleted { success: true, id, chat_id, message })?;
        match ctx.commit(writes, reply).await {
            Err(Refused::Write(..)) => {}
            Err(refused) if refused.is_contention() => step_aside(&ctx, id).await,
            committed => return Ok(committed?),
        }
    }
    Err(Error::from(StoreError::Conflict))
}
