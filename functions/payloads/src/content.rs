//! The content of a payload: in the item when it is small, in the blob store otherwise.

use bytes::Bytes;
use shared::{
    blobs::BlobKey,
    domain::payload::{Body, INLINE_BYTES, Payload},
    error::{Error, ErrorKind, Result},
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
    let text = Bytes::from(text);
    let version = ctx.app.blobs.put(&key(ctx, id), "application/json", text.clone()).await?;
    Ok(Body::apart(version, &text))
}

/// The content that lies in the item; null when it lies apart.
pub fn inline(body: &Body) -> Result<Json> {
    match body {
        Body::Inline(text) => Json::stored(text.clone()).map_err(Error::unreadable),
        Body::Blob { .. } => Ok(Json::null()),
    }
}

/// The content, wherever it lies. What was lost or altered where it lies is an error of this payload: nothing else reads it,
/// and it can be listed, decided on, replaced and deleted all the same.
pub async fn fetch(ctx: &Ctx, payload: &Payload) -> Result<Json> {
    let Body::Blob { version, .. } = &payload.body else { return inline(&payload.body) };
    let id = payload.subject.id;
    let broken = |code, what: &str| {
        let message = format!(
            "The content of this payload {what}. Everything else of it is there; send its content again."
        );
        Error::new(ErrorKind::Internal, code, message).caused_by(format!("payload {id}, version {version}"))
    };
    let body = ctx.app.blobs.get(&key(ctx, id), Some(version)).await?;
    let body = body.ok_or_else(|| broken("content_missing", "is missing"))?;
    if !payload.body.is_of(&body) {
        return Err(broken("content_altered", "is not what was stored"));
    }
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
