//! Files of media items: they come with a form, or to an address of their own, and are given out under addresses that end.

mod give;
pub mod intake;
mod put;
mod upload;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new().routes(routes!(upload::handler)).routes(routes!(put::handler)).routes(routes!(give::handler))
}
