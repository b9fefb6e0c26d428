use shared::{
    domain::org::Group,
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        input::{InBody, Text},
        reply::Reply,
    },
    ids::GroupId,
    ops::groups,
};

use super::{Done, NAME};

shared::input! {
    /// What to change of a client group.
    pub struct UpdateGroup {
        #[example("Northwind Traders")]
        name: Text<NAME>,
    }
}

/// Gives a client group another name.
#[utoipa::path(patch, path = "/api/groups/{id}", operation_id = "update_group",
    params(("id" = u64, Path, description = "Id of the group.", example = 7)),
    request_body = UpdateGroup, responses((status = 200, description = "Renamed.", body = Done)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<GroupId>,
    InBody(UpdateGroup { name }): InBody<UpdateGroup>,
) -> Result<Reply> {
    ctx.answer(updated, async |act| groups::rename(act, id, &name).await).await
}

fn updated(group: &Group) -> Result<Reply> {
    Reply::ok(&Done::new(group, "Group updated successfully."))
}
