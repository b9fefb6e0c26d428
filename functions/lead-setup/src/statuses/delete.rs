use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        input::{InQuery, Text},
        reply::Reply,
    },
    ids::StatusId,
    ops::lead_setup::{self, Reassigned},
};
use utoipa::ToSchema;

shared::input! {
    /// Where the leads go.
    pub struct DeleteQuery {
        /// Label or id of the status that takes the leads; New when left out.
        reassign_to: Option<Text<200>>,
    }
}

/// The status is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedStatus)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 12)]
    id: StatusId,
    #[schema(example = "Status deleted successfully.")]
    message: &'static str,
    /// Id of the status that its leads have from now on.
    #[schema(value_type = u64, example = 1)]
    reassigned_to: StatusId,
}

/// Deletes a status of the organization's own. Built-in statuses cannot be deleted.
///
/// Its leads show under the status that takes them at once, and are moved there in the background.
#[utoipa::path(delete, path = "/api/lead-statuses/{id}", operation_id = "delete_lead_status",
    params(("id" = u64, Path, description = "Id of the status.", example = 12), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<StatusId>,
    InQuery(query): InQuery<DeleteQuery>,
) -> Result<Reply> {
    let heir = query.reassign_to;
    ctx.answer(deleted, async |act| lead_setup::delete_status(act, id, heir.as_deref()).await).await
}

fn deleted(&Reassigned { id, to }: &Reassigned) -> Result<Reply> {
    let message = "Status deleted successfully.";
    Reply::ok(&Deleted { success: true, id, message, reassigned_to: to })
}
