use serde::Serialize;
use shared::{
    error::{OrNotFound, Result},
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Flag, Kept, Settable, Text, Word},
        origin,
        reply::Reply,
    },
    ids::Id,
    json::Json,
};
use utoipa::ToSchema;

use crate::content;

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

/// The change is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedPayload)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Payload updated successfully.")]
    message: &'static str,
}

/// Changes a payload.
#[utoipa::path(patch, path = "/api/payloads/{id}", operation_id = "update_payload", tag = "payloads",
    params(("id" = u64, Path, description = "Id of the payload.", example = 42)),
    request_body = UpdatePayload, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, fields: Fields) -> Result<Reply> {
    let before = ctx.payloads().get(id).await?.or_not_found("record")?;
    let patch = UpdatePayload::read(fields)?;
    let mut payload = before.clone();
    if let Some(title) = patch.title {
        payload.title = title;
    }
    if let Some(task_type) = patch.task_type {
        payload.task_type = task_type;
    }
    if let Some(flag) = patch.human_interaction {
        payload.subject.review.human_interaction = flag;
    }
    if let Some(flag) = patch.allow_regenerate {
        payload.subject.review.allow_regenerate = flag;
    }
    if let Some(status) = patch.automation_status {
        payload.subject.review.set_status(status, ctx.actor(), ctx.now);
    }
    payload.status = patch.status.or(payload.status);
    let replaced = patch.payload.is_some();
    if let Some(content) = patch.payload {
        payload.body = content::store(&ctx, id, &content).await?;
    }
    payload.subject.touch(ctx.now);
    let reply = Reply::ok(&Updated { success: true, id, message: "Payload updated successfully." })?;
    let writes = ctx.payloads().replace(&before, &payload)?;
    match origin::commit(&ctx, writes, &payload, reply).await {
        Ok(reply) => {
            if replaced {
                content::discard(&ctx, id, &before.body).await;
            }
            Ok(reply)
        }
        Err(refused) => {
            if replaced {
                content::discard_refused(&ctx, id, &payload.body, &refused).await;
            }
            Err(refused.into())
        }
    }
}
