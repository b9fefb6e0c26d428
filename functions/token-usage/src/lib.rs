//! Token usage: what the model calls of a workflow consumed and cost.

mod record;
mod stats;

use shared::app::SharedApp;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new().routes(routes!(record::handler)).routes(routes!(stats::handler))
}
