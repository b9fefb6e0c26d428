use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathIds, reply::Reply},
    ids::{ChatId, MessageId},
    ops::chats::{self, Unsaid},
};
use utoipa::ToSchema;

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
    params(("id" = u64, Path, description = "Id of the chat.", example = 42),
        ("message_id" = u64, Path, description = "Id of the message.", example = 43)),
    responses((status = 200, description = "Deleted.", body = MessageDeleted)))]
pub async fn handler(ctx: Ctx, PathIds(chat_id, id): PathIds<ChatId, MessageId>) -> Result<Reply> {
    ctx.answer(deleted, async |act| chats::delete_message(act, chat_id, id).await).await
}

fn deleted(&Unsaid { id, chat_id }: &Unsaid) -> Result<Reply> {
    Reply::ok(&MessageDeleted { success: true, id, chat_id, message: "Message deleted successfully." })
}
