use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use shared::{
    app::SharedApp,
    blobs::BlobKey,
    domain::file::blob_name,
    error::{Error, OrNotFound},
    files::{self, Purpose, disposition},
    http::extract::PathText,
};

/// Gives a file out, at the address that stood in `download_url`. In AWS that address is the store's own.
#[utoipa::path(get, path = "/files/{token}", operation_id = "get_file", tag = "media",
    params(("token" = String, Path, description = "The last part of the address.")),
    responses((status = 200, description = "The file.", body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn handler(State(app): State<SharedApp>, PathText(token): PathText) -> Result<Response, Error> {
    let link = files::open(&app, &token).await?.or_not_found("file")?;
    let Purpose::Down { version, content_type, name } = link.purpose else {
        return Err(Error::not_found("file"));
    };
    let key = BlobKey::of(link.tenant, &blob_name(link.id));
    let body = app.blobs.get(&key, Some(&version)).await?.or_not_found("file")?;
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, disposition(&name)),
        // What a stranger uploaded is never run as a page of ours.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".into()),
        (header::CACHE_CONTROL, "private, no-store".into()),
    ];
    Ok((headers, body).into_response())
}
