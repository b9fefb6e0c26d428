use axum::extract::{Request, State};
use futures::TryStreamExt;
use serde::Serialize;
use shared::{
    app::SharedApp,
    error::Result,
    http::{extract::PathText, layers, reply::Reply},
    ops::file_bytes,
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
    let declared = layers::declared_length(request.headers()).and_then(|length| u64::try_from(length).ok());
    let body = request.into_body().into_data_stream().map_err(layers::came_wrong);
    let bytes = file_bytes::take(&app, &token, declared, body).await?;
    Reply::ok(&UploadedFile { success: true, bytes })
}
