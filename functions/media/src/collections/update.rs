use shared::{
    domain::collection::Collection,
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Kept, Text, of_standing},
        reply::Reply,
    },
    ids::CollectionId,
    ops::collections::{self, Patch},
};

use super::{create::DESCRIPTION, wire::Done};
use crate::input::TITLE;

shared::input! {
    /// Fields to change; what is left out stays, and so does a description that is empty. `title` cannot be emptied.
    pub struct UpdateCollection {
        #[example("April Social Media Campaign")]
        title: Kept<Text<TITLE>>,
        #[example("All assets for Q2 social push")]
        description: Option<Text<DESCRIPTION>>,
    }
}

/// Changes title or description of a collection. A title that is taken is refused with the `id` of the collection that
/// has it.
#[utoipa::path(put, path = "/api/collections/{id}", operation_id = "update_collection",
    params(("id" = u64, Path, description = "Id of the collection.", example = 1)),
    request_body = UpdateCollection, responses((status = 200, description = "Changed.", body = Done)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<CollectionId>, fields: Fields) -> Result<Reply> {
    let sent = of_standing(ctx.repos().collections().get(id), UpdateCollection::read(fields)).await?;
    let patch = Patch { title: sent.title, description: sent.description };
    ctx.answer(updated, async |act| collections::update(act, id, patch).await).await
}

fn updated(collection: &Collection) -> Result<Reply> {
    Reply::ok(&Done::new(collection, "Collection updated successfully."))
}
