//! Document 000: a dashboard beside n8n.
//!
//! Its one rule: it is one dialect with two envelopes. Its token-usage, trigger and poll routes say `status`, the rest says
//! `success`, and in all else they are the same.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Dialect, Envelope, IdStyle, usual_status, with_more};
use crate::{
    domain::dialect::Letter,
    error::{Error, ErrorKind},
};

pub static A: Dialect = Dialect {
    letter: Some(Letter::A),
    name: "Invokati",
    status,
    envelopes: &[
        Envelope { name: "ErrorInvokati", paths: &[], body: success },
        Envelope {
            name: "ErrorTokens",
            paths: &["/api/token-usage", "/api/trigger-webhook", "/api/poll-execution"],
            body: tokens,
        },
    ],
    ids: IdStyle::Integer,
    lenient: true,
    put_is_patch: false,
    singular_wrapper: false,
};

/// A bad key is 403 here; everybody else says 401.
fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::CredentialRejected => StatusCode::FORBIDDEN,
        other => usual_status(other),
    }
}

fn tokens(error: &Error, _: StatusCode) -> Value {
    with_more(json!({ "status": "error", "code": error.code, "message": error.message }), error)
}

/// n8n shows `error` and not `message` where both are there: that must be the sentence.
fn success(error: &Error, _: StatusCode) -> Value {
    let message = &error.message;
    with_more(json!({ "success": false, "code": error.code, "error": message, "message": message }), error)
}
