//! n8n instances: registering them, taking in their pushed executions, listing their workflows.

mod installed;
mod push;
mod register;

use shared::app::SharedApp;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(register::handler))
        .routes(routes!(push::handler))
        .routes(routes!(installed::handler))
}
