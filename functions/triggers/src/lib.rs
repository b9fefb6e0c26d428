//! Triggering n8n workflows, and asking how the run is doing.

mod poll;
mod trigger;

use shared::app::SharedApp;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new().routes(routes!(trigger::handler)).routes(routes!(poll::handler))
}
