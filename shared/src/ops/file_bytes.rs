//! The bytes of files at the addresses of this house: as they come, and as they go.
//!
//! Its one rule: nobody is asked who they are. What may be done, and with which file, the signed address says.

use bytes::Bytes;
use futures::{Stream, StreamExt, pin_mut, stream};

use crate::{
    app::SharedApp,
    blobs::{BlobError, BlobKey, Pieces},
    domain::file::{Upload, blob_name},
    error::{Error, ErrorKind, OrNotFound, Result},
    files::{Link, Purpose, open},
};

/// So much of a file is in memory for each who reads it.
const AT_ONCE: usize = 256 * 1024;

/// A file that is given out.
pub struct Given<S> {
    pub bytes: u64,
    pub content_type: String,
    /// What it was called.
    pub name: String,
    /// How it begins; most files have no more.
    pub first: Bytes,
    /// What follows, as fast as it is read. A file that is deleted meanwhile breaks off, which its length tells.
    pub rest: S,
}

impl<S> Given<S> {
    /// Whether nothing follows.
    pub fn is_whole(&self) -> bool {
        length(&self.first) == self.bytes
    }
}

/// Gives out the file that an address was made for.
pub async fn give(
    app: SharedApp,
    token: &str,
) -> Result<Given<impl Stream<Item = Result<Bytes, BlobError>> + use<>>> {
    let link = open(&app, token).await?.or_not_found("file")?;
    let Purpose::Down { bytes, version, content_type, name } = link.purpose else {
        return Err(Error::not_found("file"));
    };
    let key = BlobKey::of(link.tenant, &blob_name(link.id));
    let first = app.blobs.part(&key, &version, 0, AT_ONCE).await?.or_not_found("file")?;
    let from = length(&first);
    let rest = stream::try_unfold((app, key, version, from), async |(app, key, version, from)| {
        let part = app.blobs.part(&key, &version, from, AT_ONCE).await?;
        let part =
            part.ok_or_else(|| BlobError::Unavailable("the file was deleted while it was read".into()))?;
        let next = from + length(&part);
        Ok::<_, BlobError>((next > from).then_some((part, (app, key, version, next))))
    });
    Ok(Given { bytes, content_type, name, first, rest })
}

/// Takes the bytes of the file that an address was made for, as they come. `declared` is how many they are said to be.
pub async fn take(
    app: &SharedApp,
    token: &str,
    declared: Option<u64>,
    body: impl Stream<Item = Result<Bytes>>,
) -> Result<u64> {
    let link = open(app, token).await?.or_not_found("file")?;
    let Purpose::Up { bytes } = link.purpose else { return Err(Error::not_found("file")) };
    if let Some(declared) = declared.filter(|declared| *declared != bytes) {
        return Err(other_size(declared, bytes));
    }
    let upload = awaited(app, &link).await?;
    let kind = upload.content_type.as_deref().unwrap_or("application/octet-stream");
    let mut pieces = app.blobs.begin(&BlobKey::of(link.tenant, &blob_name(link.id)), kind);
    fill(&mut *pieces, body, bytes).await?;
    // It may have taken minutes.
    awaited(app, &link).await?;
    pieces.finish().await?;
    Ok(bytes)
}

/// What the address is for, as long as no media item has it.
async fn awaited(app: &SharedApp, link: &Link) -> Result<Upload> {
    let files = app.repos(link.tenant).files();
    files.upload(link.id).await?.filter(|upload| !upload.dropped).or_not_found("file")
}

/// Hands the body on as it comes, to the byte as long as it was announced.
async fn fill(pieces: &mut dyn Pieces, body: impl Stream<Item = Result<Bytes>>, bytes: u64) -> Result<()> {
    pin_mut!(body);
    let mut came = 0;
    while let Some(piece) = body.next().await {
        let piece = piece?;
        came += length(&piece);
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

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
