use shared::{
    domain::collection::Collection,
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
    ids::CollectionId,
    ops::collections::{self, Patch},
};
use utoipa::ToSchema;

use super::{create::DESCRIPTION, wire::Done};
use crate::input::TITLE;

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
    let patch = Patch {
        title: fields.kept_text("title", TITLE),
        description: fields.text("description", DESCRIPTION),
    };
    fields.finish()?;
    ctx.answer(updated, async |act| collections::update(act, id, patch).await).await
}

fn updated(collection: &Collection) -> Result<Reply> {
    Reply::ok(&Done::new(collection, "Collection updated successfully."))
}
