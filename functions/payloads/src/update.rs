use shared::{
    domain::payload::Payload,
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Flag, Kept, Settable, Text, Word, of_standing},
        reply::Reply,
    },
    ids::PayloadId,
    json::Json,
    ops::payloads::{self, Patch},
};
shared::input! {
    /// Fields to change; what is left out stays.
    pub struct UpdatePayload {
        #[example("Monthly SEO Report")]
        title: Kept<Text<500>>,
        #[example("seo-report")]
        task_type: Option<Text<100>>,
        /// Replaces the whole content.
        #[example({ "domain": "example.com", "backlinks": 350 })]
        payload: Option<Json>,
        human_interaction: Option<Flag>,
        allow_regenerate: Option<Flag>,
        /// Sets the status without a decision: n8n is not told. Use `/automation/approve` and `/automation/deny` for that.
        #[example("pending")]
        automation_status: Option<Word<Settable>>,
        status: Option<Text<200>>,
    }
}

impl From<UpdatePayload> for Patch {
    fn from(sent: UpdatePayload) -> Self {
        Self {
            title: sent.title,
            task_type: sent.task_type,
            content: sent.payload,
            human_interaction: sent.human_interaction,
            allow_regenerate: sent.allow_regenerate,
            automation_status: sent.automation_status,
            status: sent.status,
        }
    }
}

shared::ack! {
    /// The change is stored.
    Updated as UpdatedPayload, 42: "Payload updated successfully."
}

/// Changes a payload.
#[utoipa::path(patch, path = "/api/payloads/{id}", operation_id = "update_payload",
    params(("id" = u64, Path, description = "Id of the payload.", example = 42)),
    request_body = UpdatePayload, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<PayloadId>, fields: Fields) -> Result<Reply> {
    let patch = of_standing(ctx.repos().payloads().get(id), UpdatePayload::read(fields)).await?.into();
    ctx.answer(updated, async |act| payloads::update(act, id, patch).await).await
}

fn updated(payload: &Payload) -> Result<Reply> {
    Updated::of(&payload.id())
}
