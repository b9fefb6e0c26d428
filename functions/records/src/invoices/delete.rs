use shared::{
    error::Result,
    http::{ctx::Ctx, deletion::DeleteQuery, extract::PathId, input::InQuery, reply::Reply},
    ids::InvoiceId,
    ops::invoices,
};

shared::ack! {
    /// The invoice is gone.
    Deleted as DeletedInvoice, 42, warned: "Invoice deleted successfully."
}

/// Deletes an invoice. Its number is free again, and a decision that n8n has not heard yet is told all
/// the same.
#[utoipa::path(delete, path = "/api/invoices/{id}", operation_id = "delete_invoice",
    params(("id" = u64, Path, description = "Id of the invoice.", example = 42), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<InvoiceId>,
    InQuery(query): InQuery<DeleteQuery>,
) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| invoices::delete(act, id, query.decide).await).await
}
