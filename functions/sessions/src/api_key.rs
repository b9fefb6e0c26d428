//! The user's own API key. Its text is in a reply twice at most: when its owner copies a key that was made for him, and
//! when he regenerates it.

use axum::response::Response;
use secrecy::ExposeSecret;
use serde::Serialize;
use shared::{
    clock,
    domain::{api_key::ApiKey, org::User},
    error::{Error, ErrorKind, Result},
    http::{
        ctx::{Ctx, Refused},
        reply::Reply,
    },
    ids::ApiKeyId,
    repo::orgs,
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
#[utoipa::path(get, path = "/api/user/api-key", operation_id = "get_own_api_key", tag = "sessions",
    responses((status = 200, description = "The key.", body = OwnKey)))]
pub async fn get(ctx: Ctx) -> Result<Reply> {
    let (_, key) = own(&ctx).await?;
    let key = key.ok_or_else(none)?;
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
#[utoipa::path(post, path = "/api/user/api-key/copy", operation_id = "copy_own_api_key", tag = "sessions",
    responses((status = 200, description = "The key, and never again.", body = ShownKey)))]
pub async fn copy(ctx: Ctx) -> Result<Response> {
    let (_, key) = own(&ctx).await?;
    let key = key.ok_or_else(none)?;
    if !key.usable(ctx.now) {
        return Err(Error::new(
            ErrorKind::WrongState,
            "api_key_ended",
            "The key was revoked or has expired. Regenerate it.",
        ));
    }
    let sealed = key.sealed_text.as_deref().ok_or_else(copied)?;
    let text = ctx.app.sealer.open(ctx.tenant(), &ApiKey::seal_record(key.id), sealed).await?;
    let shown = shown(&key, text.expose_secret())?;
    // Whoever else copies it at the same moment finds the condition broken.
    let committed = ctx.commit(vec![orgs::forget_key_text(&key.hash)], shown).await;
    committed.map(uncached).map_err(|refused| match refused {
        Refused::Write(..) => copied(),
        refused => refused.into(),
    })
}

/// Ends the user's own API key at once and makes a new one, whose text is in this reply only.
///
/// The new key may do what the user's role allows now. Whatever used the old one has to be given the new one.
#[utoipa::path(post, path = "/api/user/api-key/regenerate", operation_id = "regenerate_own_api_key", tag = "sessions",
    responses((status = 200, description = "The new key.", body = ShownKey)))]
pub async fn regenerate(ctx: Ctx) -> Result<Response> {
    let (user, old) = own(&ctx).await?;
    let (new, text, writes) = ctx.app.regenerate_personal_key(&user, old.as_ref()).await?;
    let reply = ctx.commit(writes, shown(&new, text.expose_secret())?).await?;
    if let Some(old) = old {
        ctx.app.forget_key(&old);
    }
    Ok(uncached(reply))
}

async fn own(ctx: &Ctx) -> Result<(User, Option<ApiKey>)> {
    let user = ctx.user().await?;
    let key = match &user.api_key {
        Some(hash) => orgs::key(&*ctx.app.store, hash).await?,
        None => None,
    };
    Ok((user, key))
}

fn shown(key: &ApiKey, text: &str) -> Result<Reply> {
    let message = "Keep it now: it is not shown again.";
    Reply::ok(&ShownKey { success: true, id: key.id, api_key: text.to_owned(), message })
}

fn none() -> Error {
    Error::new(ErrorKind::NotFound, "no_api_key", "You have no API key of your own. Regenerate makes one.")
}

fn copied() -> Error {
    Error::new(
        ErrorKind::WrongState,
        "already_copied",
        "The key was shown already, and only its hash is kept. Regenerate it if it is lost.",
    )
}
