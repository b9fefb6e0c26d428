use std::iter;

use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::MediaId,
};

use crate::wire::{Beside, MediaOut};

/// Shows one media item.
#[utoipa::path(get, path = "/api/media/{id}", operation_id = "get_media",
    params(("id" = u64, Path, description = "Id of the media item.", example = 42)),
    responses((status = 200, description = "The media item.", body = MediaOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<MediaId>) -> Result<Reply> {
    let item = ctx.repos().media().get(id).await?.or_not_found("record")?;
    let beside = Beside::of(&ctx, iter::once(&item)).await?;
    Reply::ok(&MediaOut::new(&ctx, item, &beside))
}
