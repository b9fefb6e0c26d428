use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::CollectionId,
    ops::collections,
};
use utoipa::ToSchema;

/// The collection is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedCollection)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 1)]
    id: CollectionId,
    #[schema(example = "Collection deleted successfully.")]
    message: &'static str,
}

/// Deletes a collection. Its media items stay, in no collection.
#[utoipa::path(delete, path = "/api/collections/{id}", operation_id = "delete_collection",
    params(("id" = u64, Path, description = "Id of the collection.", example = 1)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<CollectionId>) -> Result<Reply> {
    ctx.answer(deleted, async |act| collections::delete(act, id).await).await
}

fn deleted(id: &CollectionId) -> Result<Reply> {
    Reply::ok(&Deleted { success: true, id: *id, message: "Collection deleted successfully." })
}
