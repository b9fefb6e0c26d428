//! The routes of no document: health, the credential test, the API document and its reader.

mod credential;
mod docs;
mod health;

use shared::app::SharedApp;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::health_v1))
        .routes(routes!(credential::test_credential))
        .routes(routes!(credential::test_credential_auth))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::docs))
        .routes(routes!(docs::docs_file))
}
