//! What happened: the log of events, and the audit log.
//!
//! Its one rule: it reads. What happened is written by whoever did it, in the transaction of what was done.

mod b;
mod c;
mod types;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(b::list::handler))
        .mount(handler!(b::types::handler))
        .mount(handler!(c::list::handler))
        .mount(handler!(c::export::handler))
}
