use serde::Serialize;
use shared::{
    domain::{
        invoice::{DEFAULT_CURRENCY, Details, Invoice, InvoiceStatus, MAX_CENTS},
        review::Review,
    },
    error::{Error, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::QueryFields,
        fields::Fields,
        reply::Reply,
    },
    ids::Id,
    repo::invoices::{GUARD, Invoices},
    store::StoreError,
};
use utoipa::{IntoParams, ToSchema};

use super::input::{Patch, UpdateInvoice};
use crate::origin::Origin;

/// An invoice to keep.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateInvoice {
    /// The caller's own number. Within a client group it means one invoice.
    #[schema(max_length = 100, example = "INV-2025-001")]
    invoice_number: String,
    /// Whole cents.
    #[schema(example = 5000)]
    amount: u64,
    /// As in the query.
    #[schema(example = "ignore")]
    on_duplicate: Option<String>,
    /// The n8n instance.
    installation_id: Option<u64>,
    /// n8n's id of the workflow.
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    execution_id: Option<String>,
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
}

#[derive(Clone, Copy)]
enum OnDuplicate {
    Ignore,
    Update,
    Create,
}

impl OnDuplicate {
    const WORDS: [&'static str; 3] = ["ignore", "update", "create"];

    fn parse(word: &str) -> Option<Self> {
        match word {
            "ignore" => Some(Self::Ignore),
            "update" => Some(Self::Update),
            "create" => Some(Self::Create),
            _ => None,
        }
    }
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
    let on_duplicate = on_duplicate(&mut query, &mut fields);
    let number = fields.required_text("invoice_number", 100);
    fields.required_whole("amount", MAX_CENTS);
    let mut origin = Origin::read(&mut fields);
    let patch = Patch::read(&mut fields);
    fields.finish()?;
    let group_id = origin.group(&ctx).await?;
    let mut invoice = draft(&ctx, number, group_id, origin);
    patch.clone().apply(&mut invoice, &ctx);
    create(&ctx, invoice, patch, on_duplicate).await
}

/// The query counts where both say something.
fn on_duplicate(query: &mut Fields, body: &mut Fields) -> OnDuplicate {
    let read = |fields: &mut Fields| fields.one_of("on_duplicate", &OnDuplicate::WORDS, OnDuplicate::parse);
    let (asked, said) = (read(query), read(body));
    if query.is_refused("on_duplicate") && !body.is_refused("on_duplicate") {
        body.refuse("on_duplicate", format!("must be one of {}", OnDuplicate::WORDS.join(", ")));
    }
    asked.or(said).unwrap_or(OnDuplicate::Ignore)
}

async fn create(ctx: &Ctx, mut invoice: Invoice, patch: Patch, on_duplicate: OnDuplicate) -> Result<Reply> {
    let invoices = ctx.invoices();
    for _ in 0..TRIES {
        let created = Reply::created(&told(&invoice, None, "Invoice created successfully."))?;
        let holder = match ctx.commit(invoices.insert(&invoice)?, created.clone()).await {
            Err(Refused::Write(GUARD, Some(guard))) => Invoices::holder(&guard)?,
            committed => return Ok(committed?),
        };
        if matches!(on_duplicate, OnDuplicate::Create) {
            invoice.holds_number = false;
            return match ctx.commit(vec![invoices.insert_another(&invoice)?], created.clone()).await {
                Err(refused) if refused.met_itself(&invoice) => Ok(created),
                committed => Ok(committed?),
            };
        }
        // Deleted since the guard was met: the number is free again.
        let Some(standing) = invoices.get(holder).await? else { continue };
        if matches!(on_duplicate, OnDuplicate::Ignore) {
            let reply = Reply::ok(&told(&standing, Some(true), "Invoice already exists."))?;
            return Ok(ctx.commit(Vec::new(), reply).await?);
        }
        let mut updated = standing;
        patch.clone().apply(&mut updated, ctx);
        updated.v += 1;
        let reply = Reply::ok(&told(&updated, Some(true), "Invoice updated."))?;
        match ctx.commit(vec![invoices.replace(&updated)?], reply.clone()).await {
            Err(refused) if refused.met_itself(&updated) => return Ok(reply),
            Err(Refused::Write(..)) => {}
            committed => return Ok(committed?),
        }
    }
    Err(Error::from(StoreError::ConditionFailed { current: None }))
}

fn draft(ctx: &Ctx, number: String, group_id: Id, origin: Origin) -> Invoice {
    Invoice {
        id: ctx.app.id(),
        group_id,
        number,
        holds_number: true,
        status: InvoiceStatus::default(),
        details: Details { currency: DEFAULT_CURRENCY.into(), ..Details::default() },
        paid_at: None,
        history: Vec::new(),
        installation_id: origin.installation_id,
        workflow_id: origin.workflow_id,
        execution_id: origin.execution_id,
        review: Review::default(),
        created_at: ctx.now,
        changed_at: ctx.now,
        v: 1,
    }
}

fn told(invoice: &Invoice, duplicate: Option<bool>, message: &'static str) -> Created {
    Created {
        success: true,
        id: invoice.id,
        invoice_number: invoice.number.clone(),
        status: invoice.status.as_str(),
        duplicate,
        message,
    }
}
