//! Bodies, read as a whole: up to the limit, and unpacked up to the same.

use axum::body::{Body, Bytes};
use http::{HeaderMap, header};

use super::super::packed;
use crate::{
    app::SharedApp,
    error::{Error, ErrorKind, Result},
};

/// Reads a body up to the limit, and unpacks it up to the same. A declared length over it is refused before a byte is read. A
/// body that is there as a whole is handed on without a copy.
pub(in crate::http) async fn read_body(app: &SharedApp, headers: &HeaderMap, body: Body) -> Result<Bytes> {
    let limit = app.settings.max_body_bytes;
    if declared_length(headers).is_some_and(|declared| declared > limit) {
        return Err(too_large(limit));
    }
    match axum::body::to_bytes(body, limit).await {
        Ok(body) => packed::unpack(headers, body, limit, || too_large(limit)),
        Err(error) if is_length_limit(&error) => Err(too_large(limit)),
        Err(error) => Err(broken_off(error)),
    }
}

/// What the request says of its body's length.
pub fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// The refusal of a body over the limit.
pub fn too_large(limit: usize) -> Error {
    Error::new(ErrorKind::TooLarge, "body_too_large", format!("The body is larger than {limit} bytes."))
}

/// The refusal of a body that came in pieces and not to its end: the host's own, where it gave one.
pub fn came_wrong(cause: axum::Error) -> Error {
    match cause.into_inner().downcast::<Error>() {
        Ok(refusal) => *refusal,
        Err(cause) => broken_off(cause),
    }
}

/// The refusal of a body that did not come to its end.
pub fn broken_off(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Malformed, "body_unreadable", "The body ended too early.").caused_by(cause)
}

fn is_length_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}
