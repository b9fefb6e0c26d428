use axum::response::Response;
use serde::Serialize;
use shared::{
    accounts::Presented,
    clock,
    error::Result,
    http::{ctx::Ctx, reply::Reply},
};
use utoipa::ToSchema;

use crate::wire::{AdminOut, uncached};

/// The credential is good.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verified {
    #[schema(example = true)]
    valid: bool,
    admin: AdminOut,
    /// When the session's token ends; null for an API key.
    #[schema(example = "2025-01-21T11:30:00Z")]
    expires_at: Option<String>,
    /// The session's token against forged requests, for a page that was loaded anew; null for an API key.
    #[schema(example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    csrf_token: Option<String>,
}

/// Validates a token, or an API key, and tells whose it is.
#[utoipa::path(get, path = "/api/v1/admin/verify", operation_id = "verify_session",
    responses((status = 200, description = "It is good.", body = Verified)))]
pub async fn handler(ctx: Ctx) -> Result<Response> {
    let user = ctx.user().await?;
    let session = ctx.session.as_ref();
    Ok(uncached(Reply::ok(&Verified {
        valid: true,
        admin: AdminOut::of(&user),
        expires_at: session.map(|session| clock::iso(session.expires_at)),
        csrf_token: session.map(Presented::csrf_token),
    })?))
}
