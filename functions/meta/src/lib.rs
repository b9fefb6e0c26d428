//! The routes of no document: the first address that people type, health, the credential test, the API document and its
//! reader.

mod credential;
mod docs;
mod health;
mod home;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(home::home))
        .routes(routes!(health::health))
        .routes(routes!(health::health_v1))
        .routes(routes!(credential::test_credential))
        .routes(routes!(credential::test_credential_auth))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::docs))
        .routes(routes!(docs::docs_file))
}
