//! The routes of no document: the first address that people type, health, the credential test, the API document and its
//! reader.

mod credential;
mod docs;
mod health;
mod home;
mod join;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(home::home))
        .mount(handler!(join::handler))
        .mount(handler!(health::health))
        .mount(handler!(health::health_v1))
        .mount(handler!(credential::test_credential))
        .mount(handler!(credential::test_credential_auth))
        .mount(handler!(docs::openapi))
        .mount(handler!(docs::openapi_of_dialect))
        .mount(handler!(docs::docs))
        .mount(handler!(docs::docs_file))
}
