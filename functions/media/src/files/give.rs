use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use http::header;
use shared::{
    app::SharedApp, blobs::BlobError, error::Error, files::disposition, http::extract::PathText,
    ops::file_bytes,
};

use super::FileBytes;

/// Gives a file out, at the address that stood in `download_url`. In AWS that address is the store's own.
#[utoipa::path(get, path = "/files/{token}", operation_id = "get_file",
    params(("token" = String, Path, max_length = 4096, description = "The last part of the address.")),
    responses((status = 200, description = "The file.", body = FileBytes, content_type = "application/octet-stream")))]
pub async fn handler(State(app): State<SharedApp>, PathText(token): PathText) -> Result<Response, Error> {
    let file = file_bytes::give(app, &token).await?;
    let is_whole = file.is_whole();
    let headers = [
        (header::CONTENT_TYPE, file.content_type),
        (header::CONTENT_LENGTH, file.bytes.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&file.name)),
        // What a stranger uploaded is never run as a page of ours.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".into()),
        (header::CACHE_CONTROL, "private, no-store".into()),
    ];
    let first = file.first;
    let body = if is_whole {
        Body::from(first)
    } else {
        Body::from_stream(stream::once(async { Ok::<_, BlobError>(first) }).chain(file.rest))
    };
    Ok((headers, body).into_response())
}
