//! Document 003: workflows of voice agents, made in the manner of NestJS.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Dialect, Envelope, IdStyle, usual_status, with_details};
use crate::{
    domain::dialect::Letter,
    error::{Error, ErrorKind, Result, Violation},
    http::reply::Reply,
};

pub static D: Dialect = Dialect {
    letter: Some(Letter::D),
    name: "Indigenius",
    status,
    envelopes: &[Envelope { name: "ErrorD", paths: &[], body }],
    ids: IdStyle::Hex,
    lenient: false,
    put_is_patch: false,
    singular_wrapper: false,
};

/// What breaks a rule is a 400 here, as it is to NestJS.
fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        other => usual_status(other),
    }
}

/// `error` is the status in words; the house's code and the fields stand beside it.
/// `error` is the status in words, which n8n shows where it finds no `cause`; its users need the sentence.
fn body(error: &Error, status: StatusCode) -> Value {
    let mut body = json!({
        "status": false,
        "statusCode": status.as_u16(),
        "message": error.message,
        "cause": error.message,
        "error": status.canonical_reason().unwrap_or("Error"),
        "code": error.code,
    });
    if !error.violations.is_empty() {
        body["errors"] = error.violations.iter().map(violation).collect();
    }
    match body {
        Value::Object(body) => with_details(body, error),
        other => other,
    }
}

fn violation(of: &Violation) -> Value {
    json!({ "path": of.path, "code": of.code, "message": of.message })
}

#[derive(Serialize)]
struct Success<'a, T: ?Sized> {
    status: bool,
    message: &'a str,
    data: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

/// Which part of a list it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListMeta)]
pub struct Meta {
    /// Of a part that was asked for by its cursor there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub page: Option<u32>,
    #[schema(example = 20)]
    pub page_size: u32,
    /// Null where there are too many to count.
    #[schema(example = 5)]
    pub total_pages: Option<u64>,
    /// Null where there are too many to count.
    #[schema(example = 100)]
    pub total_count: Option<u64>,
    /// Sent back as `cursor` it gives what follows; null at the end.
    pub next_cursor: Option<String>,
}

impl Meta {
    /// A part of a list that has so many items. `next_cursor` is where it goes on, if it does.
    pub fn new(
        page: Option<u32>,
        page_size: u32,
        total_count: Option<u64>,
        next_cursor: Option<String>,
    ) -> Self {
        let pages = |total: u64| total.div_ceil(u64::from(page_size.max(1)));
        Self { page, page_size, total_pages: total_count.map(pages), total_count, next_cursor }
    }
}

/// Replies with one thing.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn ok(message: &str, data: &impl Serialize) -> Result<Reply> {
    Reply::ok(&Success { status: true, message, data, meta: None })
}

/// Replies with one thing that was made now.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn created(message: &str, data: &impl Serialize) -> Result<Reply> {
    Reply::created(&Success { status: true, message, data, meta: None })
}

/// Replies with a part of a list.
///
/// # Errors
/// When an item cannot be written as JSON.
pub fn list<T: Serialize>(message: &str, items: &[T], meta: Meta) -> Result<Reply> {
    Reply::ok(&Success { status: true, message, data: items, meta: Some(meta) })
}
