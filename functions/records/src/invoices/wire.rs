//! What callers see of an invoice.

use serde::Serialize;
use shared::{
    clock::{self, Millis},
    domain::invoice::{Invoice, StatusChange},
    error::{Error, Result},
    http::subject::SubjectOut,
    json::Json,
    tenant::TenantId,
};
use utoipa::ToSchema;

/// One invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceOut {
    #[serde(flatten)]
    subject: SubjectOut,
    #[schema(example = "INV-2025-001")]
    invoice_number: String,
    /// `draft`, `sent`, `viewed`, `paid`, `overdue`, `disputed` or `cancelled`.
    #[schema(example = "sent", extensions(("x-words" = json!(shared::domain::invoice::InvoiceStatus::WORDS))))]
    status: &'static str,
    /// Whole cents.
    #[schema(example = 5000)]
    amount: u64,
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: String,
    tax_amount: Option<u64>,
    discount_amount: Option<u64>,
    title: Option<String>,
    /// A day in UTC.
    #[schema(example = "2025-02-20")]
    due_date: Option<String>,
    #[schema(example = "2025-01-21T00:00:00Z")]
    issued_at: Option<String>,
    /// When the status last became `paid`, while it is that.
    paid_at: Option<String>,
    client_name: Option<String>,
    client_email: Option<String>,
    client_company: Option<String>,
    payment_url: Option<String>,
    payment_method: Option<String>,
    pdf_url: Option<String>,
    #[schema(value_type = Vec<Object>)]
    line_items: Json,
    #[schema(value_type = Option<Object>)]
    custom_data: Json,
    notes: Option<String>,
    /// Who moved the status when, from which; oldest first.
    status_history: Vec<StatusChangeOut>,
}

#[derive(Debug, Serialize, ToSchema)]
struct StatusChangeOut {
    at: String,
    by: String,
    from: &'static str,
    to: &'static str,
}

impl InvoiceOut {
    pub fn new(tenant: TenantId, invoice: Invoice) -> Result<Self> {
        let details = invoice.details;
        Ok(Self {
            subject: SubjectOut::new(tenant, invoice.subject),
            invoice_number: invoice.number,
            status: invoice.status.as_str(),
            amount: details.amount,
            currency: details.currency,
            tax_amount: details.tax_amount,
            discount_amount: details.discount_amount,
            title: details.title,
            due_date: details.due_date.map(day),
            issued_at: details.issued_at.map(clock::iso),
            paid_at: invoice.paid_at.map(clock::iso),
            client_name: details.client_name,
            client_email: details.client_email,
            client_company: details.client_company,
            payment_url: details.payment_url,
            payment_method: details.payment_method,
            pdf_url: details.pdf_url,
            line_items: stored(details.line_items.unwrap_or_else(|| "[]".into()))?,
            custom_data: details.custom_data.map_or_else(|| Ok(Json::null()), stored)?,
            notes: details.notes,
            status_history: invoice.status_history.into_iter().map(StatusChangeOut::from).collect(),
        })
    }
}

impl From<StatusChange> for StatusChangeOut {
    fn from(change: StatusChange) -> Self {
        Self {
            at: clock::iso(change.at),
            by: change.by.username,
            from: change.from.as_str(),
            to: change.to.as_str(),
        }
    }
}

fn day(at: Millis) -> String {
    let mut text = clock::iso(at);
    text.truncate("2025-01-21".len());
    text
}

fn stored(text: String) -> Result<Json> {
    Json::stored(text).map_err(Error::unreadable)
}
