//! n8n instances: registering them, taking in their pushed executions, listing their workflows.

mod installed;
mod push;
mod register;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(register::handler))
        .routes(routes!(push::handler))
        .routes(routes!(installed::handler))
}
