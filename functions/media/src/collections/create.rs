use shared::{
    domain::collection::Collection,
    error::{Error, Result},
    http::{
        ctx::{Ctx, Refused},
        fields::Fields,
        origin::check_group,
        reply::Reply,
    },
    repo::collections::COLLECTION,
};
use utoipa::ToSchema;

use super::wire::{Done, taken};
use crate::filing::TITLE;

/// A collection to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateCollection {
    /// Unique in the client group, whatever its case.
    #[schema(max_length = 255, example = "March Social Media Campaign")]
    title: String,
    #[schema(max_length = 2000, example = "All assets for Q1 social push")]
    description: Option<String>,
    /// Client group, instead of the key's.
    group_id: Option<u64>,
}

/// Longest description: all collections are listed at once.
pub const DESCRIPTION: usize = 2000;

/// Creates a collection. A title that is taken is refused with the `id` of the collection that has it.
#[utoipa::path(post, path = "/api/collections", operation_id = "create_collection", tag = "collections",
    request_body = CreateCollection, responses((status = 201, description = "Created.", body = Done)))]
pub async fn handler(ctx: Ctx, mut fields: Fields) -> Result<Reply> {
    let title = fields.required_text("title", TITLE);
    let description = fields.text("description", DESCRIPTION);
    let group = fields.id("group_id");
    fields.finish()?;
    check_group(&ctx, group).await?;
    let group = group.unwrap_or(ctx.caller.group_id);
    let new = Collection::new(ctx.app.id(), group, title, description, ctx.now);
    let reply = Reply::created(&Done::new(new.id, &new.title, "Collection created successfully."))?;
    match ctx.commit(ctx.collections().insert(&new)?, reply.clone()).await {
        // An engine repeats a write whose answer was lost, and the repeat meets the first.
        Err(Refused::Write(COLLECTION, Some(standing)))
            if standing.decode().is_ok_and(|found: Collection| found == new) =>
        {
            Ok(reply)
        }
        Err(refused) => Err(taken(&refused).unwrap_or_else(|| Error::from(refused))),
        Ok(reply) => Ok(reply),
    }
}
