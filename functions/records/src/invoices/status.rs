use shared::{
    domain::invoice::InvoiceStatus,
    error::{Error, Result},
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
    ops::invoices,
};
use utoipa::ToSchema;

use super::{
    input,
    update::{Updated, told},
};

/// The new status.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct SetInvoiceStatus {
    /// `draft`, `sent`, `viewed`, `paid`, `overdue`, `disputed` or `cancelled`.
    #[schema(example = "paid")]
    status: String,
}

/// Moves an invoice to a status. Any may follow any other; the invoice remembers who moved it when, from where.
#[utoipa::path(patch, path = "/api/invoices/{id}/status", operation_id = "set_invoice_status", tag = "invoices",
    params(("id" = u64, Path, description = "Id of the invoice.", example = 42)),
    request_body = SetInvoiceStatus, responses((status = 200, description = "Moved.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, fields: Fields) -> Result<Reply> {
    let to = read(fields)?;
    let render = |invoice: &_| told(invoice, "Invoice status updated successfully.");
    ctx.answer(render, async |act| invoices::set_status(act, id, to).await).await
}

fn read(mut fields: Fields) -> Result<InvoiceStatus> {
    fields.require("status");
    let to = input::status(&mut fields);
    fields.finish()?;
    to.ok_or_else(|| Error::internal("a refused field passed"))
}
