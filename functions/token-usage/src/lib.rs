//! Token usage: what the model calls of a workflow consumed and cost, what they are to cost, and how much of it there may
//! be.

mod budgets;
mod change;
mod prices;
mod record;
mod records;
mod reprice;
mod stats;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(record::handler))
        .routes(routes!(stats::handler))
        .routes(routes!(records::handler))
        .routes(routes!(reprice::handler))
        .routes(routes!(prices::list::handler))
        .routes(routes!(prices::set::handler))
        .routes(routes!(prices::delete::handler))
        .routes(routes!(budgets::list::handler))
        .routes(routes!(budgets::create::handler))
        .routes(routes!(budgets::get::handler))
        .routes(routes!(budgets::update::handler))
        .routes(routes!(budgets::delete::handler))
}
