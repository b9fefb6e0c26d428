use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, input::InQuery, reply::Reply},
    ids::GroupId,
    ops::groups,
};
use utoipa::ToSchema;

shared::input! {
    /// Where what lies in the group goes.
    pub struct DeleteQuery {
        /// Another client group. Needed where something lies in the one that is deleted.
        move_to: Option<GroupId>,
    }
}

/// The group is gone, or goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedGroup)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 7)]
    id: GroupId,
    /// `deleted`, or `moving` while what lies in it goes to another.
    #[schema(example = "deleted")]
    status: &'static str,
    /// Where that goes.
    #[schema(value_type = Option<u64>)]
    moving_to: Option<GroupId>,
    #[schema(example = "Group deleted successfully.")]
    message: &'static str,
}

/// Deletes a client group: an empty one at once.
///
/// Where something lies in it, or somebody is bound to it, it is refused with 409 `group_not_empty`, and `contents` names what: leads,
/// media, chats, payloads, invoices, notifications, collections, budgets, installations, users, keys. With `move_to` all of that goes
/// to another group in the background; until it has, the group is listed as `moving` and takes nothing new. The last group stays.
#[utoipa::path(delete, path = "/api/groups/{id}", operation_id = "delete_group",
    params(("id" = u64, Path, description = "Id of the group.", example = 7), DeleteQuery),
    responses((status = 200, description = "Deleted, or on its way.", body = Deleted)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<GroupId>,
    InQuery(DeleteQuery { move_to }): InQuery<DeleteQuery>,
) -> Result<Reply> {
    ctx.answer(deleted, async |act| groups::delete(act, id, move_to).await).await
}

fn deleted(&groups::Deleted { id, moves_to }: &groups::Deleted) -> Result<Reply> {
    let (status, message) = match moves_to {
        None => ("deleted", "Group deleted successfully."),
        Some(_) => ("moving", "What lies in the group moves, and then it is gone."),
    };
    Reply::ok(&Deleted { success: true, id, status, moving_to: moves_to, message })
}
