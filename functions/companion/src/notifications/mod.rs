//! Notifications: a workflow sends them, people read them.

mod create;
mod list;
mod mark;

use shared::app::SharedApp;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handler))
        .routes(routes!(list::handler))
        .routes(routes!(mark::handler))
}
