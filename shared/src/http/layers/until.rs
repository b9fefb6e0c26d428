//! Requests that end in time.
//!
//! Its one rule: whoever called hears from us. A host that ends a request by itself says nothing, and starts anew for the next one.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    app::SharedApp,
    clock::{Deadline, Millis},
    error::Error,
};

/// When the answer must be there, as a request's extension: where its host ends it. None where there is no such end.
#[derive(Debug, Clone, Copy)]
pub struct Until(pub Millis);

/// Answers 503 when there is no other answer in time. What was under way may have been done: a repeat with the same
/// `Idempotency-Key` tells.
pub(super) async fn in_time(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let Some(Until(end)) = request.extensions().get().copied() else { return next.run(request).await };
    match tokio::time::timeout(Deadline::at(end).left(app.now()), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Error::unavailable("there was no answer in time").into_response(),
    }
}
