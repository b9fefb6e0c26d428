use shared::{
    error::Result,
    http::{ctx::Ctx, deletion::DeleteQuery, extract::PathId, input::InQuery, reply::Reply},
    ids::MediaId,
    ops::media,
};

shared::ack! {
    /// The media item is gone.
    Deleted as DeletedMedia, 42, warned: "Media item deleted successfully."
}

/// Deletes a media item. A decision that n8n has not heard yet is told all the same.
#[utoipa::path(delete, path = "/api/media/{id}", operation_id = "delete_media",
    params(("id" = u64, Path, description = "Id of the media item.", example = 42), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<MediaId>,
    InQuery(query): InQuery<DeleteQuery>,
) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| media::delete(act, id, query.decide).await).await
}
