use std::collections::BTreeMap;

use serde::Serialize;
use shared::{
    clock,
    domain::file::content_type,
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, MAX_WHOLE},
        reply::Reply,
    },
    ids::FileId,
    ops::files::{self, Reserved},
};
use utoipa::ToSchema;

/// A file that is going to be uploaded.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateUpload {
    #[schema(max_length = 255, example = "clip.mp4")]
    file_name: String,
    /// Its exact size.
    #[schema(minimum = 0, example = 73_400_320)]
    bytes: u64,
    /// The media type that it will be sent with.
    #[schema(max_length = 100, example = "video/mp4")]
    content_type: Option<String>,
}

/// Where to upload it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedUpload {
    success: bool,
    /// For `POST /api/media`, when the file is uploaded.
    #[schema(value_type = u64, example = 42)]
    upload_id: FileId,
    #[schema(example = "PUT")]
    method: &'static str,
    /// Takes the bytes of the file as its body, without a credential.
    #[schema(example = "https://baton.example.com/files/…")]
    url: String,
    /// To be sent with them.
    #[schema(value_type = Object, example = json!({ "content-type": "video/mp4" }))]
    headers: BTreeMap<&'static str, String>,
    /// Until when the address works.
    #[schema(example = "2025-01-21T10:45:00Z")]
    expires_at: String,
    #[schema(example = "Upload the file to the address, then create a media item with its upload_id.")]
    message: &'static str,
}

/// Makes room for a file, and an address to upload it to: for files that do not fit into a request.
///
/// Upload the file with `PUT` to `url` within a quarter of an hour, then create a media item with `upload_id` within the hour; a file
/// that no media item has taken by then is deleted.
#[utoipa::path(post, path = "/api/media/uploads", operation_id = "create_media_upload", tag = "media",
    request_body = CreateUpload, responses((status = 201, description = "There is room for it.", body = CreatedUpload)))]
pub async fn handler(ctx: Ctx, mut fields: Fields) -> Result<Reply> {
    let name = fields.required_text("file_name", 255);
    let bytes = fields.required_whole("bytes", MAX_WHOLE);
    let sent = fields.text("content_type", 100);
    let kind = sent.as_deref().and_then(content_type);
    if sent.is_some() && kind.is_none() {
        fields.refuse("content_type", "must be a media type such as video/mp4");
    }
    fields.finish()?;
    ctx.answer(created, async |act| files::reserve(act, &name, kind, bytes).await).await
}

fn created(Reserved { upload, content_type, address }: &Reserved) -> Result<Reply> {
    Reply::created(&CreatedUpload {
        success: true,
        upload_id: upload.id,
        method: "PUT",
        url: address.url.clone(),
        headers: BTreeMap::from([("content-type", content_type.clone())]),
        expires_at: clock::iso(address.until),
        message: "Upload the file to the address, then create a media item with its upload_id.",
    })
}
