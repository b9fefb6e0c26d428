//! The fields of an invoice as callers send them.

use iso_currency::Currency;
use serde_json::Value;
use shared::{
    domain::invoice::{Change, InvoiceStatus, MAX_CENTS},
    http::fields::Fields,
    json::{Json, Kind, Part},
};
use utoipa::ToSchema;

/// Longest line items and custom data in bytes: every list reads whole items.
const JSON_BYTES: usize = 64 * 1024;

/// Fields of an invoice; what is left out or blank stays as it is.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `change` reads leniently")]
pub struct UpdateInvoice {
    /// Whole cents.
    #[schema(maximum = 10_000_000_000_000_i64, example = 5000)]
    amount: Option<u64>,
    /// ISO 4217; `USD` when an invoice names none.
    #[schema(pattern = "^[A-Za-z]{3}$", max_length = 10, example = "USD")]
    currency: Option<String>,
    /// Whole cents.
    #[schema(maximum = 10_000_000_000_000_i64)]
    tax_amount: Option<u64>,
    /// Whole cents.
    #[schema(maximum = 10_000_000_000_000_i64)]
    discount_amount: Option<u64>,
    /// `draft` (default), `sent`, `viewed`, `paid`, `overdue`, `disputed` or `cancelled`.
    #[schema(example = "sent")]
    status: Option<String>,
    #[schema(max_length = 500)]
    title: Option<String>,
    /// A date, or a Unix time.
    #[schema(format = "moment", example = "2025-02-20")]
    due_date: Option<String>,
    /// A date, or a Unix time.
    #[schema(format = "moment", example = "2025-01-21")]
    issued_at: Option<String>,
    #[schema(max_length = 255)]
    client_name: Option<String>,
    #[schema(format = "email", max_length = 254, example = "billing@client.example")]
    client_email: Option<String>,
    #[schema(max_length = 255)]
    client_company: Option<String>,
    #[schema(format = "uri")]
    payment_url: Option<String>,
    #[schema(max_length = 100)]
    payment_method: Option<String>,
    #[schema(format = "uri")]
    pdf_url: Option<String>,
    /// Objects with `description`, `quantity`, and `unit_price` and `total` in whole cents; more keys are kept. Text that
    /// holds such a list is decoded.
    #[schema(value_type = Option<Vec<Object>>)]
    line_items: Option<Value>,
    /// Any JSON object.
    #[schema(value_type = Option<Object>)]
    custom_data: Option<Value>,
    #[schema(max_length = 10_000)]
    notes: Option<String>,
    /// Whether a person must decide before the workflow goes on.
    human_interaction: Option<bool>,
    /// Whether the reviewer may ask for another attempt.
    allow_regenerate: Option<bool>,
    /// `pending` (default), `approved` or `denied`. Set here, it is no decision: n8n is not told.
    automation_status: Option<String>,
}

/// What a request says of the invoice itself.
pub fn change(fields: &mut Fields) -> Change {
    Change {
        amount: fields.whole("amount", MAX_CENTS),
        currency: currency(fields),
        tax_amount: fields.whole("tax_amount", MAX_CENTS),
        discount_amount: fields.whole("discount_amount", MAX_CENTS),
        status: status(fields),
        title: fields.text("title", 500),
        due_date: fields.day("due_date"),
        issued_at: fields.moment("issued_at"),
        client_name: fields.text("client_name", 255),
        client_email: fields.email("client_email"),
        client_company: fields.text("client_company", 255),
        payment_url: fields.url("payment_url").map(String::from),
        payment_method: fields.text("payment_method", 100),
        pdf_url: fields.url("pdf_url").map(String::from),
        line_items: line_items(fields),
        custom_data: custom_data(fields),
        notes: fields.text("notes", 10_000),
    }
}

pub fn status(fields: &mut Fields) -> Option<InvoiceStatus> {
    fields.one_of("status", InvoiceStatus::WORDS, InvoiceStatus::parse)
}

fn currency(fields: &mut Fields) -> Option<String> {
    let code = fields.text("currency", 10)?.to_ascii_uppercase();
    if Currency::from_code(&code).is_none() {
        fields.refuse("currency", "must be an ISO 4217 code such as USD");
        return None;
    }
    Some(code)
}

fn line_items(fields: &mut Fields) -> Option<String> {
    let sent = fields.json("line_items")?;
    let problem = match sent.part().kind() {
        Kind::List(items) => (1..).zip(items).find_map(|(number, item)| wrong_item(number, item)),
        _ => Some("must be a list of objects".into()),
    };
    json_text(fields, "line_items", sent, problem)
}

/// What is wrong with one line: money that is not in whole cents would be lost to every sum.
fn wrong_item(number: usize, item: Part<'_>) -> Option<String> {
    if !item.is_object() {
        return Some(format!("item {number} must be an object"));
    }
    let whole = |part: Part<'_>| {
        part.number().and_then(|cents| cents.as_f64()).is_some_and(|cents| cents.fract() == 0.0)
    };
    let broken = |name: &&str| item.get(name).is_some_and(|part| !part.is_null() && !whole(part));
    let name = ["unit_price", "total"].into_iter().find(broken)?;
    Some(format!("{name} of item {number} must be a whole number of cents"))
}

fn custom_data(fields: &mut Fields) -> Option<String> {
    let sent = fields.json("custom_data")?;
    let problem = (!sent.part().is_object()).then(|| "must be an object".into());
    json_text(fields, "custom_data", sent, problem)
}

fn json_text(fields: &mut Fields, name: &str, sent: Json, problem: Option<String>) -> Option<String> {
    let too_long =
        || (sent.as_str().len() > JSON_BYTES).then(|| format!("must have at most {JSON_BYTES} bytes"));
    match problem.or_else(too_long) {
        Some(problem) => {
            fields.refuse(name, problem);
            None
        }
        None => Some(sent.into_string()),
    }
}
