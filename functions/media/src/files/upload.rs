use std::collections::BTreeMap;

use serde::Serialize;
use shared::{
    clock,
    domain::file::content_type,
    error::Result,
    files::upload_address,
    http::{
        ctx::{Ctx, Refused},
        fields::{Fields, MAX_WHOLE},
        reply::Reply,
    },
    ids::FileId,
    repo::files::ROOM,
};
use utoipa::ToSchema;

use super::intake::{draft, no_room};

/// Type of a file that nothing is said of.
const ANY: &str = "application/octet-stream";

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
    let upload = draft(&ctx, &name, kind.clone(), bytes)?;
    let kind = kind.unwrap_or_else(|| ANY.into());
    let address = upload_address(&ctx.app, ctx.tenant(), &upload, &kind).await?;
    let reply = Reply::created(&CreatedUpload {
        success: true,
        upload_id: upload.id,
        method: "PUT",
        url: address.url,
        headers: BTreeMap::from([("content-type", kind)]),
        expires_at: clock::iso(address.until),
        message: "Upload the file to the address, then create a media item with its upload_id.",
    })?;
    let writes = ctx.files().reserve(&upload, ctx.app.id(), ctx.app.settings.max_files_bytes)?;
    match ctx.commit(writes, reply).await {
        Err(Refused::Write(ROOM, _)) => Err(no_room(&ctx)),
        ended => Ok(ended?),
    }
}
