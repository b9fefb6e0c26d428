use serde::Serialize;
use shared::{
    domain::{chore::What, media::MediaItem},
    error::Result,
    http::{
        ctx::{Ctx, Refused},
        form::{Part, Posted},
        origin::{self, Placed},
        reply::{Reply, Warning},
    },
    ids::{CollectionId, Id},
    queue::Task,
    store::Write,
};
use url::Url;
use utoipa::ToSchema;

use crate::{
    files::intake,
    filing::Wish,
    input::{CreateInput, CreateMedia, CreateMediaForm},
};

/// The created media item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedMedia)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "video")]
    media_type: &'static str,
    #[schema(example = "pending")]
    automation_status: &'static str,
    #[schema(value_type = Option<u64>, example = 45)]
    installation_id: Option<Id>,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the installation is known.
    #[schema(value_type = Option<u64>)]
    nid: Option<Id>,
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
#[utoipa::path(post, path = "/api/media", operation_id = "create_media", tag = "media",
    request_body(content((CreateMedia = "application/json"), (CreateMediaForm = "multipart/form-data"))), responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, Posted { fields, file }: Posted) -> Result<Reply> {
    create(&ctx, CreateInput::read(fields)?, file).await
}

/// Stores a media item that a person must decide on: `human_interaction` is set and the status is `pending`.
///
/// Posting again from an execution whose item a reviewer sent back with *regenerate* renews that item: it keeps its id,
/// and its collection unless another is named, and waits for a decision once more.
#[utoipa::path(post, path = "/automation/media/create", operation_id = "create_media_for_review", tag = "media",
    request_body(content((CreateMedia = "application/json"), (CreateMediaForm = "multipart/form-data"))), responses((status = 201, description = "Stored.", body = Created)))]
pub async fn for_review(ctx: Ctx, Posted { fields, file }: Posted) -> Result<Reply> {
    let mut input = CreateInput::read(fields)?;
    input.origin.require_review();
    create(&ctx, input, file).await
}

async fn create(ctx: &Ctx, input: CreateInput, file: Option<Part>) -> Result<Reply> {
    let Placed { subject, nid, resume_url, warnings } = input.origin.place(ctx).await?;
    let mut posted = MediaItem::new(subject, input.title, input.media_type, input.details);
    let taken = intake::take(ctx, file, input.upload_id, input.media_type).await?;
    posted.file = taken.as_ref().map(|taken| taken.file.clone());
    let takes = taken.map(|taken| taken.write);
    for _ in 1..ATTEMPTS {
        match attempt(ctx, posted.clone(), nid, resume_url.clone(), &warnings, &input.wish, takes.as_ref())
            .await
        {
            // Somebody made, renamed or deleted the collection, or changed what is renewed: look again.
            Err(Refused::Write(..)) => {}
            ended => return Ok(ended?),
        }
    }
    Ok(attempt(ctx, posted, nid, resume_url, &warnings, &input.wish, takes.as_ref()).await?)
}

/// Each refusal means that somebody else got through; so many in a row do not happen by themselves.
pub const ATTEMPTS: usize = 8;

async fn attempt(
    ctx: &Ctx,
    mut item: MediaItem,
    nid: Option<Id>,
    resume_url: Option<Url>,
    warnings: &[Warning],
    wish: &Wish,
    takes: Option<&Write>,
) -> Result<Reply, Refused> {
    let sent_back = origin::renew(ctx, &mut item).await?;
    origin::seal(ctx, resume_url, &mut item).await?;
    let filed = sent_back.as_ref().and_then(|before| before.collection_id);
    let place = wish.resolve(ctx, item.subject.group_id, filed).await?;
    item.collection_id = place.id();
    let mut writes = origin::writes(ctx, sent_back.as_ref(), &item)?;
    writes.extend(place.writes(ctx)?);
    writes.extend(takes.cloned());
    let task = ask_provider(ctx, &item, &mut writes)?;
    let reply = origin::commit(ctx, writes, &item, Reply::created(&created(&item, nid, warnings))?).await?;
    if let Some(task) = task.filter(|_| !reply.replayed) {
        ctx.app.hint(&task, ctx.now).await;
    }
    Ok(reply)
}

/// Owes a question to the provider of a video, if there is something to ask. Returns the message to send.
pub fn ask_provider(ctx: &Ctx, item: &MediaItem, writes: &mut Vec<Write>) -> Result<Option<Task>> {
    if item.to_ask().is_none() {
        return Ok(None);
    }
    let (write, task) = ctx.chore(What::EnrichMedia { media_id: item.subject.id })?;
    writes.push(write);
    Ok(Some(task))
}

fn created(item: &MediaItem, nid: Option<Id>, warnings: &[Warning]) -> Created {
    Created {
        success: true,
        id: item.subject.id,
        media_type: item.media_type.as_str(),
        automation_status: item.subject.review.automation_status.as_str(),
        installation_id: item.subject.installation_id,
        workflow_id: item.subject.workflow_id.clone(),
        nid,
        collection_id: item.collection_id,
        message: "Media item created successfully.",
        warnings: warnings.to_vec(),
    }
}
