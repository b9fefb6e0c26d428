use serde::Serialize;
use shared::{
    domain::chore::What,
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        reply::Reply,
    },
    ids::CollectionId,
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
#[utoipa::path(delete, path = "/api/collections/{id}", operation_id = "delete_collection", tag = "collections",
    params(("id" = u64, Path, description = "Id of the collection.", example = 1)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<CollectionId>) -> Result<Reply> {
    let reply = Reply::ok(&Deleted { success: true, id, message: "Collection deleted successfully." })?;
    let (chore, task) = ctx.chore(What::UnfileMedia { collection_id: id })?;
    loop {
        let collection = ctx.collections().get(id).await?.or_not_found("record")?;
        let mut writes = ctx.collections().delete(&collection, ctx.now);
        writes.push(chore.clone());
        match ctx.commit(writes, reply.clone()).await {
            // Its title was changed meanwhile: it is to go all the same.
            Err(Refused::Write(..)) => {}
            Err(refused) => return Err(refused.into()),
            Ok(reply) => {
                ctx.app.hint(&task, ctx.now).await;
                return Ok(reply);
            }
        }
    }
}
