use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        reply::Reply,
        shown::{Shown, shown},
    },
    ops::groups,
};
use utoipa::ToSchema;

use super::GroupOut;

/// The client groups, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientGroups)]
pub struct Groups {
    groups: Vec<Shown<GroupOut>>,
    count: usize,
}

/// Lists the client groups: all of the organization, or those that the caller is bound to.
#[utoipa::path(get, path = "/api/groups", operation_id = "list_groups",
    responses((status = 200, description = "All of them.", body = Groups)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    let rows = groups::list(&ctx).await?;
    let groups = shown(ctx.tenant, rows, |group| group.id, |group| Ok(GroupOut::from(&group)))?;
    Reply::ok(&Groups { count: groups.len(), groups })
}
