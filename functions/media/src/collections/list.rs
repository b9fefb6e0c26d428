use std::cmp::Reverse;

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
    ops::origin::check_group,
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
    check_group(&ctx, group).await?;
    let mut found = ctx.repos().collections().all().await?.rows();
    found.retain(|row| match row {
        Ok(counted) => group.is_none_or(|group| group == counted.collection.group_id),
        Err(_) => true,
    });
    // What cannot be read has no time of change: it comes last.
    found.sort_by_key(|row| {
        Reverse(row.as_ref().ok().map(|counted| (counted.collection.changed_at, counted.collection.id)))
    });
    let show = |counted| Ok(CollectionOut::from(counted));
    let collections = shown(ctx.tenant, found, |counted| counted.collection.id, show)?;
    Reply::ok(&Listing { count: collections.len(), collections })
}
