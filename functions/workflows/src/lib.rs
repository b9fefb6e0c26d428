//! Workflows, on the one path that three documents share: a folder for each dialect, with the same files.
//!
//! Its one rule: a folder holds what its dialect says and how it is read. What both do is the same call.

mod b;
mod d;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new().mount(handler!(b::list::handler, d::list::handler)).mount(handler!(b::list::alias))
}
