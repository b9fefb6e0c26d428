use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::CollectionId,
};

use super::wire::CollectionOut;

/// Shows one collection.
#[utoipa::path(get, path = "/api/collections/{id}", operation_id = "get_collection",
    params(("id" = u64, Path, description = "Id of the collection.", example = 1)),
    responses((status = 200, description = "The collection.", body = CollectionOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<CollectionId>) -> Result<Reply> {
    let found = ctx.repos().collections().counted(id).await?.or_not_found("record")?;
    Reply::ok(&CollectionOut::from(found))
}
