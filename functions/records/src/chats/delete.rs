use futures::future::try_join;
use serde::Serialize;
use shared::{
    domain::chore::What,
    error::{Error, OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        reply::Reply,
    },
    ids::ChatId,
    repo::chats::Chats,
    store::{StoreError, Write},
};
use utoipa::ToSchema;

use super::{TRIES, step_aside};

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
#[utoipa::path(delete, path = "/api/chats/{id}", operation_id = "delete_chat", tag = "chats",
    params(("id" = u64, Path, description = "Id of the chat.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ChatId>) -> Result<Reply> {
    let chats = ctx.chats();
    for _ in 0..TRIES {
        let (chat, belongings) = try_join(chats.get(id), chats.belongings(id)).await?;
        let chat = chat.or_not_found("record")?;
        let mut writes = chats.delete(&chat);
        let mut chore = None;
        match belongings {
            Some(all) => writes.extend(all.into_iter().map(Write::delete)),
            None => {
                let (owed, task) = ctx.chore(What::Purge { partition: Chats::own(id) })?;
                writes.push(owed);
                chore = Some(task);
            }
        }
        let reply = Reply::ok(&Deleted { success: true, id, message: "Session deleted successfully." })?;
        match ctx.commit(writes, reply).await {
            Err(Refused::Write(..)) => {}
            Err(refused) if refused.is_contention() => step_aside(&ctx, id).await,
            Ok(reply) => {
                if let Some(task) = chore {
                    ctx.app.hint(&task, ctx.now).await;
                }
                return Ok(reply);
            }
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Error::from(StoreError::Conflict))
}
