//! Files of media items: they come with a form, or to an address of their own, and are given out under addresses that end.

mod give;
mod put;
mod upload;

use shared::http::{
    group::{Routes, handler},
    input::{describe::plain, json},
};
use utoipa::{PartialSchema, ToSchema, openapi};

/// The bytes of a file, which are streamed.
pub struct FileBytes;

impl PartialSchema for FileBytes {
    fn schema() -> openapi::RefOr<openapi::Schema> {
        plain(json!({
            "type": "string", "format": "binary", "maxLength": 104_857_600, "description": "The bytes of a file.",
        }))
    }
}

impl ToSchema for FileBytes {}

pub fn router<R: Routes>() -> R {
    R::new().mount(handler!(upload::handler)).mount(handler!(put::handler)).mount(handler!(give::handler))
}
