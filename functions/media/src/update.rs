use serde::Serialize;
use shared::{
    domain::{
        media::{Details, MediaItem, MediaType},
        review::AutomationStatus,
    },
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        fields::Fields,
        origin,
        reply::Reply,
    },
    ids::Id,
};
use utoipa::ToSchema;

use crate::{
    create::{ATTEMPTS, ask_provider},
    filing::Wish,
    input,
};

/// Fields to change; what is left out, empty or null stays. `title` cannot be emptied.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `Patch` reads leniently")]
pub struct UpdateMedia {
    #[schema(min_length = 1, max_length = 500, example = "Product Hero Video, second cut")]
    title: Option<String>,
    /// `video`, `image`, `audio` or `file`.
    media_type: Option<String>,
    /// Another address is read anew; what was sent of source, embeddable address and the like stays.
    #[schema(format = "uri")]
    url: Option<String>,
    #[schema(format = "uri")]
    thumbnail_url: Option<String>,
    #[schema(format = "uri")]
    embed_url: Option<String>,
    #[schema(format = "uri")]
    download_url: Option<String>,
    #[schema(max_length = 100)]
    source: Option<String>,
    #[schema(max_length = 50)]
    duration: Option<String>,
    #[schema(max_length = 50)]
    file_size: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    #[schema(max_length = 6000, example = "product, launch")]
    tags: Option<String>,
    /// Free status.
    #[schema(max_length = 200)]
    status: Option<String>,
    /// A collection of the same client group; 0 takes the item out of its collection.
    collection_id: Option<u64>,
    /// Title of a collection, which is created if there is none of that title.
    #[schema(max_length = 255)]
    collection_name: Option<String>,
    human_interaction: Option<bool>,
    allow_regenerate: Option<bool>,
    /// Sets the status without a decision: n8n is not told. Use `/automation/approve` and `/automation/deny` for that.
    #[schema(example = "pending")]
    automation_status: Option<String>,
}

/// The change is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedMedia)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Media item updated successfully.")]
    message: &'static str,
}

struct Patch {
    title: Option<String>,
    media_type: Option<MediaType>,
    details: Details,
    wish: Wish,
    human_interaction: Option<bool>,
    allow_regenerate: Option<bool>,
    automation_status: Option<AutomationStatus>,
}

/// Changes a media item.
#[utoipa::path(patch, path = "/api/media/{id}", operation_id = "update_media", tag = "media",
    params(("id" = u64, Path, description = "Id of the media item.", example = 42)),
    request_body = UpdateMedia, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, fields: Fields) -> Result<Reply> {
    let mut before = ctx.media().get(id).await?.or_not_found("record")?;
    let patch = read(fields)?;
    for _ in 1..ATTEMPTS {
        match attempt(&ctx, &before, &patch).await {
            // Somebody changed the item or its collection meanwhile; what this request does not name stays theirs.
            Err(Refused::Write(..)) => before = ctx.media().get(id).await?.or_not_found("record")?,
            ended => return Ok(ended?),
        }
    }
    Ok(attempt(&ctx, &before, &patch).await?)
}

async fn attempt(ctx: &Ctx, before: &MediaItem, patch: &Patch) -> Result<Reply, Refused> {
    let mut item = before.clone();
    patch.apply(ctx, &mut item);
    let place = patch.wish.resolve(ctx, item.subject.group_id, before.collection_id).await?;
    item.collection_id = place.id();
    let id = item.subject.id;
    let mut writes = ctx.media().replace(before, &item)?;
    writes.extend(place.writes(ctx)?);
    let task = if item.sent.url == before.sent.url { None } else { ask_provider(ctx, &item, &mut writes)? };
    let reply = Reply::ok(&Updated { success: true, id, message: "Media item updated successfully." })?;
    let reply = origin::commit(ctx, writes, &item, reply).await?;
    if let Some(task) = task {
        ctx.app.hint(&task, ctx.now).await;
    }
    Ok(reply)
}

impl Patch {
    fn apply(&self, ctx: &Ctx, item: &mut MediaItem) {
        if let Some(title) = &self.title {
            item.title.clone_from(title);
        }
        item.media_type = self.media_type.unwrap_or(item.media_type);
        item.say(self.details.clone());
        let review = &mut item.subject.review;
        review.human_interaction = self.human_interaction.unwrap_or(review.human_interaction);
        review.allow_regenerate = self.allow_regenerate.unwrap_or(review.allow_regenerate);
        if let Some(status) = self.automation_status {
            review.set_status(status, ctx.actor(), ctx.now);
        }
        item.subject.touch(ctx.now);
    }
}

fn read(mut fields: Fields) -> Result<Patch> {
    input::aliases(&mut fields);
    let patch = Patch {
        title: fields.kept_text("title", 500),
        media_type: input::media_type(&mut fields),
        details: input::details(&mut fields),
        wish: Wish::read(&mut fields),
        human_interaction: fields.flag("human_interaction"),
        allow_regenerate: fields.flag("allow_regenerate"),
        automation_status: origin::automation_status(&mut fields, &AutomationStatus::SETTABLE),
    };
    fields.finish()?;
    Ok(patch)
}
