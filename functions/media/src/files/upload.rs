use std::collections::BTreeMap;

use serde::Serialize;
use shared::{
    clock,
    domain::file::content_type,
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, code},
        input::{Asked, Field, InBody, Schema, Text, Whole, describe},
        reply::Reply,
    },
    ids::FileId,
    ops::files::{self, Reserved},
};
use utoipa::ToSchema;

shared::input! {
    /// A file that is going to be uploaded.
    pub struct CreateUpload {
        #[example("clip.mp4")]
        file_name: Text<255>,
        /// Its exact size.
        #[example(73_400_320)]
        bytes: Whole,
        /// The media type that it will be sent with.
        #[example("video/mp4")]
        content_type: Option<ContentType>,
    }
}

/// A media type, as it is written.
struct ContentType;

impl Field for ContentType {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let kind = content_type(&fields.text(name, 100)?);
        if kind.is_none() {
            fields.refuse_as(name, code::FORMAT, "must be a media type such as video/mp4");
        }
        kind
    }

    fn schema(asked: Asked) -> Schema {
        describe::text(asked, 100)
    }
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
    #[schema(value_type = Object, example = json!({ "content-type": "video/mp4", "if-none-match": "*" }))]
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
#[utoipa::path(post, path = "/api/media/uploads", operation_id = "create_media_upload",
    request_body = CreateUpload, responses((status = 201, description = "There is room for it.", body = CreatedUpload)))]
pub async fn handler(ctx: Ctx, InBody(sent): InBody<CreateUpload>) -> Result<Reply> {
    let CreateUpload { file_name: name, bytes, content_type: kind } = sent;
    ctx.answer(created, async |act| files::reserve(act, &name, kind, bytes).await).await
}

fn created(Reserved { upload, content_type, address }: &Reserved) -> Result<Reply> {
    Reply::created(&CreatedUpload {
        success: true,
        upload_id: upload.id,
        method: "PUT",
        url: address.url.clone(),
        headers: BTreeMap::from([("content-type", content_type.clone()), ("if-none-match", "*".into())]),
        expires_at: clock::iso(address.until),
        message: "Upload the file to the address, then create a media item with its upload_id.",
    })
}
