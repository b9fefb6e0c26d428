use shared::{
    domain::org::Group,
    error::Result,
    http::{
        ctx::Ctx,
        input::{InBody, Text},
        reply::Reply,
    },
    ops::groups,
};

use super::{Done, NAME};

shared::input! {
    /// A client group to make.
    pub struct CreateGroup {
        #[example("Northwind")]
        name: Text<NAME>,
    }
}

/// Makes a client group. An organization has at most 500.
#[utoipa::path(post, path = "/api/groups", operation_id = "create_group",
    request_body = CreateGroup, responses((status = 201, description = "Made.", body = Done)))]
pub async fn handler(ctx: Ctx, InBody(CreateGroup { name }): InBody<CreateGroup>) -> Result<Reply> {
    ctx.answer(created, async |act| groups::create(act, name).await).await
}

fn created(group: &Group) -> Result<Reply> {
    Reply::created(&Done::new(group, "Group created successfully."))
}
