//! Document 002: a CRM with drip campaigns, made in the manner of Rails.

use http::StatusCode;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::{Dialect, Envelope, IdStyle, usual_status, with_more};
use crate::{
    domain::dialect::Letter,
    error::{Error, Result},
    http::reply::Reply,
};

pub static C: Dialect = Dialect {
    letter: Some(Letter::C),
    name: "DripPulse",
    status: usual_status,
    envelopes: &[Envelope { name: "ErrorDripPulse", paths: &[], body }],
    ids: IdStyle::Integer,
    lenient: true,
    put_is_patch: true,
    singular_wrapper: true,
};

/// `error` is the code: the document's four codes of a bulk call stand there. n8n shows that word where it finds no `cause`, and its
/// users need the sentence.
pub(super) fn body(error: &Error, _: StatusCode) -> Value {
    with_more(json!({ "error": error.code, "message": error.message, "cause": error.message }), error)
}

/// A list: its plural, and how many there are.
#[derive(Debug)]
pub struct Listing<'a, T> {
    /// `api_keys`, `webhooks`, …
    pub plural: &'static str,
    pub items: &'a [T],
    /// None where nobody has counted them: then it is null.
    pub total_count: Option<u64>,
    /// Where the next page begins, if there is one. A list that was sent whole says nothing of pages.
    pub next_cursor: Option<String>,
}

impl<T: Serialize> Serialize for Listing<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.plural, self.items)?;
        map.serialize_entry("total_count", &self.total_count)?;
        if let Some(cursor) = &self.next_cursor {
            map.serialize_entry("next_cursor", cursor)?;
        }
        map.end()
    }
}

/// Replies with a list.
///
/// # Errors
/// When an item cannot be written as JSON.
pub fn list<T: Serialize>(listing: &Listing<'_, T>) -> Result<Reply> {
    Reply::ok(listing)
}
