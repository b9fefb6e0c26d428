//! Files of media items: they come with a form, or to an address of their own, and are given out under addresses that end.

mod give;
mod put;
mod upload;

use shared::http::group::{Routes, handler};
use utoipa::ToSchema;

/// The bytes of a file.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary, max_length = 104_857_600)]
#[expect(dead_code, reason = "describes bodies that are streamed")]
pub struct FileBytes(Vec<u8>);

pub fn router<R: Routes>() -> R {
    R::new().mount(handler!(upload::handler)).mount(handler!(put::handler)).mount(handler!(give::handler))
}
