//! The local host: every router, every worker and every tick in one process over the embedded engine.
//!
//! Its one rule: it adds wiring and nothing else. What it runs is what Lambda runs.

pub mod cli;
pub mod gate;
pub mod house;
pub mod logging;
pub mod serve;
pub mod welcome;
pub mod workers;

use shared::app::SharedApp;
use utoipa_axum::router::OpenApiRouter;

/// Every route of the product.
pub fn router() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .merge(meta::router())
        .merge(token_usage::router())
        .merge(triggers::router())
        .merge(payloads::router())
        .merge(media::router())
        .merge(pipeline::router())
        .merge(reviews::router())
        .merge(installations::router())
        .merge(sessions::router())
        .merge(companion::router())
        .merge(connect::router())
        .merge(leads::router())
}

/// The API document of every route, as text.
pub fn api_document() -> String {
    let (_, api) = router().split_for_parts();
    format!("{:#}", shared::http::openapi::complete(api))
}
