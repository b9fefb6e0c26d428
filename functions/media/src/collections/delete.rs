use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::CollectionId,
    ops::collections,
};

shared::ack! {
    /// The collection is gone.
    Deleted as DeletedCollection, 1: "Collection deleted successfully."
}

/// Deletes a collection. Its media items stay, in no collection.
#[utoipa::path(delete, path = "/api/collections/{id}", operation_id = "delete_collection",
    params(("id" = u64, Path, description = "Id of the collection.", example = 1)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<CollectionId>) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| collections::delete(act, id).await).await
}
