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

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(register::handler))
        .mount(handler!(list::handler))
        .mount(handler!(get::handler))
        .mount(handler!(delete::handler))
        .mount(handler!(push::handler))
        .mount(handler!(installed::handler))
        .merge(alerts::router())
}
