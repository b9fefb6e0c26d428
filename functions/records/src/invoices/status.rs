use shared::{
    domain::invoice::InvoiceStatus,
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Word, of_standing},
        reply::Reply,
    },
    ids::InvoiceId,
    ops::invoices,
};

use super::update::{Updated, told};

shared::input! {
    /// The new status.
    pub struct SetInvoiceStatus {
        /// `draft`, `sent`, `viewed`, `paid`, `overdue`, `disputed` or `cancelled`.
        #[example("paid")]
        status: Word<InvoiceStatus>,
    }
}

/// Moves an invoice to a status. Any may follow any other; the invoice remembers who moved it when, from where.
#[utoipa::path(patch, path = "/api/invoices/{id}/status", operation_id = "set_invoice_status",
    params(("id" = u64, Path, description = "Id of the invoice.", example = 42)),
    request_body = SetInvoiceStatus, responses((status = 200, description = "Moved.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<InvoiceId>, fields: Fields) -> Result<Reply> {
    let sent = of_standing(ctx.repos().invoices().get(id), SetInvoiceStatus::read(fields)).await?;
    let status = sent.status;
    let render = |invoice: &_| told(invoice, "Invoice status updated successfully.");
    ctx.answer(render, async |act| invoices::set_status(act, id, status).await).await
}
