use serde::Serialize;
use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::Id,
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
}

/// Deletes an invoice. Its number is free again, and a decision that n8n was not told of yet is not sent any more.
#[utoipa::path(delete, path = "/api/invoices/{id}", operation_id = "delete_invoice", tag = "invoices",
    params(("id" = u64, Path, description = "Id of the invoice.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId) -> Result<Reply> {
    let invoice = ctx.invoices().get(id).await?.or_not_found("record")?;
    let reply = Reply::ok(&Deleted { success: true, id, message: "Invoice deleted successfully." })?;
    Ok(ctx.commit(ctx.invoices().delete(&invoice)?, reply).await?)
}
