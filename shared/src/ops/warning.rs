//! What was done all the same, and what the caller should know of it.

use serde::Serialize;

/// Something that the caller should know of what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Warning {
    #[schema(example = "response_left_out")]
    pub code: &'static str,
    #[schema(example = "n8n's answer is left out.")]
    pub message: String,
}
