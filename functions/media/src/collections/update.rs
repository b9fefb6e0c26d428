use shared::{
    domain::collection::Collection,
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        fields::Fields,
        reply::Reply,
    },
    ids::CollectionId,
    repo::collections::COLLECTION,
};
use utoipa::ToSchema;

use super::{
    create::DESCRIPTION,
    wire::{Done, taken},
};
use crate::filing::TITLE;

/// Fields to change; what is left out stays, and so does a description that is empty. `title` cannot be emptied.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct UpdateCollection {
    #[schema(min_length = 1, max_length = 255, example = "April Social Media Campaign")]
    title: Option<String>,
    #[schema(max_length = 2000, example = "All assets for Q2 social push")]
    description: Option<String>,
}

/// Changes title or description of a collection. A title that is taken is refused with the `id` of the collection that
/// has it.
#[utoipa::path(put, path = "/api/collections/{id}", operation_id = "update_collection", tag = "collections",
    params(("id" = u64, Path, description = "Id of the collection.", example = 1)),
    request_body = UpdateCollection, responses((status = 200, description = "Changed.", body = Done)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<CollectionId>, mut fields: Fields) -> Result<Reply> {
    let mut before = ctx.collections().get(id).await?.or_not_found("record")?;
    let title = fields.kept_text("title", TITLE);
    let description = fields.text("description", DESCRIPTION);
    fields.finish()?;
    loop {
        let after = Collection {
            title: title.clone().unwrap_or_else(|| before.title.clone()),
            description: description.clone().or_else(|| before.description.clone()),
            changed_at: ctx.now,
            v: before.v + 1,
            ..before
        };
        let reply = Reply::ok(&Done::new(id, &after.title, "Collection updated successfully."))?;
        match ctx.commit(ctx.collections().replace(&before, &after)?, reply.clone()).await {
            Ok(reply) => return Ok(reply),
            // Somebody changed it meanwhile, or the engine repeated a write whose answer was lost.
            Err(Refused::Write(COLLECTION, _)) => {
                before = ctx.collections().get(id).await?.or_not_found("record")?;
                if before == after {
                    return Ok(reply);
                }
            }
            Err(refused) => return Err(taken(&refused).unwrap_or_else(|| refused.into())),
        }
    }
}
