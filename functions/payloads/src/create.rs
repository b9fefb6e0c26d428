use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        input::InBody,
        reply::{Reply, Warning},
    },
    ids::{InstallationId, Nid, PayloadId},
    ops::payloads::{self, NewPayload},
};
use utoipa::ToSchema;

use crate::input::CreatePayload;

/// The created payload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedPayload)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: PayloadId,
    #[schema(example = "seo-report")]
    task_type: String,
    #[schema(example = "pending", extensions(("x-words" = json!(shared::domain::review::AutomationStatus::ALL))))]
    automation_status: &'static str,
    #[schema(value_type = Option<u64>, example = 45)]
    installation_id: Option<InstallationId>,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the installation is known.
    #[schema(value_type = Option<u64>)]
    nid: Option<Nid>,
    #[schema(example = "Payload created successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Stores a payload.
#[utoipa::path(post, path = "/api/payloads", operation_id = "create_payload",
    request_body = CreatePayload, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, InBody(new): InBody<CreatePayload>) -> Result<Reply> {
    let new = new.into();
    ctx.answer(created, async |act| payloads::create(act, new).await).await
}

/// Stores a payload that a person must decide on: `human_interaction` is set and the status is `pending`.
///
/// Posting again from an execution whose payload a reviewer sent back with *regenerate* renews that payload: it keeps
/// its id and waits for a decision once more.
#[utoipa::path(post, path = "/automation/payload/create", operation_id = "create_payload_for_review",
    request_body = CreatePayload, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn for_review(ctx: Ctx, InBody(new): InBody<CreatePayload>) -> Result<Reply> {
    let mut new = NewPayload::from(new);
    new.origin.require_review();
    ctx.answer(created, async |act| payloads::create(act, new).await).await
}

fn created(payloads::Created { payload, nid, warnings }: &payloads::Created) -> Result<Reply> {
    Reply::created(&Created {
        success: true,
        id: payload.id(),
        task_type: payload.task_type.clone(),
        automation_status: payload.subject.review.automation_status.as_str(),
        installation_id: payload.subject.installation_id,
        workflow_id: payload.subject.workflow_id.clone(),
        nid: *nid,
        message: "Payload created successfully.",
        warnings: warnings.clone(),
    })
}
