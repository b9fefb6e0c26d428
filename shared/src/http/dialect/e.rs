//! Document 004: workflows that are invoked and waited for, made in the manner of FastAPI.
//!
//! Its one rule: what succeeds is bare. There is no envelope to look into.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Dialect, Envelope, IdStyle, usual_status, with_details};
use crate::{
    domain::dialect::Letter,
    error::{Error, Violation},
};

pub static E: Dialect = Dialect {
    letter: Some(Letter::E),
    name: "xpander.ai",
    status: usual_status,
    envelopes: &[Envelope { name: "ErrorE", paths: &[], body }],
    ids: IdStyle::Uuid,
    lenient: true,
    put_is_patch: false,
    singular_wrapper: false,
};

/// `detail` is a sentence, or the list of what is wrong with the request; the house's code stands beside it.
fn body(error: &Error, _: StatusCode) -> Value {
    let detail: Value = match error.violations.as_slice() {
        [] => error.message.as_str().into(),
        violations => violations.iter().map(violation).collect(),
    };
    with_details(Map::from_iter([("detail".into(), detail), ("code".into(), error.code.into())]), error)
}

fn violation(of: &Violation) -> Value {
    json!({ "loc": location(&of.path), "msg": of.message, "type": of.code })
}

/// `user.email` → `["body", "user", "email"]`, `files[3]` → `["body", "files", 3]`. Every parameter but the body's fields is
/// judged elsewhere or is a header, whose names are written in capitals.
fn location(path: &str) -> Value {
    if path.starts_with(|letter: char| letter.is_ascii_uppercase()) {
        return json!(["header", path]);
    }
    let part = |part: &str| part.parse::<u64>().map_or_else(|_| part.into(), Value::from);
    let parts = path.split(['.', '[']).map(|text| part(text.trim_end_matches(']')));
    std::iter::once(Value::from("body")).chain(parts).collect()
}
