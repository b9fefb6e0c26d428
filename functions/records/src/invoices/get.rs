use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::InvoiceId,
};

use super::wire::InvoiceOut;

/// Shows one invoice.
#[utoipa::path(get, path = "/api/invoices/{id}", operation_id = "get_invoice",
    params(("id" = u64, Path, description = "Id of the invoice.", example = 42)),
    responses((status = 200, description = "The invoice.", body = InvoiceOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<InvoiceId>) -> Result<Reply> {
    let invoice = ctx.repos().invoices().get(id).await?.or_not_found("record")?;
    Reply::ok(&InvoiceOut::new(ctx.tenant, invoice)?)
}
