use shared::{
    domain::chat::{ChatStatus, Lead},
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Text, Word, of_standing},
        reply::Reply,
    },
    ids::{ChatId, LeadId},
    ops::chats::{self, ChatPatch},
};
shared::input! {
    /// Fields to change; what is left out or blank stays.
    pub struct UpdateChat {
        #[example("A late order")]
        title: Option<Text<255>>,
        /// `active`, `completed` or `abandoned`.
        #[example("completed")]
        status: Option<Word<ChatStatus>>,
        lead_id: Option<LeadId>,
    }
}

shared::ack! {
    /// The change is stored.
    Updated as UpdatedChat, 42: "Session updated successfully."
}

/// Changes title, status or lead of a chat.
#[utoipa::path(patch, path = "/api/chats/{id}", operation_id = "update_chat",
    params(("id" = u64, Path, description = "Id of the chat.", example = 42)),
    request_body = UpdateChat, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ChatId>, fields: Fields) -> Result<Reply> {
    let sent = of_standing(ctx.repos().chats().get(id), UpdateChat::read(fields)).await?;
    let patch = ChatPatch {
        title: sent.title,
        status: sent.status,
        lead: Lead { lead_id: sent.lead_id, ..Lead::default() },
    };
    ctx.answer(Updated::of, async |act| chats::update(act, id, patch).await).await
}
