use shared::{
    domain::{media::MediaItem, review::AutomationStatus},
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, origin, reply::Reply},
    ops::media::{self, Patch},
};
use utoipa::ToSchema;

use crate::input;

/// Fields to change; what is left out, empty or null stays. `title` cannot be emptied.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `patch` reads leniently")]
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

shared::ack! {
    /// The change is stored.
    Updated as UpdatedMedia, 42: "Media item updated successfully."
}

/// Changes a media item.
#[utoipa::path(patch, path = "/api/media/{id}", operation_id = "update_media", tag = "media",
    params(("id" = u64, Path, description = "Id of the media item.", example = 42)),
    request_body = UpdateMedia, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, fields: Fields) -> Result<Reply> {
    let patch = patch(fields)?;
    ctx.answer(updated, async |act| media::update(act, id, patch).await).await
}

fn updated(item: &MediaItem) -> Result<Reply> {
    Updated::of(&item.subject.id)
}

fn patch(mut fields: Fields) -> Result<Patch> {
    input::aliases(&mut fields);
    let patch = Patch {
        title: fields.kept_text("title", 500),
        media_type: input::media_type(&mut fields),
        details: input::details(&mut fields),
        filing: input::filing(&mut fields),
        human_interaction: fields.flag("human_interaction"),
        allow_regenerate: fields.flag("allow_regenerate"),
        automation_status: origin::automation_status(&mut fields, &AutomationStatus::SETTABLE),
    };
    fields.finish()?;
    Ok(patch)
}
