use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::ChatId,
    ops::chats,
};
use utoipa::ToSchema;

/// The chat is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedChat)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: ChatId,
    #[schema(example = "Session deleted successfully.")]
    message: &'static str,
}

/// Deletes a chat with all its messages. Its session begins anew with the next message.
///
/// It is gone at once. Where there are many messages, they are cleared away in the background.
#[utoipa::path(delete, path = "/api/chats/{id}", operation_id = "delete_chat",
    params(("id" = u64, Path, description = "Id of the chat.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ChatId>) -> Result<Reply> {
    ctx.answer(deleted, async |act| chats::delete(act, id).await).await
}

fn deleted(id: &ChatId) -> Result<Reply> {
    Reply::ok(&Deleted { success: true, id: *id, message: "Session deleted successfully." })
}
