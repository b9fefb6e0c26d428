use axum::extract::State;
use serde::Serialize;
use shared::{
    app::SharedApp,
    blobs::BlobKey,
    domain::file::blob_name,
    error::{Error, ErrorKind, OrNotFound, Result},
    files::{self, Purpose},
    http::{
        extract::{PathText, RawBytes},
        reply::Reply,
    },
    repo::files::Files,
};
use utoipa::ToSchema;

/// The file is here.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadedFile {
    success: bool,
    #[schema(example = 73_400_320)]
    bytes: u64,
}

/// Takes the bytes of a file, at the address that `POST /api/media/uploads` gave. In AWS that address is the store's own.
#[utoipa::path(put, path = "/files/{token}", operation_id = "put_file", tag = "media",
    params(("token" = String, Path, description = "The last part of the address.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "Taken.", body = UploadedFile)))]
pub async fn handler(
    State(app): State<SharedApp>,
    PathText(token): PathText,
    RawBytes(body): RawBytes,
) -> Result<Reply> {
    let link = files::open(&app, &token).await?.or_not_found("file")?;
    let Purpose::Up { bytes } = link.purpose else { return Err(Error::not_found("file")) };
    if u64::try_from(body.len()).ok() != Some(bytes) {
        let message = format!("The body has {} bytes, and {bytes} were announced.", body.len());
        return Err(Error::new(ErrorKind::Malformed, "other_size", message));
    }
    let files = Files { store: &*app.store, tenant: link.tenant };
    let upload = files.upload(link.id).await?.filter(|upload| !upload.dropped).or_not_found("file")?;
    let kind = upload.content_type.as_deref().unwrap_or("application/octet-stream");
    app.blobs.put(&BlobKey::of(link.tenant, &blob_name(link.id)), kind, body).await?;
    Reply::ok(&UploadedFile { success: true, bytes })
}
