use serde::Serialize;
use shared::{
    domain::payload::{Body, DEFAULT_TASK_TYPE, Payload},
    error::Result,
    http::{
        ctx::{Ctx, Refused},
        input::InBody,
        origin::{self, Origin, Placed},
        reply::{Reply, Warning},
    },
    ids::Id,
    json::Json,
};
use url::Url;
use utoipa::ToSchema;

use crate::{content, input::CreatePayload};

/// The created payload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedPayload)]
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
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Stores a payload.
#[utoipa::path(post, path = "/api/payloads", operation_id = "create_payload", tag = "payloads",
    request_body = CreatePayload, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, InBody(input): InBody<CreatePayload>) -> Result<Reply> {
    let origin = input.origin.clone().into();
    create(&ctx, input, origin).await
}

/// Stores a payload that a person must decide on: `human_interaction` is set and the status is `pending`.
///
/// Posting again from an execution whose payload a reviewer sent back with *regenerate* renews that payload: it keeps
/// its id and waits for a decision once more.
#[utoipa::path(post, path = "/automation/payload/create", operation_id = "create_payload_for_review", tag = "payloads",
    request_body = CreatePayload, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn for_review(ctx: Ctx, InBody(input): InBody<CreatePayload>) -> Result<Reply> {
    let mut origin = Origin::from(input.origin.clone());
    origin.require_review();
    create(&ctx, input, origin).await
}

/// Each refusal means that somebody else got through; so many in a row do not happen by themselves.
const ATTEMPTS: usize = 8;

async fn create(ctx: &Ctx, input: CreatePayload, origin: Origin) -> Result<Reply> {
    let Placed { subject, nid, resume_url, warnings } = origin.place(ctx).await?;
    let content = input.payload.unwrap_or_else(Json::null);
    let posted = Payload {
        subject,
        title: input.title,
        task_type: input.task_type.unwrap_or_else(|| DEFAULT_TASK_TYPE.into()),
        // Stored under the id that the payload ends up with.
        body: Body::Inline(String::new()),
        status: input.status,
    };
    for _ in 1..ATTEMPTS {
        match attempt(ctx, posted.clone(), nid, resume_url.clone(), &warnings, &content).await {
            // What is renewed was changed, as by n8n's answer to the decision, which is noted while the workflow goes on.
            Err(Refused::Write(..)) => {}
            ended => return Ok(ended?),
        }
    }
    Ok(attempt(ctx, posted, nid, resume_url, &warnings, &content).await?)
}

async fn attempt(
    ctx: &Ctx,
    mut payload: Payload,
    nid: Option<Id>,
    resume_url: Option<Url>,
    warnings: &[Warning],
    sent: &Json,
) -> Result<Reply, Refused> {
    let sent_back = origin::renew(ctx, &mut payload).await?;
    origin::seal(ctx, resume_url, &mut payload).await?;
    let id = payload.subject.id;
    payload.body = content::store(ctx, id, sent).await?;
    let writes = origin::writes(ctx, sent_back.as_ref(), &payload)?;
    let reply =
        match origin::commit(ctx, writes, &payload, Reply::created(&created(&payload, nid, warnings))?).await
        {
            Ok(reply) if reply.replayed => {
                // Another request with the same key was quicker: this one's content belongs to nothing.
                content::discard(ctx, id, &payload.body).await;
                return Ok(reply);
            }
            Ok(reply) => reply,
            Err(refused) => {
                content::discard_refused(ctx, id, &payload.body, &refused).await;
                return Err(refused);
            }
        };
    if let Some(before) = sent_back {
        content::discard(ctx, id, &before.body).await;
    }
    Ok(reply)
}

fn created(payload: &Payload, nid: Option<Id>, warnings: &[Warning]) -> Created {
    Created {
        success: true,
        id: payload.subject.id,
        task_type: payload.task_type.clone(),
        automation_status: payload.subject.review.automation_status.as_str(),
        installation_id: payload.subject.installation_id,
        workflow_id: payload.subject.workflow_id.clone(),
        nid,
        message: "Payload created successfully.",
        warnings: warnings.to_vec(),
    }
}
