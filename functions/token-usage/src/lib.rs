//! Token usage: what the model calls of a workflow consumed and cost.

mod record;
mod records;
mod stats;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new().routes(routes!(record::handler)).routes(routes!(stats::handler)).routes(routes!(records::handler))
}
