//! API keys: what programs call with. Made, shown without what makes them keys, counted, rotated, revoked.
//!
//! Its one rule: the text of a key is in one reply, and in nothing that is stored of it.

mod create;
mod get;
mod input;
mod list;
mod revoke;
mod rotate;
mod usage;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(list::handler))
        .mount(handler!(create::handler))
        .mount(handler!(usage::handler))
        .mount(handler!(get::handler))
        .mount(handler!(revoke::handler))
        .mount(handler!(rotate::handler))
}
