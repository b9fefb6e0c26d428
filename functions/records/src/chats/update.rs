use serde::Serialize;
use shared::{
    domain::chat::Lead,
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
    ids::ChatId,
    ops::chats::{self, ChatPatch},
};
use utoipa::ToSchema;

use super::input::{status, title};

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
    let patch = ChatPatch {
        title: title(&mut fields),
        status: status(&mut fields),
        lead: Lead { lead_id: fields.id("lead_id"), ..Lead::default() },
    };
    fields.finish()?;
    ctx.answer(updated, async |act| chats::update(act, id, patch).await).await
}

fn updated(id: &ChatId) -> Result<Reply> {
    Reply::ok(&Updated { success: true, id: *id, message: "Session updated successfully." })
}
