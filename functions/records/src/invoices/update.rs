use serde::Serialize;
use shared::{
    domain::invoice::Invoice,
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, input::of_standing, reply::Reply},
    ids::InvoiceId,
    ops::invoices,
};
use utoipa::ToSchema;

use super::input::UpdateInvoice;

/// The change is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedInvoice)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: InvoiceId,
    #[schema(example = "sent", extensions(("x-words" = json!(shared::domain::invoice::InvoiceStatus::WORDS))))]
    status: &'static str,
    #[schema(example = "Invoice updated successfully.")]
    message: &'static str,
}

/// Changes an invoice. Its number stays.
#[utoipa::path(patch, path = "/api/invoices/{id}", operation_id = "update_invoice",
    params(("id" = u64, Path, description = "Id of the invoice.", example = 42)),
    request_body = UpdateInvoice, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<InvoiceId>, fields: Fields) -> Result<Reply> {
    let patch = of_standing(ctx.repos().invoices().get(id), UpdateInvoice::read(fields)).await?.into();
    let render = |invoice: &_| told(invoice, "Invoice updated successfully.");
    ctx.answer(render, async |act| invoices::update(act, id, patch).await).await
}

/// The reply about an invoice as it stands.
pub fn told(invoice: &Invoice, message: &'static str) -> Result<Reply> {
    Reply::ok(&Updated { success: true, id: invoice.id(), status: invoice.status.as_str(), message })
}
