//! From bytes that somebody sent to the file of a media item.
//!
//! Its one rule: room is made before a byte is stored, and whatever is stored is dropped again unless a media item takes it.

use bytes::Bytes;
use shared::{
    blobs::BlobKey,
    clock::Millis,
    domain::{
        file::{self, File, LOOKED_AT, UPLOADED_WITHIN, UPLOADS_FOR, Upload, blob_name, file_name},
        media::MediaType,
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    http::{ctx::Ctx, form::Part},
    ids::FileId,
    repo::files::ROOM,
    store::{self, Write},
};

/// A file for a media item, and the write that makes it the item's.
#[derive(Debug, Clone)]
pub struct Taken {
    pub file: File,
    pub write: Write,
}

/// The file that came with a request, or that was uploaded before.
pub async fn take(
    ctx: &Ctx,
    part: Option<Part>,
    upload_id: Option<FileId>,
    media_type: MediaType,
) -> Result<Option<Taken>> {
    match (part, upload_id) {
        (None, None) => Ok(None),
        (Some(part), None) => with_request(ctx, part, media_type).await.map(Some),
        (None, Some(id)) => uploaded(ctx, id, media_type).await.map(Some),
        (Some(_), Some(_)) => Err(Error::invalid("upload_id", "must not be there together with a file")),
    }
}

async fn with_request(ctx: &Ctx, part: Part, media_type: MediaType) -> Result<Taken> {
    let beginning = &part.bytes[..part.bytes.len().min(LOOKED_AT)];
    let content_type = file::judge(media_type, part.content_type.as_deref(), beginning)
        .map_err(|why| Error::invalid(&part.field, why))?;
    let bytes = u64::try_from(part.bytes.len()).unwrap_or(u64::MAX);
    let upload = reserve(ctx, &part.file_name, Some(content_type.clone()), bytes).await?;
    let version = store(ctx, &upload, &content_type, part.bytes).await?;
    Ok(taken(ctx, &upload, content_type, version, None))
}

async fn store(ctx: &Ctx, upload: &Upload, content_type: &str, body: Bytes) -> Result<String> {
    Ok(ctx.app.blobs.put(&BlobKey::of(ctx.tenant(), &blob_name(upload.id)), content_type, body).await?)
}

async fn uploaded(ctx: &Ctx, id: FileId, media_type: MediaType) -> Result<Taken> {
    let upload = ctx.files().upload(id).await?.filter(|upload| !upload.dropped).or_not_found("upload")?;
    let (blobs, key) = (&ctx.app.blobs, BlobKey::of(ctx.tenant(), &blob_name(id)));
    let missing = || Error::invalid("upload_id", "nothing was uploaded to its address yet");
    let stat = blobs.stat(&key).await?.ok_or_else(missing)?;
    if stat.bytes != upload.bytes {
        let problem = format!("{} bytes were uploaded in place of {}", stat.bytes, upload.bytes);
        return Err(Error::invalid("upload_id", problem));
    }
    let beginning = blobs.part(&key, &stat.version, 0, LOOKED_AT).await?.ok_or_else(missing)?;
    let content_type = file::judge(media_type, upload.content_type.as_deref(), &beginning)
        .map_err(|why| Error::invalid("upload_id", format!("the file {why}")))?;
    let until = upload.created_at.plus(UPLOADED_WITHIN + UPLOADS_FOR);
    Ok(taken(ctx, &upload, content_type, stat.version, Some(until)))
}

fn taken(
    ctx: &Ctx,
    upload: &Upload,
    content_type: String,
    version: String,
    uploads_until: Option<Millis>,
) -> Taken {
    let (id, name, bytes) = (upload.id, upload.name.clone(), upload.bytes);
    let file = File { id, name, content_type, bytes, version, uploads_until };
    Taken { file, write: ctx.files().take(upload) }
}

/// Makes room for a file that is going to come.
pub async fn reserve(ctx: &Ctx, name: &str, content_type: Option<String>, bytes: u64) -> Result<Upload> {
    let upload = draft(ctx, name, content_type, bytes)?;
    let writes = ctx.files().reserve(&upload, ctx.app.id(), ctx.app.settings.max_files_bytes)?;
    match store::apply(&*ctx.app.store, writes).await {
        Ok(()) => Ok(upload),
        Err(error) if error.refused_by(ROOM).is_some() => Err(no_room(ctx)),
        Err(error) => Err(error.into()),
    }
}

/// A file that is going to come, if it may be so large.
pub fn draft(ctx: &Ctx, name: &str, content_type: Option<String>, bytes: u64) -> Result<Upload> {
    let most = ctx.app.settings.max_file_bytes;
    if bytes > most {
        let message = format!("A file may have at most {most} bytes.");
        return Err(Error::new(ErrorKind::TooLarge, "file_too_large", message));
    }
    let (id, name) = (ctx.app.id(), file_name(name));
    Ok(Upload { id, name, content_type, bytes, created_at: ctx.now, dropped: false, v: 1 })
}

pub fn no_room(ctx: &Ctx) -> Error {
    let most = ctx.app.settings.max_files_bytes;
    let message =
        format!("The files of the organization may have {most} bytes together. Delete some media items.");
    Error::new(ErrorKind::TooLarge, "no_room_for_files", message)
}
