//! Document 004: workflows that are invoked and waited for, made in the manner of FastAPI.
//!
//! Its one rule: what succeeds is bare. There is no envelope to look into.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Dialect, Envelope, IdStyle, usual_status, with_details};
use crate::{
    domain::dialect::Letter,
    error::{Error, RequestPart, Violation},
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
    json!({ "loc": location(of), "msg": of.message, "type": of.code })
}

/// As FastAPI says where it is: `user.email` of the body → `["body", "user", "email"]`, `files[3]` → `["body", "files", 3]`; a
/// parameter of the query → `["query", "version"]`. The path's are never here: what cannot be an id is an id of nothing, 404.
fn location(of: &Violation) -> Value {
    match of.part {
        RequestPart::Query => return json!(["query", of.path]),
        RequestPart::Header => return json!(["header", of.path]),
        RequestPart::Body => {}
    }
    let part = |part: &str| part.parse::<u64>().map_or_else(|_| part.into(), Value::from);
    let parts = of.path.split(['.', '[']).map(|text| part(text.trim_end_matches(']')));
    std::iter::once(Value::from("body")).chain(parts).collect()
}
