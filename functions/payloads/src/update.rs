use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::{payload::Payload, review::AutomationStatus},
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, origin, reply::Reply},
    ids::Id,
    ops::payloads::{self, Patch},
};
use utoipa::ToSchema;

use crate::input;

/// Fields to change; what is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `patch` reads leniently")]
pub struct UpdatePayload {
    #[schema(min_length = 1, max_length = 500, example = "Monthly SEO Report")]
    title: Option<String>,
    #[schema(max_length = 100, example = "seo-report")]
    task_type: Option<String>,
    /// Replaces the whole content.
    #[schema(value_type = Option<Value>, example = json!({ "domain": "example.com", "backlinks": 350 }))]
    payload: Option<Value>,
    human_interaction: Option<bool>,
    allow_regenerate: Option<bool>,
    /// Sets the status without a decision: n8n is not told. Use `/automation/approve` and `/automation/deny` for that.
    #[schema(example = "pending")]
    automation_status: Option<String>,
    #[schema(max_length = 200)]
    status: Option<String>,
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
    let patch = patch(fields)?;
    ctx.answer(updated, async |act| payloads::update(act, id, patch).await).await
}

fn updated(payload: &Payload) -> Result<Reply> {
    let (id, message) = (payload.subject.id, "Payload updated successfully.");
    Reply::ok(&Updated { success: true, id, message })
}

fn patch(mut fields: Fields) -> Result<Patch> {
    let patch = Patch {
        title: fields.kept_text("title", 500),
        task_type: input::task_type(&mut fields),
        content: fields.json("payload"),
        human_interaction: fields.flag("human_interaction"),
        allow_regenerate: fields.flag("allow_regenerate"),
        automation_status: origin::automation_status(&mut fields, &AutomationStatus::SETTABLE),
        status: fields.text("status", 200),
    };
    fields.finish()?;
    Ok(patch)
}
