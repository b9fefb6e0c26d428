//! What several of these routes say.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use shared::{domain::org::User, http::reply::Reply, ids::UserId};
use utoipa::ToSchema;

/// The user behind a credential. Called `admin` whatever the role.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminOut {
    #[schema(value_type = u64)]
    id: UserId,
    #[schema(example = "john.doe@example.com")]
    username: String,
    #[schema(example = "john.doe@example.com")]
    email: String,
    /// `admin`, `editor`, `viewer` or `approver`.
    #[schema(example = "editor")]
    role: &'static str,
    #[schema(example = 240_518_168_576_001_u64)]
    organization_id: u64,
}

impl AdminOut {
    pub fn of(user: &User) -> Self {
        Self {
            id: user.id,
            username: user.email.clone(),
            email: user.email.clone(),
            role: user.role.as_str(),
            organization_id: user.tenant.0,
        }
    }
}

/// Something was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionDone)]
pub struct Done {
    pub success: bool,
    #[schema(example = "Password changed.")]
    pub message: &'static str,
}

/// A reply that holds a credential and is not to be kept by anything on its way.
pub fn uncached(reply: Reply) -> Response {
    let mut response = reply.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
