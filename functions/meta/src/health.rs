use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{app::SharedApp, clock, error::Error, http::reply::Reply};
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

/// Tells whether the service can work: 200, or 503 when its store does not answer. Needs no credential.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "service", responses((status = 200, description = "It works.", body = Health)))]
pub async fn health(State(app): State<SharedApp>) -> Response {
    answer(&app).await
}

/// The same under the versioned prefix.
#[utoipa::path(get, path = "/api/v1/health", operation_id = "health_v1", tag = "service", responses((status = 200, description = "It works.", body = Health)))]
pub async fn health_v1(State(app): State<SharedApp>) -> Response {
    answer(&app).await
}

async fn answer(app: &SharedApp) -> Response {
    if !app.healthy().await {
        return Error::unavailable("the store does not answer").with("status", "degraded").into_response();
    }
    let health = Health { status: "ok", version: env!("CARGO_PKG_VERSION"), time: clock::iso(app.now()) };
    Reply::ok(&health).into_response()
}
