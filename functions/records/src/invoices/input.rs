//! The fields of an invoice as callers send them.

use iso_currency::Currency;
use serde_json::{Value, json};
use shared::{
    domain::invoice::{Change, InvoiceStatus, MAX_CENTS},
    http::{
        fields::{Fields, code},
        input::{
            Asked, Day, Email, Field, Flag, Flat, Hidden, Moment, Settable, Text, Url, Whole, Word,
            describe::{self, MOST_ITEMS},
        },
    },
    json::{Json, Kind, Part},
    ops::invoices::Patch,
};

/// Longest line items and custom data in bytes: every list reads whole items.
const JSON_BYTES: usize = 64 * 1024;

shared::input! {
    /// What a request says of the invoice itself.
    pub struct InvoiceFields {
        /// Whole cents.
        #[example(5000)]
        amount: Option<Whole<MAX_CENTS>>,
        /// ISO 4217; `USD` when an invoice names none.
        #[example("USD")]
        currency: Option<CurrencyCode>,
        /// Whole cents.
        tax_amount: Option<Whole<MAX_CENTS>>,
        /// Whole cents.
        discount_amount: Option<Whole<MAX_CENTS>>,
        /// `draft` (default), `sent`, `viewed`, `paid`, `overdue`, `disputed` or `cancelled`.
        #[example("sent")]
        status: Option<Word<InvoiceStatus>>,
        title: Option<Text<500>>,
        /// A date, or a Unix time.
        #[example("2025-02-20")]
        due_date: Option<Day>,
        /// A date, or a Unix time.
        #[example("2025-01-21")]
        issued_at: Option<Moment>,
        client_name: Option<Text<255>>,
        #[example("billing@client.example")]
        client_email: Option<Email>,
        client_company: Option<Text<255>>,
        payment_url: Option<Url>,
        payment_method: Option<Text<100>>,
        pdf_url: Option<Url>,
        /// Objects with `description`, `quantity`, and `unit_price` and `total` in whole cents; more keys are kept. Text that
        /// holds such a list is decoded.
        line_items: Option<LineItems>,
        /// Any JSON object.
        custom_data: Option<CustomData>,
        notes: Option<Text<10_000>>,
    }
}

impl From<InvoiceFields> for Change {
    fn from(sent: InvoiceFields) -> Self {
        Self {
            amount: sent.amount,
            currency: sent.currency,
            tax_amount: sent.tax_amount,
            discount_amount: sent.discount_amount,
            status: sent.status,
            title: sent.title,
            due_date: sent.due_date,
            issued_at: sent.issued_at,
            client_name: sent.client_name,
            client_email: sent.client_email,
            client_company: sent.client_company,
            payment_url: sent.payment_url.map(String::from),
            payment_method: sent.payment_method,
            pdf_url: sent.pdf_url.map(String::from),
            line_items: sent.line_items,
            custom_data: sent.custom_data,
            notes: sent.notes,
        }
    }
}

shared::input! {
    /// Fields of an invoice; what is left out or blank stays as it is.
    pub struct UpdateInvoice {
        invoice: Flat<InvoiceFields>,
        /// Whether a person must decide before the workflow goes on.
        human_interaction: Option<Flag>,
        /// Whether the reviewer may ask for another attempt.
        allow_regenerate: Option<Flag>,
        /// `pending` (default), `approved` or `denied`. Set here, it is no decision: n8n is not told.
        automation_status: Option<Word<Settable>>,
    }
}

impl From<UpdateInvoice> for Patch {
    fn from(sent: UpdateInvoice) -> Self {
        Self {
            change: sent.invoice.into(),
            human_interaction: sent.human_interaction,
            allow_regenerate: sent.allow_regenerate,
            automation_status: sent.automation_status,
        }
    }
}

/// What a new invoice must have.
pub struct Amount;

impl Hidden for Amount {
    const NAMES: &'static [&'static str] = &["amount"];
}

/// The code of a currency, in upper case.
struct CurrencyCode;

impl Field for CurrencyCode {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let code = fields.text(name, 10)?.to_ascii_uppercase();
        if Currency::from_code(&code).is_none() {
            fields.refuse_as(name, code::FORMAT, "must be an ISO 4217 code such as USD");
            return None;
        }
        Some(code)
    }

    fn schema(asked: Asked) -> Value {
        describe::patterned(asked, "[A-Za-z]{3}", 10)
    }
}

/// A list of lines, as its JSON text.
struct LineItems;

impl Field for LineItems {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let sent = fields.json(name)?;
        let problem = match sent.part().kind() {
            Kind::List(items) => (1..).zip(items).find_map(|(number, item)| wrong_item(number, item)),
            _ => Some("must be a list of objects".into()),
        };
        json_text(fields, name, sent, problem)
    }

    fn schema(asked: Asked) -> Value {
        describe::list(asked, json!({ "type": "object" }), 0, MOST_ITEMS)
    }
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

/// An object, as its JSON text.
struct CustomData;

impl Field for CustomData {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let sent = fields.json(name)?;
        let problem = (!sent.part().is_object()).then(|| "must be an object".into());
        json_text(fields, name, sent, problem)
    }

    fn schema(asked: Asked) -> Value {
        describe::holding(asked, "object")
    }
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
