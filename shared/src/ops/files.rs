//! Files of media items: from bytes that somebody sent to the file of an item.
//!
//! Its one rule: room is made before a byte is stored, and whatever is stored is dropped again unless a media item takes it.

use bytes::Bytes;

use super::act::{Act, Refused};
use crate::{
    blobs::BlobKey,
    clock::Millis,
    domain::{
        file::{self, File, LOOKED_AT, UPLOADED_WITHIN, UPLOADS_FOR, Upload, blob_name, file_name},
        media::MediaType,
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    files::{Address, upload_address},
    ids::FileId,
    repo::files::ROOM,
    store::{self, Write},
};

/// Type of a file that nothing is said of.
const ANY: &str = "application/octet-stream";

/// A file that came with what it is for.
#[derive(Debug, Clone)]
pub struct SentFile {
    /// Where it stood, to be named where something is wrong with it.
    pub field: String,
    pub name: String,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

/// A file for a media item, and the write that makes it the item's.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub file: File,
    pub write: Write,
}

/// Room for a file that is going to be uploaded.
#[derive(Debug)]
pub struct Reserved {
    pub upload: Upload,
    /// What it will be sent as.
    pub content_type: String,
    /// Where it is uploaded to.
    pub address: Address,
}

/// Makes room for a file of exactly so many bytes, and an address to upload it to. A file that no media item has taken within the
/// hour is deleted. `content_type` is one that [`file::content_type`] has made of what was said.
pub async fn reserve(act: &Act, name: &str, content_type: Option<String>, bytes: u64) -> Result<Reserved> {
    let upload = draft(act, name, content_type.clone(), bytes)?;
    let content_type = content_type.unwrap_or_else(|| ANY.into());
    let address = upload_address(&act.app, act.tenant, &upload, &content_type).await?;
    let reserved = Reserved { upload, content_type, address };
    match act.commit(room_for(act, &reserved.upload)?, &reserved).await {
        Err(Refused::Write(ROOM, _)) => Err(no_room(act)),
        committed => Ok(committed.map(|()| reserved)?),
    }
}

/// The file that came with an item, or that was uploaded for it before.
pub(super) async fn take(
    act: &Act,
    sent: Option<SentFile>,
    upload_id: Option<FileId>,
    media_type: MediaType,
) -> Result<Option<Taken>> {
    match (sent, upload_id) {
        (None, None) => Ok(None),
        (Some(sent), None) => with_request(act, sent, media_type).await.map(Some),
        (None, Some(id)) => uploaded(act, id, media_type).await.map(Some),
        (Some(_), Some(_)) => Err(Error::invalid("upload_id", "must not be there together with a file")),
    }
}

async fn with_request(act: &Act, sent: SentFile, media_type: MediaType) -> Result<Taken> {
    let beginning = &sent.bytes[..sent.bytes.len().min(LOOKED_AT)];
    let content_type = file::judge(media_type, sent.content_type.as_deref(), beginning)
        .map_err(|why| Error::invalid(&sent.field, why))?;
    let bytes = u64::try_from(sent.bytes.len()).unwrap_or(u64::MAX);
    let upload = draft(act, &sent.name, Some(content_type.clone()), bytes)?;
    match store::apply(&*act.app.store, room_for(act, &upload)?).await {
        Err(error) if error.refused_by(ROOM).is_some() => return Err(no_room(act)),
        reserved => reserved?,
    }
    let key = BlobKey::of(act.tenant, &blob_name(upload.id));
    let version = act.app.blobs.put(&key, &content_type, sent.bytes).await?;
    Ok(taken(act, &upload, content_type, version, None))
}

async fn uploaded(act: &Act, id: FileId, media_type: MediaType) -> Result<Taken> {
    let files = act.repos().files();
    let upload = files.upload(id).await?.filter(|upload| !upload.dropped).or_not_found("upload")?;
    let (blobs, key) = (&act.app.blobs, BlobKey::of(act.tenant, &blob_name(id)));
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
    Ok(taken(act, &upload, content_type, stat.version, Some(until)))
}

fn taken(
    act: &Act,
    upload: &Upload,
    content_type: String,
    version: String,
    uploads_until: Option<Millis>,
) -> Taken {
    let (id, name, bytes) = (upload.id, upload.name.clone(), upload.bytes);
    let file = File { id, name, content_type, bytes, version, uploads_until };
    Taken { file, write: act.repos().files().take(upload) }
}

/// A file that is going to come, if it may be so large.
fn draft(act: &Act, name: &str, content_type: Option<String>, bytes: u64) -> Result<Upload> {
    let most = act.app.settings.max_file_bytes;
    if bytes > most {
        let message = format!("A file may have at most {most} bytes.");
        return Err(Error::new(ErrorKind::TooLarge, "file_too_large", message));
    }
    let (id, name) = (act.app.id(), file_name(name));
    let group_id = Some(act.group_id);
    Ok(Upload { id, name, content_type, bytes, group_id, created_at: act.now, dropped: false, v: 1 })
}

fn room_for(act: &Act, upload: &Upload) -> Result<Vec<Write>> {
    Ok(act.repos().files().reserve(upload, act.app.id(), act.app.settings.max_files_bytes)?)
}

fn no_room(act: &Act) -> Error {
    let most = act.app.settings.max_files_bytes;
    let message =
        format!("The files of the organization may have {most} bytes together. Delete some media items.");
    Error::new(ErrorKind::TooLarge, "no_room_for_files", message)
}
