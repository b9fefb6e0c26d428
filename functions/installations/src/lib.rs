//! n8n instances: registering, listing and deleting them, taking in their pushed executions, listing their workflows,
//! and alerts over all of them.

mod alerts;
mod delete;
mod get;
mod installed;
mod list;
mod push;
mod register;
mod wire;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(register::handler))
        .routes(routes!(list::handler))
        .routes(routes!(get::handler))
        .routes(routes!(delete::handler))
        .routes(routes!(push::handler))
        .routes(routes!(installed::handler))
        .merge(alerts::router())
}
