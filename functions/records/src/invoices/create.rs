use serde::Serialize;
use shared::{
    domain::{
        duplicate::{Arrival, OnDuplicate},
        invoice::MAX_CENTS,
        words,
    },
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        fields::Fields,
        input::{Flat, Foreign, Hidden, PostedFrom, Whole, Word},
        reply::{Reply, Warning},
    },
    ids::InvoiceId,
    ops::invoices::{self, NewInvoice, Posted},
};
use utoipa::ToSchema;

use super::input::{Amount, InvoiceFields};

shared::input! {
    /// An invoice to keep.
    pub struct CreateInvoice {
        /// The caller's own number. Within a client group it means one invoice.
        #[example("INV-2025-001")]
        invoice_number: Foreign<100>,
        /// Whole cents.
        #[example(5000)]
        amount: Whole<MAX_CENTS>,
        /// As in the query.
        #[example("ignore")]
        on_duplicate: Option<Word<OnDuplicate>>,
        invoice: Flat<InvoiceFields, Amount>,
        origin: Flat<PostedFrom, Node>,
    }
    then(fields, query: Fields) {
        /// The query counts where both say something.
        duplicate: OnDuplicate = {
            let asked = fields.beside::<CreateQuery>(query).and_then(|query| query.on_duplicate);
            asked.or(on_duplicate).unwrap_or(OnDuplicate::Ignore)
        },
    }
}

/// An invoice is told from others by its number, whichever node asks.
struct Node;

impl Hidden for Node {
    const NAMES: &'static [&'static str] = &["node"];
}

shared::input! {
    /// What to do when the group has an invoice of this number.
    pub struct CreateQuery {
        /// `ignore` (default): the invoice that is there is named and stays. `update`: it gets the fields that are not
        /// blank. `create`: another one is made. May stand in the body instead.
        on_duplicate: Option<Word<OnDuplicate>>,
    }
}

/// The invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedInvoice)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: InvoiceId,
    #[schema(example = "INV-2025-001")]
    invoice_number: String,
    #[schema(example = "draft", extensions(("x-words" = json!(shared::domain::invoice::InvoiceStatus::WORDS))))]
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

/// Keeps an invoice.
///
/// The invoice number is unique within the client group unless `on_duplicate` is `create`. Status 201: it was made. Status
/// 200 with `duplicate`: the group has one of this number, and `id` names that.
#[utoipa::path(post, path = "/api/invoices", operation_id = "create_invoice",
    params(CreateQuery), request_body = CreateInvoice,
    responses((status = 201, description = "Stored.", body = Created),
        (status = 200, description = "It is there already.", body = Created)))]
pub async fn handler(ctx: Ctx, QueryFields(query): QueryFields, fields: Fields) -> Result<Reply> {
    let sent = CreateInvoice::read(fields, query)?;
    let on_duplicate = sent.duplicate;
    let new = NewInvoice {
        number: words::composed(&sent.invoice_number),
        change: sent.invoice.into(),
        origin: sent.origin.into(),
    };
    ctx.answer(told, async |act| invoices::create(act, new, on_duplicate).await).await
}

fn told(Posted { arrival, invoice, warnings }: &Posted) -> Result<Reply> {
    let told = Created {
        success: true,
        id: invoice.id(),
        invoice_number: invoice.number.clone(),
        status: invoice.status.as_str(),
        duplicate: arrival.is_duplicate().then_some(true),
        message: match arrival {
            Arrival::Created | Arrival::Renewed => "Invoice created successfully.",
            Arrival::Known => "Invoice already exists.",
            Arrival::Updated => "Invoice updated.",
        },
        warnings: warnings.clone(),
    };
    if arrival.is_duplicate() { Reply::ok(&told) } else { Reply::created(&told) }
}
