use serde::Serialize;
use shared::{
    domain::invoice::Invoice,
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
    ids::Id,
};
use utoipa::ToSchema;

use super::input::{Patch, UpdateInvoice};

/// The change is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "sent")]
    status: &'static str,
    #[schema(example = "Invoice updated successfully.")]
    message: &'static str,
}

/// Changes an invoice. Its number stays.
#[utoipa::path(patch, path = "/api/invoices/{id}", operation_id = "update_invoice", tag = "invoices",
    params(("id" = u64, Path, description = "Id of the invoice.", example = 42)),
    request_body = UpdateInvoice, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, mut fields: Fields) -> Result<Reply> {
    let mut invoice = ctx.invoices().get(id).await?.or_not_found("record")?;
    let patch = Patch::read(&mut fields);
    fields.finish()?;
    patch.apply(&mut invoice, &ctx);
    store(&ctx, invoice, "Invoice updated successfully.").await
}

/// Stores an invoice that was changed since it was read.
pub async fn store(ctx: &Ctx, mut invoice: Invoice, message: &'static str) -> Result<Reply> {
    invoice.v += 1;
    let reply = told(&invoice, message)?;
    match ctx.commit(vec![ctx.invoices().replace(&invoice)?], reply.clone()).await {
        Err(refused) if refused.met_itself(&invoice) => Ok(reply),
        committed => Ok(committed?),
    }
}

/// The reply about an invoice as it stands.
pub fn told(invoice: &Invoice, message: &'static str) -> Result<Reply> {
    Reply::ok(&Updated { success: true, id: invoice.id, status: invoice.status.as_str(), message })
}
