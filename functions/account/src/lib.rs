//! The organization itself: its account, its billing, its projects, its client groups.
//!
//! Its one rule: the plan is looked at here and never changed: who pays for it decides, and that is the operator's to know.

mod account;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new().mount(handler!(account::get::handler))
}
