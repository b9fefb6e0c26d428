use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        deletion::DeleteQuery,
        extract::PathId,
        input::InQuery,
        reply::{Reply, Warning},
    },
    ids::Id,
    ops::leads,
};
use utoipa::ToSchema;

/// The lead is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedLead)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 101)]
    id: Id,
    #[schema(example = "Lead deleted successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing. `execution_waits`: nobody has decided, and n8n waits on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Deletes a lead: it is in no list any more, and its e-mail address is free. A decision that n8n has not heard yet is told
/// all the same.
#[utoipa::path(delete, path = "/api/leads/{id}", operation_id = "delete_lead",
    params(("id" = u64, Path, description = "Id of the lead.", example = 101), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, InQuery(query): InQuery<DeleteQuery>) -> Result<Reply> {
    ctx.answer(deleted, async |act| leads::delete(act, id, query.decide).await).await
}

fn deleted(done: &leads::Deleted) -> Result<Reply> {
    let (message, warnings) = ("Lead deleted successfully.", done.warnings.clone());
    Reply::ok(&Deleted { success: true, id: done.id, message, warnings })
}
