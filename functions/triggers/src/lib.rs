//! Triggering n8n workflows, and asking how the run is doing.

mod errors;
mod poll;
mod trigger;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new().routes(routes!(trigger::handler)).routes(routes!(poll::handler))
}
