use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::{payload::Body, review::AutomationStatus},
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
    ids::Id,
};
use utoipa::ToSchema;

use crate::{content, input};

/// Fields to change; what is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `Patch` reads leniently")]
pub struct UpdatePayload {
    #[schema(example = "Monthly SEO Report")]
    title: Option<String>,
    #[schema(example = "seo-report")]
    task_type: Option<String>,
    /// Replaces the whole content.
    #[schema(value_type = Object, example = json!({ "domain": "example.com", "backlinks": 350 }))]
    payload: Option<Value>,
    human_interaction: Option<bool>,
    allow_regenerate: Option<bool>,
    /// Sets the status without a decision: n8n is not told. Use `/automation/approve` and `/automation/deny` for that.
    #[schema(example = "pending")]
    automation_status: Option<String>,
    status: Option<String>,
}

/// The change is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Payload updated successfully.")]
    message: &'static str,
}

struct Patch {
    title: Option<String>,
    task_type: Option<String>,
    payload: Option<Value>,
    human_interaction: Option<bool>,
    allow_regenerate: Option<bool>,
    automation_status: Option<AutomationStatus>,
    status: Option<String>,
}

/// Changes a payload.
#[utoipa::path(patch, path = "/api/payloads/{id}", operation_id = "update_payload", tag = "payloads",
    params(("id" = u64, Path, description = "Id of the payload.", example = 42)),
    request_body = UpdatePayload, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, fields: Fields) -> Result<Reply> {
    let mut payload = ctx.payloads().get(id).await?.or_not_found("record")?;
    let patch = read(fields)?;
    if let Some(title) = patch.title {
        payload.title = title;
    }
    if let Some(task_type) = patch.task_type {
        payload.task_type = task_type;
    }
    if let Some(flag) = patch.human_interaction {
        payload.review.human_interaction = flag;
    }
    if let Some(flag) = patch.allow_regenerate {
        payload.review.allow_regenerate = flag;
    }
    if let Some(status) = patch.automation_status {
        payload.review.set_status(status, ctx.actor(), ctx.now);
    }
    payload.status = patch.status.or(payload.status);
    let old: Option<Body> = match patch.payload {
        Some(content) => {
            let body = content::store(&ctx, id, &content).await?;
            Some(std::mem::replace(&mut payload.body, body))
        }
        None => None,
    };
    payload.changed_at = ctx.now;
    payload.v += 1;
    let reply = Reply::ok(&Updated { success: true, id, message: "Payload updated successfully." })?;
    let committed = ctx.commit(vec![ctx.payloads().replace(&payload)?], reply.clone()).await;
    let committed = match committed {
        Err(refused) if refused.met_itself(&payload) => Ok(reply),
        committed => committed,
    };
    match committed {
        Ok(reply) => {
            if let Some(old) = old {
                content::discard(&ctx, id, &old).await;
            }
            Ok(reply)
        }
        Err(refused) => {
            if old.is_some() {
                content::discard_refused(&ctx, id, &payload.body, &refused).await;
            }
            Err(refused.into())
        }
    }
}

fn read(mut fields: Fields) -> Result<Patch> {
    if fields.has("title") && fields.text("title", 500).is_none() && !fields.is_refused("title") {
        fields.refuse("title", "must not be empty");
    }
    let patch = Patch {
        title: fields.text("title", 500),
        task_type: input::task_type(&mut fields),
        payload: fields.json("payload"),
        human_interaction: fields.flag("human_interaction"),
        allow_regenerate: fields.flag("allow_regenerate"),
        automation_status: input::status(&mut fields, "automation_status", &AutomationStatus::SETTABLE),
        status: fields.text("status", 200),
    };
    fields.finish()?;
    Ok(patch)
}
