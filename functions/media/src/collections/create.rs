use shared::{
    domain::collection::Collection,
    error::Result,
    http::{ctx::Ctx, fields::Fields, reply::Reply},
    ops::collections::{self, NewCollection},
};
use utoipa::ToSchema;

use super::wire::Done;
use crate::input::TITLE;

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
    let new = NewCollection {
        title: fields.required_text("title", TITLE),
        description: fields.text("description", DESCRIPTION),
        group_id: fields.id("group_id"),
    };
    fields.finish()?;
    ctx.answer(created, async |act| collections::create(act, new).await).await
}

fn created(collection: &Collection) -> Result<Reply> {
    Reply::created(&Done::new(collection, "Collection created successfully."))
}
