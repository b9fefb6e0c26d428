//! The user's own API key. Its text is in a reply twice at most: when its owner copies a key that was made for him, and
//! when he regenerates it.

use axum::response::Response;
use secrecy::ExposeSecret;
use serde::Serialize;
use shared::{
    clock,
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    ids::ApiKeyId,
    ops::own_account::{self, copy_key, no_key, own_key, regenerate_key},
};
use utoipa::ToSchema;

use crate::wire::uncached;

/// A key, without what makes it one.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnKey {
    #[schema(value_type = u64)]
    id: ApiKeyId,
    #[schema(example = "default")]
    name: String,
    /// Where the key begins and how it ends.
    #[schema(example = "btn_live_…wxyz")]
    api_key: String,
    #[schema(example = "wxyz")]
    last4: String,
    scopes: Vec<String>,
    #[schema(example = "2025-01-21T10:30:00Z")]
    created_at: String,
    expires_at: Option<String>,
    /// False once it was revoked or has expired.
    active: bool,
    /// Whether its text may still be copied, once.
    can_copy: bool,
}

/// A key with its text, this once.
#[derive(Serialize, ToSchema)]
pub struct ShownKey {
    success: bool,
    #[schema(value_type = u64)]
    id: ApiKeyId,
    #[schema(example = "btn_live_0123456789abcdefghijABCDEFGHIJ000000")]
    api_key: String,
    #[schema(example = "Keep it now: it is not shown again.")]
    message: &'static str,
}

/// Shows the user's own API key, redacted.
#[utoipa::path(get, path = "/api/user/api-key", operation_id = "get_own_api_key",
    responses((status = 200, description = "The key.", body = OwnKey)))]
pub async fn get(ctx: Ctx) -> Result<Reply> {
    let key = own_key(&ctx).await?.1.ok_or_else(no_key)?;
    let active = key.usable(ctx.now);
    Reply::ok(&OwnKey {
        id: key.id,
        api_key: key.redacted(),
        active,
        can_copy: active && key.sealed_text.is_some(),
        created_at: clock::iso(key.created_at),
        expires_at: key.expires_at.map(clock::iso),
        name: key.name,
        last4: key.last4,
        scopes: key.scopes,
    })
}

/// Shows the text of the user's own API key, once.
///
/// A key that was made for a new user waits to be copied. One that was shown when it was made is 409 `already_copied`.
#[utoipa::path(post, path = "/api/user/api-key/copy", operation_id = "copy_own_api_key",
    responses((status = 200, description = "The key, and never again.", body = ShownKey)))]
pub async fn copy(ctx: Ctx) -> Result<Response> {
    ctx.answer(shown, async |act| copy_key(act).await).await.map(uncached)
}

/// Ends the user's own API key at once and makes a new one, whose text is in this reply only.
///
/// The new key may do what the user's role allows now. Whatever used the old one has to be given the new one.
#[utoipa::path(post, path = "/api/user/api-key/regenerate", operation_id = "regenerate_own_api_key",
    responses((status = 200, description = "The new key.", body = ShownKey)))]
pub async fn regenerate(ctx: Ctx) -> Result<Response> {
    ctx.answer(shown, async |act| regenerate_key(act).await).await.map(uncached)
}

fn shown(key: &own_account::ShownKey) -> Result<Reply> {
    let message = "Keep it now: it is not shown again.";
    let api_key = key.text.expose_secret().to_owned();
    Reply::ok(&ShownKey { success: true, id: key.id, api_key, message })
}
