//! The pipeline of leads: the statuses they go through, the fields an organization gives them, and the columns that each
//! user looks at.

mod change;
mod fields;
mod statuses;
mod view;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(statuses::list::handler))
        .routes(routes!(statuses::create::handler))
        .routes(routes!(statuses::reorder::handler))
        .routes(routes!(statuses::update::handler))
        .routes(routes!(statuses::delete::handler))
        .routes(routes!(fields::list::handler))
        .routes(routes!(fields::create::handler))
        .routes(routes!(fields::update::handler))
        .routes(routes!(fields::delete::handler))
        .routes(routes!(view::get))
        .routes(routes!(view::set))
}
