use crate::input::MediaFields;
use shared::{
    domain::media::{MediaItem, MediaType},
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Flag, Flat, Kept, Settable, Text, Word, of_standing},
        reply::Reply,
    },
    ids::MediaId,
    ops::media::{self, Patch},
};

shared::input! {
    /// Fields to change; what is left out, empty or null stays. `title` cannot be emptied.
    pub struct UpdateMedia {
        #[example("Product Hero Video, second cut")]
        title: Kept<Text<500>>,
        /// `video`, `image`, `audio` or `file`.
        media_type: Option<Word<MediaType>>,
        fields: Flat<MediaFields>,
        human_interaction: Option<Flag>,
        allow_regenerate: Option<Flag>,
        /// Sets the status without a decision: n8n is not told. Use `/automation/approve` and `/automation/deny` for that.
        #[example("pending")]
        automation_status: Option<Word<Settable>>,
    }
}

impl From<UpdateMedia> for Patch {
    fn from(sent: UpdateMedia) -> Self {
        let (details, filing) = sent.fields.into_details();
        Self {
            title: sent.title,
            media_type: sent.media_type,
            details,
            filing,
            human_interaction: sent.human_interaction,
            allow_regenerate: sent.allow_regenerate,
            automation_status: sent.automation_status,
        }
    }
}

shared::ack! {
    /// The change is stored.
    Updated as UpdatedMedia, 42: "Media item updated successfully."
}

/// Changes a media item.
#[utoipa::path(patch, path = "/api/media/{id}", operation_id = "update_media",
    params(("id" = u64, Path, description = "Id of the media item.", example = 42)),
    request_body = UpdateMedia, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<MediaId>, fields: Fields) -> Result<Reply> {
    let patch = of_standing(ctx.repos().media().get(id), UpdateMedia::read(fields)).await?.into();
    ctx.answer(updated, async |act| media::update(act, id, patch).await).await
}

fn updated(item: &MediaItem) -> Result<Reply> {
    Updated::of(&item.id())
}
