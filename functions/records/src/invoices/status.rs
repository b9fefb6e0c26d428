use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
};
use utoipa::ToSchema;

use super::{
    input,
    update::{self, Updated},
};

const UPDATED: &str = "Invoice status updated successfully.";

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
pub async fn handler(ctx: Ctx, PathId(id): PathId, mut fields: Fields) -> Result<Reply> {
    let before = ctx.invoices().get(id).await?.or_not_found("record")?;
    fields.require("status");
    let to = input::status(&mut fields);
    fields.finish()?;
    let mut invoice = before.clone();
    let moved = to.is_some_and(|to| invoice.set_status(to, ctx.actor(), ctx.now));
    if moved { update::store(&ctx, &before, invoice, UPDATED).await } else { update::told(&before, UPDATED) }
}
