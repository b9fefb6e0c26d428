//! Successful replies, serialized before they are stored, so that a replay is the same to the byte.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::dialect::Voice;
use crate::error::{Error, Result};
pub use crate::ops::Warning;

/// The longest reply that is remembered as it is. With it a record stays far below the 400 KB of an item, whatever a handler
/// answers.
pub const REMEMBERED_BYTES: usize = 256 * 1024;

/// What a repeat reads where a reply is longer than that and its handler has no shorter form of it.
const LEFT_OUT: &str = r#"{"status":"success","success":true,"message":"This request was done before.","warnings":[{"code":"reply_left_out","message":"The first reply was too long to be remembered."}]}"#;

/// A JSON reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    pub body: String,
    /// What a repeat reads in place of a body that is too long to be remembered, or must not be.
    pub(super) shortened: Option<String>,
    /// It holds a secret: it is not remembered, and nothing on its way may keep it.
    pub(super) once: bool,
    /// It repeats the stored reply to an earlier request with the same `Idempotency-Key`.
    pub replayed: bool,
}

impl Reply {
    pub fn new(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_string(body).map_err(Error::internal)?;
        Ok(Self { status, body, shortened: None, once: false, replayed: false })
    }

    /// An error as a reply, for what must not be tried again under the same `Idempotency-Key`.
    pub(super) fn of_error(error: &Error, voice: Voice) -> Self {
        let (status, body) = (voice.status(error.kind), voice.body(error).to_string());
        Self { status, body, shortened: None, once: false, replayed: false }
    }

    /// With what a repeat is to read should this reply be longer than [`REMEMBERED_BYTES`]. It tells what was done, and in
    /// its `warnings` that it is not the whole.
    pub fn shortened_to(self, body: &impl Serialize) -> Result<Self> {
        let shortened = Some(serde_json::to_string(body).map_err(Error::internal)?);
        Ok(Self { shortened, ..self })
    }

    /// As a reply that holds a secret, which is stored nowhere and kept by nothing on its way. A repeat reads the other body.
    pub fn shown_once(self, repeat: &impl Serialize) -> Result<Self> {
        Ok(Self { once: true, ..self.shortened_to(repeat)? })
    }

    /// Whether a repeat would read something else, because this is too long.
    pub fn is_long(&self) -> bool {
        self.body.len() > REMEMBERED_BYTES
    }

    /// The body that a repeat reads. What is stored of an effect never depends on how much its handler had to say.
    pub(super) fn to_remember(&self) -> &str {
        let fits = |text: &&str| text.len() <= REMEMBERED_BYTES;
        let shortened = self.shortened.as_deref();
        Some(self.body.as_str())
            .filter(|_| !self.once)
            .filter(fits)
            .or(shortened.filter(fits))
            .unwrap_or(LEFT_OUT)
    }

    pub fn ok(body: &impl Serialize) -> Result<Self> {
        Self::new(StatusCode::OK, body)
    }

    pub fn created(body: &impl Serialize) -> Result<Self> {
        Self::new(StatusCode::CREATED, body)
    }

    /// Done, and nothing to say.
    pub fn no_content() -> Self {
        let body = String::new();
        Self { status: StatusCode::NO_CONTENT, body, shortened: None, once: false, replayed: false }
    }

    /// The reply to an earlier request.
    pub fn replay(status: u16, body: String) -> Result<Self> {
        Ok(Self {
            status: StatusCode::from_u16(status).map_err(Error::internal)?,
            body,
            shortened: None,
            once: false,
            replayed: true,
        })
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let is_empty = self.body.is_empty();
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        match is_empty {
            true => drop(headers.remove(header::CONTENT_TYPE)),
            false => drop(headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))),
        }
        if self.once {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if self.replayed {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::Tree;

    fn of(bytes: usize) -> Reply {
        Reply::ok(&"x".repeat(bytes - 2)).unwrap()
    }

    #[test]
    fn what_is_remembered_fits_whatever_is_said() {
        let short = json!({ "done": true, "warnings": [] });
        for (reply, remembered) in [
            (of(REMEMBERED_BYTES), of(REMEMBERED_BYTES).body),
            (of(REMEMBERED_BYTES).shortened_to(&short).unwrap(), of(REMEMBERED_BYTES).body),
            (of(REMEMBERED_BYTES + 1), LEFT_OUT.into()),
            (of(REMEMBERED_BYTES + 1).shortened_to(&short).unwrap(), short.to_string()),
            (of(6 << 20).shortened_to(&of(6 << 20).body).unwrap(), LEFT_OUT.into()),
        ] {
            assert!(reply.to_remember() == remembered, "{} bytes", reply.body.len());
            assert_eq!(reply.is_long(), reply.to_remember() != reply.body);
        }
        let secret =
            Reply::ok(&json!({ "key": "hunter2" })).unwrap().shown_once(&json!({ "key": null })).unwrap();
        assert_eq!((secret.to_remember(), secret.is_long()), (r#"{"key":null}"#, false));
        assert!(secret.body.contains("hunter2"));
        assert_eq!(secret.into_response().headers()["cache-control"], "no-store");
        let Tree(left_out) = crate::json::from_str(LEFT_OUT).unwrap();
        assert_eq!(left_out["warnings"][0]["code"], "reply_left_out");
    }
}
