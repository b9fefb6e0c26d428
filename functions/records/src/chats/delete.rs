use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::ChatId,
    ops::chats,
};

shared::ack! {
    /// The chat is gone.
    Deleted as DeletedChat, 42: "Session deleted successfully."
}

/// Deletes a chat with all its messages. Its session begins anew with the next message.
///
/// It is gone at once. Where there are many messages, they are cleared away in the background.
#[utoipa::path(delete, path = "/api/chats/{id}", operation_id = "delete_chat",
    params(("id" = u64, Path, description = "Id of the chat.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ChatId>) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| chats::delete(act, id).await).await
}
