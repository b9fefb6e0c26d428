use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::header;
use shared::{
    app::SharedApp,
    blobs::{BlobError, BlobKey},
    domain::file::blob_name,
    error::{Error, OrNotFound},
    files::{self, Purpose, disposition},
    http::extract::PathText,
};

use super::FileBytes;

/// So much of a file is in memory for each who reads it.
const AT_ONCE: usize = 256 * 1024;

/// Gives a file out, at the address that stood in `download_url`. In AWS that address is the store's own.
#[utoipa::path(get, path = "/files/{token}", operation_id = "get_file",
    params(("token" = String, Path, max_length = 4096, description = "The last part of the address.")),
    responses((status = 200, description = "The file.", body = FileBytes, content_type = "application/octet-stream")))]
pub async fn handler(State(app): State<SharedApp>, PathText(token): PathText) -> Result<Response, Error> {
    let link = files::open(&app, &token).await?.or_not_found("file")?;
    let Purpose::Down { bytes, version, content_type, name } = link.purpose else {
        return Err(Error::not_found("file"));
    };
    let key = BlobKey::of(link.tenant, &blob_name(link.id));
    let first = app.blobs.part(&key, &version, 0, AT_ONCE).await?.or_not_found("file")?;
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&name)),
        // What a stranger uploaded is never run as a page of ours.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".into()),
        (header::CACHE_CONTROL, "private, no-store".into()),
    ];
    let body = if length(&first) == bytes { Body::from(first) } else { whole(app, key, version, first) };
    Ok((headers, body).into_response())
}

/// The file as fast as it is read. One that is deleted meanwhile breaks off, which its length tells.
fn whole(app: SharedApp, key: BlobKey, version: String, first: Bytes) -> Body {
    let from = length(&first);
    let rest = stream::try_unfold((app, key, version, from), async |(app, key, version, from)| {
        let part = app.blobs.part(&key, &version, from, AT_ONCE).await?;
        let part =
            part.ok_or_else(|| BlobError::Unavailable("the file was deleted while it was read".into()))?;
        let next = from + length(&part);
        Ok::<_, BlobError>((next > from).then_some((part, (app, key, version, next))))
    });
    Body::from_stream(stream::once(async { Ok(first) }).chain(rest))
}

fn length(part: &Bytes) -> u64 {
    u64::try_from(part.len()).unwrap_or(u64::MAX)
}
