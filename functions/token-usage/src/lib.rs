//! Token usage: what the model calls of a workflow consumed and cost, what they are to cost, and how much of it there may
//! be.

mod budgets;
mod prices;
mod record;
mod records;
mod reprice;
mod stats;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(record::handler))
        .mount(handler!(stats::handler))
        .mount(handler!(records::handler))
        .mount(handler!(reprice::handler))
        .mount(handler!(prices::list::handler))
        .mount(handler!(prices::set::handler))
        .mount(handler!(prices::delete::handler))
        .mount(handler!(budgets::list::handler))
        .mount(handler!(budgets::create::handler))
        .mount(handler!(budgets::get::handler))
        .mount(handler!(budgets::update::handler))
        .mount(handler!(budgets::delete::handler))
}
