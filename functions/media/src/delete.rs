use serde::Serialize;
use shared::{
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        reply::Reply,
    },
    ids::Id,
};
use utoipa::ToSchema;

/// The media item is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedMedia)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Media item deleted successfully.")]
    message: &'static str,
}

/// Deletes a media item. A decision that n8n was not told of yet is not sent any more.
#[utoipa::path(delete, path = "/api/media/{id}", operation_id = "delete_media", tag = "media",
    params(("id" = u64, Path, description = "Id of the media item.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId) -> Result<Reply> {
    let reply = Reply::ok(&Deleted { success: true, id, message: "Media item deleted successfully." })?;
    loop {
        let item = ctx.media().get(id).await?.or_not_found("record")?;
        match ctx.commit(ctx.media().delete(&item)?, reply.clone()).await {
            // It was changed meanwhile, perhaps by the answer of its provider: it is to go all the same.
            Err(Refused::Write(..)) => {}
            ended => return Ok(ended?),
        }
    }
}
