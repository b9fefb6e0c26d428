//! The people of an organization: invited, shown, changed, removed. What they do themselves, accepting an invitation and choosing a
//! password, is in `sessions`.
//!
//! Its one rule: the text of an invitation, and of a way to another password, is in one reply, and in nothing that is stored of it.

mod get;
mod input;
mod invite;
mod list;
mod password_reset;
mod remove;
mod update;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(list::handler))
        .mount(handler!(invite::handler))
        .mount(handler!(get::handler))
        .mount(handler!(update::handler))
        .mount(handler!(remove::handler))
        .mount(handler!(invite::again))
        .mount(handler!(password_reset::handler))
}
