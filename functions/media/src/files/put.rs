use axum::{
    body::BodyDataStream,
    extract::{Request, State},
};
use futures::StreamExt;
use serde::Serialize;
use shared::{
    app::SharedApp,
    blobs::{BlobKey, Pieces},
    domain::file::{Upload, blob_name},
    error::{Error, ErrorKind, OrNotFound, Result},
    files::{self, Link, Purpose},
    http::{extract::PathText, layers, reply::Reply},
};
use utoipa::ToSchema;

use super::FileBytes;

/// The file is here.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadedFile {
    success: bool,
    #[schema(example = 73_400_320)]
    bytes: u64,
}

/// Takes the bytes of a file, at the address that `POST /api/media/uploads` gave. In AWS that address is the store's own.
#[utoipa::path(put, path = "/files/{token}", operation_id = "put_file",
    params(("token" = String, Path, max_length = 4096, description = "The last part of the address.")),
    request_body(content = FileBytes, content_type = "application/octet-stream"),
    responses((status = 200, description = "Taken.", body = UploadedFile)))]
pub async fn handler(
    State(app): State<SharedApp>,
    PathText(token): PathText,
    request: Request,
) -> Result<Reply> {
    let link = files::open(&app, &token).await?.or_not_found("file")?;
    let Purpose::Up { bytes } = link.purpose else { return Err(Error::not_found("file")) };
    let declared = layers::declared_length(request.headers()).and_then(|length| u64::try_from(length).ok());
    if let Some(declared) = declared.filter(|declared| *declared != bytes) {
        return Err(other_size(declared, bytes));
    }
    let upload = awaited(&app, &link).await?;
    let kind = upload.content_type.as_deref().unwrap_or("application/octet-stream");
    let mut pieces = app.blobs.begin(&BlobKey::of(link.tenant, &blob_name(link.id)), kind);
    fill(&mut *pieces, request.into_body().into_data_stream(), bytes).await?;
    // It may have taken minutes.
    awaited(&app, &link).await?;
    pieces.finish().await?;
    Reply::ok(&UploadedFile { success: true, bytes })
}

/// What the address is for, as long as no media item has it.
async fn awaited(app: &SharedApp, link: &Link) -> Result<Upload> {
    let files = app.repos(link.tenant).files();
    files.upload(link.id).await?.filter(|upload| !upload.dropped).or_not_found("file")
}

/// Hands the body on as it comes, to the byte as long as it was announced.
async fn fill(pieces: &mut dyn Pieces, mut body: BodyDataStream, bytes: u64) -> Result<()> {
    let mut came = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(layers::came_wrong)?;
        came += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if came > bytes {
            break;
        }
        pieces.add(piece).await?;
    }
    if came == bytes { Ok(()) } else { Err(other_size(came, bytes)) }
}

fn other_size(came: u64, bytes: u64) -> Error {
    let message = if came > bytes {
        format!("The body has more than the {bytes} bytes that were announced.")
    } else {
        format!("The body has {came} bytes, and {bytes} were announced.")
    };
    Error::new(ErrorKind::Malformed, "other_size", message)
}
