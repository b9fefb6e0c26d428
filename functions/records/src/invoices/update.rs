use serde::Serialize;
use shared::{
    domain::{invoice::Invoice, review::AutomationStatus},
    error::{OrNotFound, Result},
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        origin::{self, automation_status},
        reply::Reply,
    },
    ids::Id,
};
use utoipa::ToSchema;

use super::input::{Patch, UpdateInvoice};

/// The change is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedInvoice)]
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
    let before = ctx.invoices().get(id).await?.or_not_found("record")?;
    let patch = Patch::read(&mut fields);
    let human_interaction = fields.flag("human_interaction");
    let allow_regenerate = fields.flag("allow_regenerate");
    let status = automation_status(&mut fields, &AutomationStatus::SETTABLE);
    fields.finish()?;
    let mut invoice = before.clone();
    patch.apply(&mut invoice, &ctx);
    let review = &mut invoice.subject.review;
    review.human_interaction = human_interaction.unwrap_or(review.human_interaction);
    review.allow_regenerate = allow_regenerate.unwrap_or(review.allow_regenerate);
    if let Some(status) = status {
        review.set_status(status, ctx.actor(), ctx.now);
    }
    store(&ctx, &before, invoice, "Invoice updated successfully.").await
}

/// Stores what was made of the invoice that stands.
pub async fn store(
    ctx: &Ctx,
    before: &Invoice,
    mut invoice: Invoice,
    message: &'static str,
) -> Result<Reply> {
    invoice.subject.touch(ctx.now);
    let writes = ctx.invoices().replace(before, &invoice)?;
    Ok(origin::commit(ctx, writes, &invoice, told(&invoice, message)?).await?)
}

/// The reply about an invoice as it stands.
pub fn told(invoice: &Invoice, message: &'static str) -> Result<Reply> {
    Reply::ok(&Updated { success: true, id: invoice.subject.id, status: invoice.status.as_str(), message })
}
