use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        form::Posted,
        reply::{Reply, Warning},
    },
    ids::{CollectionId, InstallationId, MediaId, Nid},
    ops::media,
};
use utoipa::ToSchema;

use crate::input::{CreateMedia, CreateMediaForm};

/// The created media item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedMedia)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: MediaId,
    #[schema(example = "video", extensions(("x-words" = json!(shared::domain::media::MediaType::WORDS))))]
    media_type: &'static str,
    #[schema(example = "pending", extensions(("x-words" = json!(shared::domain::review::AutomationStatus::ALL))))]
    automation_status: &'static str,
    #[schema(value_type = Option<u64>, example = 45)]
    installation_id: Option<InstallationId>,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the installation is known.
    #[schema(value_type = Option<u64>)]
    nid: Option<Nid>,
    /// The collection that it was filed in.
    #[schema(value_type = Option<u64>, example = 1)]
    collection_id: Option<CollectionId>,
    #[schema(example = "Media item created successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Stores a media item.
///
/// n8n's binaries come as `multipart/form-data`, with the other fields as texts, or by `POST /api/media/uploads` where they are too
/// large for a request.
///
/// What the address of a YouTube or Vimeo video tells is filled in at once; what only the site knows follows a moment
/// later. A `collection_name` that does not exist yet is created, once, however many requests name it.
#[utoipa::path(post, path = "/api/media", operation_id = "create_media",
    request_body(content((CreateMedia = "application/json"), (CreateMediaForm = "multipart/form-data"))), responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, Posted { fields, file }: Posted) -> Result<Reply> {
    let new = CreateMedia::read(fields)?.with(file);
    ctx.answer(created, async |act| media::create(act, new).await).await
}

/// Stores a media item that a person must decide on: `human_interaction` is set and the status is `pending`.
///
/// Posting again from an execution whose item a reviewer sent back with *regenerate* renews that item: it keeps its id,
/// and its collection unless another is named, and waits for a decision once more.
#[utoipa::path(post, path = "/automation/media/create", operation_id = "create_media_for_review",
    request_body(content((CreateMedia = "application/json"), (CreateMediaForm = "multipart/form-data"))), responses((status = 201, description = "Stored.", body = Created)))]
pub async fn for_review(ctx: Ctx, Posted { fields, file }: Posted) -> Result<Reply> {
    let mut new = CreateMedia::read(fields)?.with(file);
    new.origin.require_review();
    ctx.answer(created, async |act| media::create(act, new).await).await
}

fn created(media::Created { item, nid, warnings }: &media::Created) -> Result<Reply> {
    Reply::created(&Created {
        success: true,
        id: item.id(),
        media_type: item.media_type.as_str(),
        automation_status: item.subject.review.automation_status.as_str(),
        installation_id: item.subject.installation_id,
        workflow_id: item.subject.workflow_id.clone(),
        nid: *nid,
        collection_id: item.collection_id,
        message: "Media item created successfully.",
        warnings: warnings.clone(),
    })
}
