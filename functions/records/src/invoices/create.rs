use serde::Serialize;
use shared::{
    domain::{
        duplicate::OnDuplicate,
        invoice::{DEFAULT_CURRENCY, Details, Invoice, InvoiceStatus},
        subject::Subject,
        words,
    },
    error::{Error, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::QueryFields,
        fields::Fields,
        origin::{self, Origin, Placed},
        reply::{Reply, Warning},
    },
    ids::Id,
    repo::invoices::{Invoices, NUMBER},
    store::StoreError,
};
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::input::{Patch, UpdateInvoice};

/// An invoice to keep.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateInvoice {
    /// The caller's own number. Within a client group it means one invoice.
    #[schema(max_length = 100, example = "INV-2025-001")]
    invoice_number: String,
    /// Whole cents.
    #[schema(maximum = 10_000_000_000_000_i64, example = 5000)]
    amount: u64,
    /// As in the query.
    #[schema(example = "ignore")]
    on_duplicate: Option<String>,
    /// The n8n instance.
    installation_id: Option<u64>,
    /// n8n's id of the workflow.
    #[schema(max_length = 200, example = "abc123")]
    workflow_id: Option<String>,
    /// n8n's id of the execution: needed to resume it.
    #[schema(max_length = 200)]
    execution_id: Option<String>,
    /// `$execution.resumeUrl`: called after the decision. One that lies neither below the installation's host nor below its
    /// webhook URL is called there, and `warnings` says so.
    #[schema(format = "uri")]
    resume_url: Option<String>,
    /// Headers that the Wait node asks its callers for (Header Auth, Basic Auth): up to five names and texts, kept sealed and
    /// sent with the decision.
    #[schema(value_type = Option<Object>)]
    resume_headers: Option<String>,
    /// The client group; the installation's or the key's own when left out.
    group_id: Option<u64>,
    #[serde(flatten)]
    fields: UpdateInvoice,
}

/// What to do when the group has an invoice of this number.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct CreateQuery {
    /// `ignore` (default): the invoice that is there is named and stays. `update`: it gets the fields that are not
    /// blank. `create`: another one is made. May stand in the body instead.
    on_duplicate: Option<String>,
}

/// The invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedInvoice)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "INV-2025-001")]
    invoice_number: String,
    #[schema(example = "draft")]
    status: &'static str,
    /// Only when the group had an invoice of this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[schema(example = "Invoice created successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Times that an invoice is looked for again because it was changed or deleted in the same moment.
const TRIES: usize = 10;

/// Keeps an invoice.
///
/// The invoice number is unique within the client group unless `on_duplicate` is `create`. Status 201: it was made. Status
/// 200 with `duplicate`: the group has one of this number, and `id` names that.
#[utoipa::path(post, path = "/api/invoices", operation_id = "create_invoice", tag = "invoices",
    params(CreateQuery), request_body = CreateInvoice,
    responses((status = 201, description = "Stored.", body = Created),
        (status = 200, description = "It is there already.", body = Created)))]
pub async fn handler(ctx: Ctx, QueryFields(mut query): QueryFields, mut fields: Fields) -> Result<Reply> {
    let on_duplicate = origin::on_duplicate(&mut query, &mut fields);
    let number = words::composed(&fields.required_foreign_id("invoice_number", 100));
    fields.require("amount");
    let patch = Patch::read(&mut fields);
    let origin = Origin::read(&mut fields);
    fields.finish()?;
    let Placed { subject, resume_url, warnings, .. } = origin.place(&ctx).await?;
    let mut invoice = Invoice {
        subject,
        number,
        holds_number: true,
        status: InvoiceStatus::default(),
        details: Details { currency: DEFAULT_CURRENCY.into(), ..Details::default() },
        paid_at: None,
        status_history: Vec::new(),
    };
    patch.clone().apply(&mut invoice, &ctx);
    let posted = Posted { invoice, patch, resume_url, warnings, on_duplicate };
    for _ in 0..TRIES {
        let mut invoice = posted.invoice.clone();
        let sent_back = origin::renew(&ctx, &mut invoice).await?;
        origin::seal(&ctx, posted.resume_url.clone(), &mut invoice).await?;
        let Some(before) = sent_back else { return create(&ctx, Posted { invoice, ..posted }).await };
        match renew(&ctx, &before, invoice.subject, &posted).await {
            // It was changed, as by n8n's answer to the decision, which is noted while the workflow goes on.
            Err(Refused::Write(..)) => {}
            ended => return Ok(ended?),
        }
    }
    Err(Error::from(StoreError::Conflict))
}

/// What a workflow posted.
struct Posted {
    invoice: Invoice,
    patch: Patch,
    resume_url: Option<Url>,
    warnings: Vec<Warning>,
    on_duplicate: OnDuplicate,
}

/// A reviewer had sent the invoice back: it keeps its id and its past, and gets what is posted now.
async fn renew(ctx: &Ctx, before: &Invoice, subject: Subject, posted: &Posted) -> Result<Reply, Refused> {
    let mut invoice = Invoice { subject, ..before.clone() };
    posted.patch.clone().apply(&mut invoice, ctx);
    let reply = Reply::created(&told(posted, &invoice, None, "Invoice created successfully."))?;
    let writes = origin::writes(ctx, Some(before), &invoice)?;
    origin::commit(ctx, writes, &invoice, reply).await
}

async fn create(ctx: &Ctx, mut posted: Posted) -> Result<Reply> {
    for _ in 0..TRIES {
        let invoice = &posted.invoice;
        let created = Reply::created(&told(&posted, invoice, None, "Invoice created successfully."))?;
        let holder = match ctx.commit(ctx.invoices().insert(invoice)?, created.clone()).await {
            Err(Refused::Write(NUMBER, Some(guard))) => Invoices::holder(&guard)?,
            committed => return Ok(committed?),
        };
        if matches!(posted.on_duplicate, OnDuplicate::Create) {
            posted.invoice.holds_number = false;
            let writes = ctx.invoices().insert(&posted.invoice)?;
            return Ok(origin::commit(ctx, writes, &posted.invoice, created).await?);
        }
        // Deleted since the guard was met: the number is free again.
        let Some(standing) = ctx.invoices().get(holder).await? else { continue };
        if matches!(posted.on_duplicate, OnDuplicate::Ignore) {
            let reply = Reply::ok(&told(&posted, &standing, Some(true), "Invoice already exists."))?;
            return Ok(ctx.commit(Vec::new(), reply).await?);
        }
        let updated = updated(ctx, &standing, &posted).await?;
        let reply = Reply::ok(&told(&posted, &updated, Some(true), "Invoice updated."))?;
        let writes = ctx.invoices().replace(&standing, &updated)?;
        match origin::commit(ctx, writes, &updated, reply).await {
            Err(Refused::Write(..)) => {}
            committed => return Ok(committed?),
        }
    }
    Err(Error::from(StoreError::Conflict))
}

/// The invoice that stands, with what was posted. Until somebody has decided on it, the execution that posted last is the
/// one that waits for the decision.
async fn updated(ctx: &Ctx, standing: &Invoice, posted: &Posted) -> Result<Invoice> {
    let mut invoice = standing.clone();
    posted.patch.clone().apply(&mut invoice, ctx);
    let subject = &mut invoice.subject;
    let new = &posted.invoice.subject;
    if new.execution_id.is_some() && subject.review.decision.is_none() {
        subject.installation_id = new.installation_id;
        subject.workflow_id.clone_from(&new.workflow_id);
        subject.execution_id.clone_from(&new.execution_id);
        subject.review.human_interaction |= new.review.human_interaction;
        subject.posted_at = ctx.now;
        subject.sealed_resume_url = None;
        origin::seal(ctx, posted.resume_url.clone(), &mut invoice).await?;
    }
    invoice.subject.touch(ctx.now);
    Ok(invoice)
}

fn told(posted: &Posted, invoice: &Invoice, duplicate: Option<bool>, message: &'static str) -> Created {
    Created {
        success: true,
        id: invoice.subject.id,
        invoice_number: invoice.number.clone(),
        status: invoice.status.as_str(),
        duplicate,
        message,
        warnings: posted.warnings.clone(),
    }
}
