//! Triggering n8n workflows, and asking how the run is doing.

mod poll;
mod trigger;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new().mount(handler!(trigger::handler)).mount(handler!(poll::handler))
}
