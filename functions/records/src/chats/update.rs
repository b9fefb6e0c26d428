use serde::Serialize;
use shared::{
    domain::chat::Lead,
    error::{Error, OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        fields::Fields,
        reply::Reply,
    },
    ids::ChatId,
    repo::chats::{Moved, Patch, Step},
    store::StoreError,
};
use utoipa::ToSchema;

use super::{
    TRIES,
    input::{status, title},
    step_aside,
};

/// Fields to change; what is left out or blank stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct UpdateChat {
    #[schema(max_length = 255, example = "A late order")]
    title: Option<String>,
    /// `active`, `completed` or `abandoned`.
    #[schema(example = "completed")]
    status: Option<String>,
    lead_id: Option<u64>,
}

/// The change is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedChat)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: ChatId,
    #[schema(example = "Session updated successfully.")]
    message: &'static str,
}

/// Changes title, status or lead of a chat.
#[utoipa::path(patch, path = "/api/chats/{id}", operation_id = "update_chat", tag = "chats",
    params(("id" = u64, Path, description = "Id of the chat.", example = 42)),
    request_body = UpdateChat, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ChatId>, mut fields: Fields) -> Result<Reply> {
    let mut chat = ctx.chats().get(id).await?.or_not_found("record")?;
    let status = status(&mut fields);
    let mut patch = Patch {
        title: title(&mut fields),
        lead: Lead { lead_id: fields.id("lead_id"), ..Lead::default() },
        moved: None,
    };
    fields.finish()?;
    for _ in 0..TRIES {
        patch.moved = status.and_then(|to| Moved::of(&chat, to));
        let reply = Reply::ok(&Updated { success: true, id, message: "Session updated successfully." })?;
        let writes = ctx.chats().change(id, chat.group_id, &patch, Step::Nothing, ctx.now)?;
        match ctx.commit(writes, reply).await {
            Err(Refused::Write(..)) => {}
            Err(refused) if refused.is_contention() => step_aside(&ctx, id).await,
            committed => return Ok(committed?),
        }
        chat = ctx.chats().get(id).await?.or_not_found("record")?;
    }
    Err(Error::from(StoreError::Conflict))
}
