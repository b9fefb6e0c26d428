use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        input::InQuery,
        reply::Reply,
        shown::{Shown, shown},
    },
    ids::GroupId,
    ops::collections,
};
use utoipa::ToSchema;

use super::wire::CollectionOut;

shared::input! {
    /// Which collections to list.
    pub struct ListQuery {
        /// One client group instead of all.
        group_id: Option<GroupId>,
    }
}

/// All collections.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CollectionPage)]
pub struct Listing {
    collections: Vec<Shown<CollectionOut>>,
    count: usize,
}

/// Lists all collections, the last changed first.
#[utoipa::path(get, path = "/api/collections", operation_id = "list_collections",
    params(ListQuery), responses((status = 200, description = "The collections.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(ListQuery { group_id: group }): InQuery<ListQuery>) -> Result<Reply> {
    let found = collections::list(&ctx, group).await?;
    let collections =
        shown(ctx.tenant, found, |counted| counted.collection.id, |counted| Ok(counted.into()))?;
    Reply::ok(&Listing { count: collections.len(), collections })
}
