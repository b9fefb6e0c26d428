use std::sync::Arc;

use serde::Serialize;
use shared::{
    domain::{
        installation::Installation,
        payload::{Body, DEFAULT_TASK_TYPE, Payload},
        review::{AutomationStatus, Review},
    },
    error::{Error, Result},
    http::{ctx::Ctx, fields::Fields, reply::Reply},
    ids::Id,
    store::Write,
};
use utoipa::ToSchema;

use crate::{
    content,
    input::{CreateInput, CreatePayload, Origin, seal_resume_url},
};

/// The created payload.
#[derive(Debug, Serialize, ToSchema)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "seo-report")]
    task_type: String,
    #[schema(example = "pending")]
    automation_status: &'static str,
    #[schema(value_type = Option<u64>, example = 45)]
    installation_id: Option<Id>,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the installation is known.
    #[schema(value_type = Option<u64>)]
    nid: Option<Id>,
    #[schema(example = "Payload created successfully.")]
    message: &'static str,
}

/// Stores a payload.
#[utoipa::path(post, path = "/api/payloads", operation_id = "create_payload", tag = "payloads",
    request_body = CreatePayload, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    create(&ctx, CreateInput::read(fields)?).await
}

/// Stores a payload that a person must decide on: `human_interaction` is set and the status is `pending`.
///
/// Posting again from an execution whose payload a reviewer sent back with *regenerate* renews that payload: it keeps
/// its id and waits for a decision once more.
#[utoipa::path(post, path = "/automation/payload/create", operation_id = "create_payload_for_review", tag = "payloads",
    request_body = CreatePayload, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn for_review(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let mut input = CreateInput::read(fields)?;
    input.human_interaction = Some(true);
    input.automation_status = Some(AutomationStatus::Pending);
    create(&ctx, input).await
}

async fn create(ctx: &Ctx, mut input: CreateInput) -> Result<Reply> {
    ctx.check_group(input.group_id).await?;
    let installation = installation(ctx, &mut input.origin).await?;
    let nid = match (&installation, &input.origin.workflow_id) {
        (Some(installation), Some(workflow)) => {
            Some(ctx.installed().node(installation.id, workflow, None).await?)
        }
        _ => None,
    };
    let content = std::mem::take(&mut input.payload);
    let resume_url = input.origin.resume_url.take();
    let mut payload = draft(ctx, input, installation.as_deref());
    let renewed =
        if payload.review.human_interaction { ctx.payloads().regenerating(&payload).await? } else { None };
    let replaced = renewed.as_ref().map(|old| (old.id, old.body.clone()));
    if let Some(old) = renewed {
        payload = renew(ctx, old, payload);
    }
    if let Some(url) = resume_url {
        payload.sealed_resume_url =
            Some(seal_resume_url(ctx, &Payload::seal_record(payload.id), &url).await?);
    }
    payload.body = content::store(ctx, payload.id, &content).await?;
    let reply = Reply::created(&created(&payload, nid))?;
    let reply = match ctx.commit(writes(ctx, &payload, replaced.is_some())?, reply.clone()).await {
        Ok(reply) if reply.replayed => {
            // Another request with the same key was quicker: this one's content belongs to nothing.
            content::discard(ctx, payload.id, &payload.body).await;
            return Ok(reply);
        }
        Ok(reply) => reply,
        Err(refused) if refused.met_itself(&payload) => reply,
        Err(refused) => {
            content::discard_refused(ctx, payload.id, &payload.body, &refused).await;
            return Err(refused.into());
        }
    };
    if let Some((id, body)) = replaced {
        content::discard(ctx, id, &body).await;
    }
    Ok(reply)
}

fn writes(ctx: &Ctx, payload: &Payload, renews: bool) -> Result<Vec<Write>> {
    let payloads = ctx.payloads();
    if !renews {
        return Ok(vec![payloads.insert(payload)?]);
    }
    let mut writes = vec![payloads.replace(payload)?];
    writes.extend(payloads.unmark_regenerating(payload));
    Ok(writes)
}

/// The installation that a payload comes from. One that was named must exist; otherwise the resume URL or the workflow
/// may tell.
async fn installation(ctx: &Ctx, origin: &mut Origin) -> Result<Option<Arc<Installation>>> {
    let installed = ctx.installed();
    let found = match (origin.installation_id, &origin.resume_url) {
        (None, Some(url)) => installed.by_url(url).await?,
        (named, _) => installed.of(named, origin.workflow_id.as_deref()).await?,
    };
    if let Some(url) = &origin.resume_url
        && !found.as_ref().is_some_and(|installation| installation.owns(url))
    {
        return Err(Error::invalid(
            "resume_url",
            "must lie on the host or webhook_url of a registered installation (POST /api/installs/register)",
        ));
    }
    origin.installation_id = found.as_ref().map(|installation| installation.id);
    Ok(found)
}

fn draft(ctx: &Ctx, input: CreateInput, installation: Option<&Installation>) -> Payload {
    Payload {
        id: ctx.app.id(),
        group_id: input.group_id.or(installation.map(|found| found.group_id)).unwrap_or(ctx.caller.group_id),
        title: input.title,
        task_type: input.task_type.unwrap_or_else(|| DEFAULT_TASK_TYPE.into()),
        // Stored under the id that the payload ends up with.
        body: Body::Inline(String::new()),
        installation_id: input.origin.installation_id,
        workflow_id: input.origin.workflow_id,
        execution_id: input.origin.execution_id,
        sealed_resume_url: None,
        status: input.status,
        review: Review {
            automation_status: input.automation_status.unwrap_or_default(),
            human_interaction: input.human_interaction.unwrap_or(false),
            allow_regenerate: input.allow_regenerate,
            ..Review::default()
        },
        created_at: ctx.now,
        posted_at: ctx.now,
        changed_at: ctx.now,
        v: 1,
    }
}

/// The payload that was sent back, with what the workflow posts now.
fn renew(ctx: &Ctx, old: Payload, new: Payload) -> Payload {
    let mut review = old.review;
    review.reopen(ctx.actor(), ctx.now);
    review.allow_regenerate = new.review.allow_regenerate;
    Payload {
        id: old.id,
        group_id: old.group_id,
        review,
        created_at: old.created_at,
        sealed_resume_url: old.sealed_resume_url,
        v: old.v + 1,
        ..new
    }
}

fn created(payload: &Payload, nid: Option<Id>) -> Created {
    Created {
        success: true,
        id: payload.id,
        task_type: payload.task_type.clone(),
        automation_status: payload.review.automation_status.as_str(),
        installation_id: payload.installation_id,
        workflow_id: payload.workflow_id.clone(),
        nid,
        message: "Payload created successfully.",
    }
}
