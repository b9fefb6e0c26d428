//! Document 001: workflows, executions, forms, credentials, webhooks.
//!
//! Its one rule: every reply has the whole envelope, `success` included, also where the document's samples leave it out.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Dialect, Envelope, IdStyle, usual_status};
use crate::{
    domain::dialect::Letter,
    error::{Error, ErrorKind, Result},
    http::reply::Reply,
};

pub static B: Dialect = Dialect {
    letter: Some(Letter::B),
    name: "Specway",
    status: usual_status,
    envelopes: &[Envelope { name: "ErrorB", paths: &[], body }],
    ids: IdStyle::Prefixed,
    lenient: false,
    put_is_patch: false,
    singular_wrapper: false,
};

/// The code of a kind: its clients switch on these, and on nothing finer. The first six are the document's.
pub fn code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unauthenticated | ErrorKind::CredentialRejected => "UNAUTHORIZED",
        ErrorKind::Forbidden => "FORBIDDEN",
        ErrorKind::NotFound => "NOT_FOUND",
        ErrorKind::Malformed | ErrorKind::Invalid => "VALIDATION_ERROR",
        ErrorKind::RateLimited => "RATE_LIMITED",
        ErrorKind::Internal => "INTERNAL_ERROR",
        ErrorKind::MethodNotAllowed => "METHOD_NOT_ALLOWED",
        ErrorKind::Conflict | ErrorKind::WrongState => "CONFLICT",
        ErrorKind::TooLarge => "PAYLOAD_TOO_LARGE",
        ErrorKind::UnsupportedMedia => "UNSUPPORTED_MEDIA_TYPE",
        ErrorKind::Upstream => "UPSTREAM_ERROR",
        ErrorKind::UpstreamTimeout => "UPSTREAM_TIMEOUT",
        ErrorKind::Unavailable => "SERVICE_UNAVAILABLE",
    }
}

fn body(error: &Error, _: StatusCode) -> Value {
    json!({
        "success": false,
        "error": { "code": code(error.kind), "message": error.message, "details": details(error) },
    })
}

/// Of a request that breaks rules: each field with what is wrong with it. Of everything else: the house's own code, which is
/// finer than the dialect's, and what else there is to say.
fn details(error: &Error) -> Value {
    if error.violations.is_empty() {
        let mut details = error.details.clone();
        details.insert("reason".into(), error.code.into());
        return details.into();
    }
    let fields = error.by_field().into_iter().map(|(path, words)| (path.to_owned(), json!(words)));
    fields.collect::<Map<_, _>>().into()
}

#[derive(Serialize)]
struct Success<'a, T: ?Sized> {
    success: bool,
    data: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

/// Which part of a list it is. A page says where a cursor would go on, so that whoever comes to the end of what pages reach
/// can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = PageMeta)]
pub struct Meta {
    /// Of a part that was asked for by its cursor there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub page: Option<u32>,
    #[schema(example = 20)]
    pub limit: u32,
    /// How many match in all; null where there are too many to count.
    #[schema(example = 100)]
    pub total: Option<u64>,
    /// Sent back as `cursor` it gives what follows; null at the end.
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

impl Meta {
    /// A part of a list. `next_cursor` is where it goes on, if it does.
    pub fn new(page: Option<u32>, limit: u32, total: Option<u64>, next_cursor: Option<String>) -> Self {
        Self { page, limit, total, has_more: next_cursor.is_some(), next_cursor }
    }
}

/// Replies with one thing.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn ok(data: &impl Serialize) -> Result<Reply> {
    Reply::ok(&Success { success: true, data, meta: None })
}

/// Replies with one thing that was made now.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn created(data: &impl Serialize) -> Result<Reply> {
    Reply::created(&Success { success: true, data, meta: None })
}

/// Replies with a part of a list.
///
/// # Errors
/// When an item cannot be written as JSON.
pub fn list<T: Serialize>(items: &[T], meta: Meta) -> Result<Reply> {
    Reply::ok(&Success { success: true, data: items, meta: Some(meta) })
}
