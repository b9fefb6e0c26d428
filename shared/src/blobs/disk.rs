//! The blobs of the laptop: one file per version, and the same in memory for tests.
//!
//! Its one rule: a file gets its name only when it is whole and on the disk, so what has a name can be read.
//!
//! A blob lives in `<tenant>/<hash of its key>/<version>`. The hash, because keys differ where file systems do not:
//! in the case of a letter, in an empty segment, beyond 255 bytes. The content type is not kept; nothing reads it back.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::{BlobError, BlobKey, Blobs, Pieces, Stat};
use crate::clock::{Clock, Millis};
use crate::private;

mod pieces;
mod whole;

/// A file under a temporary name that is older than this belongs to no process any more.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Blobs in a folder. Several processes may use it at once.
pub struct DiskBlobs {
    root: PathBuf,
    versions: Versions,
}

impl DiskBlobs {
    /// Opens the folder, creating it when it is missing, and clears what a crash left behind.
    pub fn open(root: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let root = root.into();
        let scratch = root.join("tmp");
        make_folder(&scratch)?;
        let mended = private::mend_tree(&root)?;
        if mended > 0 {
            tracing::warn!(
                path = %root.display(),
                mended,
                "others could read stored bodies: files and folders are their owner's alone now"
            );
        }
        let now = clock.now();
        for entry in fs::read_dir(scratch)? {
            let entry = entry?;
            let modified = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            if now.since(Millis(0).plus(modified)) > ABANDONED {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { root, versions: Versions::new(clock) })
    }

    fn folder(&self, key: &BlobKey) -> PathBuf {
        let tenant = key.as_str().split('/').next().unwrap_or_default();
        self.root.join(tenant).join(hex(digest(&SHA256, key.as_str().as_bytes()).as_ref()))
    }
}

#[async_trait]
impl Blobs for DiskBlobs {
    async fn put(&self, key: &BlobKey, _content_type: &str, body: Bytes) -> Result<String, BlobError> {
        let version = self.versions.next()?;
        let (root, folder, name) = (self.root.clone(), self.folder(key), version.clone());
        blocking(move || store(&root, &folder, &name, &body)).await?;
        Ok(version)
    }

    async fn get(&self, key: &BlobKey, version: Option<&str>) -> Result<Option<Bytes>, BlobError> {
        let folder = self.folder(key);
        match version.map(str::to_owned) {
            // It names a file: nothing but a version of ours may go into a path.
            Some(version) if !is_version(&version) => Ok(None),
            Some(version) => blocking(move || read(&folder.join(version))).await,
            None => blocking(move || newest(&folder)).await,
        }
    }

    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError> {
        let folder = self.folder(key);
        blocking(move || stat(&folder)).await
    }

    async fn part(
        &self,
        key: &BlobKey,
        version: &str,
        from: u64,
        bytes: usize,
    ) -> Result<Option<Bytes>, BlobError> {
        if !is_version(version) {
            return Ok(None);
        }
        let path = self.folder(key).join(version);
        blocking(move || part(&path, from, bytes)).await
    }

    fn begin(&self, key: &BlobKey, _content_type: &str) -> Box<dyn Pieces + '_> {
        let version = self.versions.next();
        // The version is its name under `tmp` as well; where there is none, nothing is ever written.
        let temporary = self.root.join("tmp").join(version.as_deref().unwrap_or("none"));
        Box::new(pieces::Writing::new(temporary, self.folder(key), version))
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let folder = self.folder(key);
        blocking(move || {
            let Some(entries) = absent_is_none(fs::read_dir(&folder))? else { return Ok(()) };
            for entry in entries {
                absent_is_fine(fs::remove_file(entry?.path()))?;
            }
            // Fails when another version has come meanwhile, which is as it should be.
            let _ = fs::remove_dir(&folder);
            Ok(())
        })
        .await
    }
}

/// Blobs that vanish with the process.
pub struct MemoryBlobs {
    blobs: Mutex<HashMap<String, BTreeMap<String, Bytes>>>,
    versions: Versions,
}

impl MemoryBlobs {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { blobs: Mutex::default(), versions: Versions::new(clock) }
    }
}

#[async_trait]
impl Blobs for MemoryBlobs {
    async fn put(&self, key: &BlobKey, _content_type: &str, body: Bytes) -> Result<String, BlobError> {
        let version = self.versions.next()?;
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.entry(key.as_str().to_owned()).or_default().insert(version.clone(), body);
        Ok(version)
    }

    async fn get(&self, key: &BlobKey, version: Option<&str>) -> Result<Option<Bytes>, BlobError> {
        let blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(versions) = blobs.get(key.as_str()) else { return Ok(None) };
        Ok(match version {
            Some(version) => versions.get(version),
            None => versions.last_key_value().map(|(_, body)| body),
        }
        .cloned())
    }

    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError> {
        let blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = blobs.get(key.as_str()).and_then(|versions| versions.last_key_value());
        Ok(newest.map(|(version, body)| Stat { version: version.clone(), bytes: length(body.len()) }))
    }

    async fn part(
        &self,
        key: &BlobKey,
        version: &str,
        from: u64,
        bytes: usize,
    ) -> Result<Option<Bytes>, BlobError> {
        let Some(body) = self.get(key, Some(version)).await? else { return Ok(None) };
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(body.len());
        Ok(Some(body.slice(from..from.saturating_add(bytes).min(body.len()))))
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).remove(key.as_str());
        Ok(())
    }
}

/// Names for versions: `<millis>-<counter>-<random>`, so that the newest sorts last.
struct Versions {
    clock: Arc<dyn Clock>,
    last: Mutex<(Millis, u32)>,
}

impl Versions {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: Mutex::new((Millis(0), 0)) }
    }

    fn next(&self) -> Result<String, BlobError> {
        // The random part keeps processes apart that meet in one millisecond.
        let mut random = [0; 4];
        let no_randomness = |_| BlobError::Unavailable("no randomness".into());
        SystemRandom::new().fill(&mut random).map_err(no_randomness)?;
        let now = self.clock.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not make a later version the older one.
        *last = if now > last.0 { (now, 0) } else { (last.0, last.1 + 1) };
        Ok(format!("{:013}-{:06}-{}", last.0.0, last.1, hex(&random)))
    }
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|e| BlobError::Unavailable(e.to_string())),
        Err(e) => Err(BlobError::Unavailable(e.to_string())),
    }
}

/// Temporary name, flush, rename, flush of the folder: after that, a power cut changes nothing.
fn store(root: &Path, folder: &Path, version: &str, body: &[u8]) -> io::Result<()> {
    let temporary = root.join("tmp").join(version);
    let stored = write_durably(&temporary, body).and_then(|()| rename_into(&temporary, folder, version));
    if stored.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    stored
}

fn write_durably(path: &Path, body: &[u8]) -> io::Result<()> {
    let mut file = private::open(File::options().write(true).create_new(true), path)?;
    file.write_all(body)?;
    file.sync_all()
}

fn rename_into(temporary: &Path, folder: &Path, version: &str) -> io::Result<()> {
    let target = folder.join(version);
    // A delete removes a folder with its last version, perhaps just after it was made here.
    for _ in 0..10 {
        make_folder(folder)?;
        match fs::rename(temporary, &target) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            done => return done.and_then(|()| flush_folder(folder)),
        }
    }
    Err(io::Error::other("the folder vanishes again and again"))
}

/// Makes the folder and those above it, each entry flushed.
fn make_folder(folder: &Path) -> io::Result<()> {
    match private::make_folder(folder) {
        Ok(()) => folder.parent().map_or(Ok(()), flush_folder),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            folder.parent().map_or(Err(e), make_folder)?;
            make_folder(folder)
        }
        Err(e) => Err(e),
    }
}

/// Elsewhere than on unix a folder cannot be opened as a file, and the file system keeps its names by itself.
fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn stat(folder: &Path) -> io::Result<Option<Stat>> {
    let Some(entries) = absent_is_none(fs::read_dir(folder))? else { return Ok(None) };
    let mut newest: Option<Stat> = None;
    for entry in entries {
        let entry = entry?;
        let version = entry.file_name().to_string_lossy().into_owned();
        if newest.as_ref().is_some_and(|newest| newest.version >= version) {
            continue;
        }
        // Deleted since the folder was read.
        let Some(about) = absent_is_none(entry.metadata())? else { continue };
        newest = Some(Stat { version, bytes: about.len() });
    }
    Ok(newest)
}

fn part(path: &Path, from: u64, bytes: usize) -> io::Result<Option<Bytes>> {
    let Some(mut file) = absent_is_none(File::open(path))? else { return Ok(None) };
    file.seek(SeekFrom::Start(from))?;
    let mut read = Vec::new();
    file.take(length(bytes)).read_to_end(&mut read)?;
    Ok(Some(read.into()))
}

fn newest(folder: &Path) -> io::Result<Option<Bytes>> {
    // Again when the newest one was deleted in between.
    for _ in 0..10 {
        let Some(entries) = absent_is_none(fs::read_dir(folder))? else { return Ok(None) };
        let names = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
        let Some(last) = names.into_iter().max() else { return Ok(None) };
        if let Some(body) = read(&folder.join(last))? {
            return Ok(Some(body));
        }
    }
    Err(io::Error::other("the newest version vanishes again and again"))
}

fn read(path: &Path) -> io::Result<Option<Bytes>> {
    Ok(absent_is_none(fs::read(path))?.map(Bytes::from))
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    absent_is_none(result).map(drop)
}

#[cfg(test)]
mod tests;
