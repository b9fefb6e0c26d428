use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    app::SharedApp,
    clock,
    error::{Error, ErrorKind},
    health,
    http::reply::Reply,
};
use utoipa::ToSchema;

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `degraded`.
    #[schema(example = "ok")]
    status: &'static str,
    version: &'static str,
    /// Now, by the server's clock (RFC 3339).
    #[schema(example = "2026-11-22T09:00:00Z")]
    time: String,
}

/// Tells whether the service can work: 200, or 503 with the reason. Needs no credential.
///
/// The `reason` is `store_unreachable` when the store does not answer, and `store_unwritable` when it answers and takes nothing,
/// as on a disk that is full.
#[utoipa::path(get, path = "/health", operation_id = "health", responses((status = 200, description = "It works.", body = Health)))]
pub async fn health(State(app): State<SharedApp>) -> Response {
    answer(&app).await
}

/// The same under the versioned prefix.
#[utoipa::path(get, path = "/api/v1/health", operation_id = "health_v1", responses((status = 200, description = "It works.", body = Health)))]
pub async fn health_v1(State(app): State<SharedApp>) -> Response {
    answer(&app).await
}

/// For how long an answer is believed, and so when it is worth asking again.
const AGAIN: Duration = Duration::from_secs(5);

async fn answer(app: &SharedApp) -> Response {
    let (reason, message) = match app.health().await {
        health::Health::Well => {
            let health =
                Health { status: "ok", version: env!("CARGO_PKG_VERSION"), time: clock::iso(app.now()) };
            return Reply::ok(&health).into_response();
        }
        health::Health::Unreachable => ("store_unreachable", "The store does not answer."),
        health::Health::Unwritable => {
            ("store_unwritable", "Nothing can be written: the disk is full, or may not be written to.")
        }
    };
    let error = Error::new(ErrorKind::Unavailable, "unavailable", message).retry_after(AGAIN);
    error.with("status", "degraded").with("reason", reason).into_response()
}
