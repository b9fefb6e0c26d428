//! The pipeline of leads: the statuses they go through, the fields an organization gives them, and the columns that each
//! user looks at.

mod fields;
mod statuses;
mod view;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(statuses::list::handler))
        .mount(handler!(statuses::create::handler))
        .mount(handler!(statuses::reorder::handler))
        .mount(handler!(statuses::update::handler))
        .mount(handler!(statuses::delete::handler))
        .mount(handler!(fields::list::handler))
        .mount(handler!(fields::create::handler))
        .mount(handler!(fields::update::handler))
        .mount(handler!(fields::delete::handler))
        .mount(handler!(view::get))
        .mount(handler!(view::set))
}
