//! What callers see of an invoice.

use serde::Serialize;
use serde_json::Value;
use shared::{
    clock::{self, Millis},
    domain::invoice::{Invoice, StatusChange},
    error::{Error, Result},
    ids::Id,
};
use utoipa::ToSchema;

/// One invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceOut {
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(value_type = u64)]
    group_id: Id,
    #[schema(example = "INV-2025-001")]
    invoice_number: String,
    /// `draft`, `sent`, `viewed`, `paid`, `overdue`, `disputed` or `cancelled`.
    #[schema(example = "sent")]
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
    line_items: Value,
    #[schema(value_type = Option<Object>)]
    custom_data: Value,
    notes: Option<String>,
    #[schema(value_type = Option<u64>)]
    installation_id: Option<Id>,
    workflow_id: Option<String>,
    execution_id: Option<String>,
    human_interaction: bool,
    #[schema(example = "pending")]
    automation_status: &'static str,
    /// Who moved the status when, from which; oldest first.
    history: Vec<StatusChangeOut>,
    /// Unix seconds.
    #[schema(example = 1_710_000_000)]
    created: i64,
    #[schema(example = 1_710_100_000)]
    changed: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct StatusChangeOut {
    at: String,
    by: String,
    from: &'static str,
    to: &'static str,
}

impl InvoiceOut {
    pub fn new(invoice: Invoice) -> Result<Self> {
        let details = invoice.details;
        Ok(Self {
            id: invoice.id,
            group_id: invoice.group_id,
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
            line_items: decoded(details.line_items.as_deref().unwrap_or("[]"))?,
            custom_data: decoded(details.custom_data.as_deref().unwrap_or("null"))?,
            notes: details.notes,
            installation_id: invoice.installation_id,
            workflow_id: invoice.workflow_id,
            execution_id: invoice.execution_id,
            human_interaction: invoice.review.human_interaction,
            automation_status: invoice.review.automation_status.as_str(),
            history: invoice.history.into_iter().map(StatusChangeOut::from).collect(),
            created: invoice.created_at.seconds(),
            changed: invoice.changed_at.seconds(),
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

fn decoded(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(Error::internal)
}
