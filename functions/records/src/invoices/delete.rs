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
    ops::invoices,
};
use utoipa::ToSchema;

/// The invoice is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedInvoice)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Invoice deleted successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing. `execution_waits`: nobody has decided, and n8n waits on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Deletes an invoice. Its number is free again, and a decision that n8n has not heard yet is told all
/// the same.
#[utoipa::path(delete, path = "/api/invoices/{id}", operation_id = "delete_invoice",
    params(("id" = u64, Path, description = "Id of the invoice.", example = 42), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, InQuery(query): InQuery<DeleteQuery>) -> Result<Reply> {
    ctx.answer(deleted, async |act| invoices::delete(act, id, query.decide).await).await
}

fn deleted(done: &invoices::Deleted) -> Result<Reply> {
    let (message, warnings) = ("Invoice deleted successfully.", done.warnings.clone());
    Reply::ok(&Deleted { success: true, id: done.id, message, warnings })
}
