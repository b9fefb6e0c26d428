use shared::{
    domain::collection::Collection,
    error::Result,
    http::{
        ctx::Ctx,
        input::{InBody, Text},
        reply::Reply,
    },
    ids::GroupId,
    ops::collections::{self, NewCollection},
};

use super::wire::Done;
use crate::input::TITLE;

shared::input! {
    /// A collection to create.
    pub struct CreateCollection {
        /// Unique in the client group, whatever its case.
        #[example("March Social Media Campaign")]
        title: Text<TITLE>,
        #[example("All assets for Q1 social push")]
        description: Option<Text<DESCRIPTION>>,
        /// Client group, instead of the key's.
        group_id: Option<GroupId>,
    }
}

/// Longest description: all collections are listed at once.
pub const DESCRIPTION: usize = 2000;

/// Creates a collection. A title that is taken is refused with the `id` of the collection that has it.
#[utoipa::path(post, path = "/api/collections", operation_id = "create_collection",
    request_body = CreateCollection, responses((status = 201, description = "Created.", body = Done)))]
pub async fn handler(ctx: Ctx, InBody(sent): InBody<CreateCollection>) -> Result<Reply> {
    let CreateCollection { title, description, group_id } = sent;
    let new = NewCollection { title, description, group_id };
    ctx.answer(created, async |act| collections::create(act, new).await).await
}

fn created(collection: &Collection) -> Result<Reply> {
    Reply::created(&Done::new(collection, "Collection created successfully."))
}
