//! The organization itself: its account, its billing, its projects, its client groups.
//!
//! Its one rule: the plan is shown here and never changed: what is paid is the operator's to know.

mod account;
mod billing;
mod groups;
mod projects;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(account::get::handler))
        .mount(handler!(account::update::handler))
        .mount(handler!(billing::get::handler))
        .mount(handler!(billing::update::handler))
        .mount(handler!(groups::list::handler))
        .mount(handler!(groups::create::handler))
        .mount(handler!(groups::update::handler))
        .mount(handler!(groups::delete::handler))
        .mount(handler!(projects::list::handler))
        .mount(handler!(projects::create::handler))
        .mount(handler!(projects::get::handler))
        .mount(handler!(projects::update::handler))
        .mount(handler!(projects::delete::handler))
}
