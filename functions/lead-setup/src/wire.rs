//! What several of these routes say.

use serde::Serialize;
use shared::{error::Result, http::reply::Reply, ids::Id};
use utoipa::ToSchema;

/// A change is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    success: bool,
    #[schema(value_type = u64, example = 12)]
    id: Id,
    #[schema(example = "Updated successfully.")]
    message: &'static str,
}

impl Changed {
    pub fn reply(id: impl Into<Id>, message: &'static str) -> Result<Reply> {
        Reply::ok(&Self { success: true, id: id.into(), message })
    }
}
