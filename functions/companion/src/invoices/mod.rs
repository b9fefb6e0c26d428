//! Invoices: what a workflow has billed, and how far that has come.

mod create;
mod delete;
mod get;
mod input;
mod list;
mod status;
mod update;
mod wire;

use shared::app::SharedApp;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handler))
        .routes(routes!(list::handler))
        .routes(routes!(get::handler))
        .routes(routes!(update::handler))
        .routes(routes!(delete::handler))
        .routes(routes!(status::handler))
}
