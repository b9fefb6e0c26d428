//! Errors on the wire. Its one rule: the dialect decides status and envelope ([`super::dialect`]), the headers are everybody's,
//! and a cause never leaves the house.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use std::sync::Arc;

use super::{dialect::Voice, packed, rate};
use crate::error::{Error, ErrorKind};

/// The code of what this machine cannot do at once.
pub const OVERLOADED: &str = "overloaded";

/// The whole reply.
pub fn render(error: &Error, voice: Voice) -> Response {
    let mut response = (voice.status(error.kind), axum::Json(voice.body(error))).into_response();
    let headers = response.headers_mut();
    if let Some(span) = error.retry_after {
        let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    if let Some((limit, reset)) = error.used_up {
        rate::write_headers(headers, limit, 0, reset);
    }
    if error.code == packed::UNSUPPORTED {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(packed::READ));
    }
    if error.kind == ErrorKind::Unauthenticated {
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer, ApiKey header=\"X-API-Key\""),
        );
    }
    response
}

/// An error on its way out: `layers::observe` renders it, because only there the dialect is known for every path.
#[derive(Clone)]
pub(super) struct Unrendered(pub Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Unrendered(Arc::new(self)));
        response
    }
}

/// The log line that an error deserves.
pub fn log(error: &Error) {
    match error.kind {
        ErrorKind::Internal => tracing::error!(%error, "request failed"),
        // Thousands a second when it happens; each has its line with the others that count requests.
        ErrorKind::Unavailable if error.code == OVERLOADED => tracing::debug!(%error, "request refused"),
        ErrorKind::Upstream | ErrorKind::UpstreamTimeout | ErrorKind::Unavailable => {
            tracing::warn!(%error, "request failed");
        }
        ErrorKind::Forbidden | ErrorKind::TooLarge | ErrorKind::RateLimited => {
            tracing::info!(%error, "request refused");
        }
        _ => tracing::debug!(%error, "request refused"),
    }
}

/// An envelope as the API document describes it.
pub fn schema_example(kind: ErrorKind, voice: Voice) -> Map<String, Value> {
    let error = match kind {
        ErrorKind::Invalid => Error::invalid("title", "is required"),
        ErrorKind::Malformed => {
            Error::new(kind, "malformed_json", "The body is not JSON: expected value at line 1 column 1.")
        }
        ErrorKind::NotFound => Error::not_found("payload"),
        ErrorKind::Unauthenticated => Error::new(kind, "missing_api_key", super::credential::NO_KEY),
        ErrorKind::CredentialRejected => {
            Error::new(kind, "invalid_api_key", "The API key is invalid, expired or revoked.")
        }
        ErrorKind::Forbidden => Error::new(kind, "forbidden", "This key may not do that."),
        ErrorKind::MethodNotAllowed => {
            Error::new(kind, "method_not_allowed", "This address does not answer that method.")
        }
        ErrorKind::Conflict => {
            Error::new(kind, "idempotency_key_reused", "This key was used for another request.")
        }
        ErrorKind::WrongState => Error::new(kind, "already_decided", "It was approved already."),
        ErrorKind::TooLarge => Error::new(kind, "body_too_large", "The body is larger than 6291456 bytes."),
        ErrorKind::UnsupportedMedia => Error::new(kind, "not_json", "Send the body as application/json."),
        ErrorKind::RateLimited => Error::new(kind, "rate_limited", "More than 60 requests in this minute."),
        ErrorKind::Upstream => Error::new(kind, "n8n_error", "n8n answered 500."),
        ErrorKind::UpstreamTimeout => Error::new(kind, "n8n_timeout", "n8n did not answer in time."),
        ErrorKind::Unavailable => Error::unavailable("example"),
        ErrorKind::Internal => Error::internal("example"),
    };
    match voice.body(&error) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
