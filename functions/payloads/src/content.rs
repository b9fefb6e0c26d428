//! The content of a payload: in the item when it is small, in the blob store otherwise.

use bytes::Bytes;
use shared::{
    blobs::BlobKey,
    domain::payload::{Body, INLINE_BYTES, Payload},
    error::{Error, Result},
    http::ctx::{Ctx, Refused},
    ids::Id,
    json::Json,
};

/// Stores the content of a payload. What lies apart is written before the item that points at it.
pub async fn store(ctx: &Ctx, id: Id, content: &Json) -> Result<Body> {
    let text = content.as_str().to_owned();
    if text.len() <= INLINE_BYTES {
        return Ok(Body::Inline(text));
    }
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let version = ctx.app.blobs.put(&key(ctx, id), "application/json", Bytes::from(text)).await?;
    Ok(Body::Blob { version, bytes })
}

/// The content that lies in the item; null when it lies apart.
pub fn inline(body: &Body) -> Result<Json> {
    match body {
        Body::Inline(text) => Json::stored(text.clone()).map_err(Error::unreadable),
        Body::Blob { .. } => Ok(Json::null()),
    }
}

/// The content, wherever it lies.
pub async fn fetch(ctx: &Ctx, payload: &Payload) -> Result<Json> {
    let Body::Blob { version, .. } = &payload.body else { return inline(&payload.body) };
    let missing = || Error::internal(format!("the content of payload {} is missing", payload.subject.id));
    let body = ctx.app.blobs.get(&key(ctx, payload.subject.id), Some(version)).await?.ok_or_else(missing)?;
    let text = String::from_utf8(body.into()).map_err(Error::unreadable)?;
    Json::stored(text).map_err(Error::unreadable)
}

/// Deletes content that nothing points at any more.
pub async fn discard(ctx: &Ctx, id: Id, body: &Body) {
    if let Body::Blob { version, .. } = body
        && let Err(error) = ctx.app.blobs.delete(&key(ctx, id), version).await
    {
        // It costs storage until the bucket's lifecycle finds it, and nobody can read it.
        tracing::warn!(%error, payload = %id, "content could not be deleted");
    }
}

/// Deletes content whose item was refused. Where it is only not known whether the item was written, it may stand and
/// point at this, so the content stays.
pub async fn discard_refused(ctx: &Ctx, id: Id, body: &Body, refused: &Refused) {
    if matches!(refused, Refused::Write(..)) {
        discard(ctx, id, body).await;
    }
}

fn key(ctx: &Ctx, id: Id) -> BlobKey {
    BlobKey::of(ctx.tenant(), &Payload::blob_name(id))
}
