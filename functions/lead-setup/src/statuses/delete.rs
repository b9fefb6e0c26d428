use serde::Serialize;
use shared::{
    domain::chore::What,
    error::Result,
    http::{
        ctx::Ctx,
        extract::{PathId, QueryFields},
        reply::Reply,
    },
    ids::Id,
};
use utoipa::{IntoParams, ToSchema};

use crate::change::{change, refused};

/// Where the leads go.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct DeleteQuery {
    /// Label or id of the status that takes the leads; New when left out.
    #[param(max_length = 200)]
    reassign_to: Option<String>,
}

/// The status is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedStatus)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 12)]
    id: Id,
    #[schema(example = "Status deleted successfully.")]
    message: &'static str,
    /// Id of the status that its leads have from now on.
    #[schema(value_type = u64, example = 1)]
    reassigned_to: Id,
}

/// Deletes a status of the organization's own. Built-in statuses cannot be deleted.
///
/// Its leads show under the status that takes them at once, and are moved there in the background.
#[utoipa::path(delete, path = "/api/lead-statuses/{id}", operation_id = "delete_lead_status", tag = "pipeline",
    params(("id" = u64, Path, description = "Id of the status.", example = 12), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    let heir = fields.text("reassign_to", 200);
    fields.finish()?;
    change(&ctx, |setup| {
        let reassigned_to = setup.delete_status(id, heir.as_deref(), ctx.now).map_err(refused)?;
        let message = "Status deleted successfully.";
        let reply = Reply::ok(&Deleted { success: true, id, message, reassigned_to })?;
        Ok((reply, Some(What::MoveLeads { from: id })))
    })
    .await
}
