//! Headers that may stand in a request once.
//!
//! Its one rule: what decides who calls, and what is done, has one meaning. Two of it mean one thing to a proxy in front and
//! another to us.

use http::HeaderMap;

use crate::error::{Error, ErrorKind, Result};

const ONCE: [(&str, &str); 7] = [
    ("host", "Host"),
    ("idempotency-key", "Idempotency-Key"),
    ("x-api-dialect", "X-Api-Dialect"),
    ("x-api-key", "X-API-Key"),
    ("authorization", "Authorization"),
    ("x-csrf-token", "X-CSRF-Token"),
    ("content-type", "Content-Type"),
];

/// Refuses a request that says one of them twice.
pub(super) fn check(headers: &HeaderMap) -> Result<()> {
    // Nearly every request has each name once, and then there are as many keys as values.
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    match ONCE.iter().find(|(name, _)| headers.get_all(*name).iter().nth(1).is_some()) {
        Some((_, shown)) => Err(Error::new(
            ErrorKind::Malformed,
            "doubled_header",
            format!("The header {shown} stands in the request more than once."),
        )),
        None => Ok(()),
    }
}
