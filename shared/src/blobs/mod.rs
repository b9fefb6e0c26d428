//! The blob port: large bodies under a key, each put a new version.
//!
//! Its one rule: a put is atomic and never destroys an earlier version, so that an index may point at one version while
//! a later one arrives. For good it may do so only where the engine forgets no old versions: what must stay is put under a
//! name of its own.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{error::Error, tenant::TenantId};

pub use pieces::Pieces;

#[cfg(test)]
pub mod conformance;
#[cfg(feature = "embedded")]
pub mod disk;
mod pieces;
#[cfg(feature = "aws")]
pub mod s3;
pub mod whole;

/// Name of a blob, the tenant in front.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// `<tenant>/<name>`. Every character of the name outside `A-Z a-z 0-9 - _ . /` is percent-encoded, and so is a dot
    /// at the start of a path segment, so that no name leaves the tenant's folder on any engine.
    pub fn of(tenant: TenantId, name: &str) -> Self {
        let mut key = format!("{tenant}/");
        let mut segment_start = true;
        for byte in name.bytes() {
            match byte {
                b'.' if segment_start => key.push_str("%2E"),
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                    key.push(char::from(byte));
                }
                other => key.push_str(&format!("%{other:02X}")),
            }
            segment_start = byte == b'/';
        }
        Self(key)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("blob store unavailable: {0}")]
    Unavailable(String),
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        Self::unavailable(error)
    }
}

/// What there is of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    pub version: String,
    pub bytes: u64,
}

/// How a body is served at an address of the engine's own.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    pub content_type: &'a str,
    /// Its `Content-Disposition`.
    pub disposition: &'a str,
}

/// Whole bodies, versions, deletion.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Stores a body durably and returns its version. `body` is shared, not copied.
    async fn put(&self, key: &BlobKey, content_type: &str, body: Bytes) -> Result<String, BlobError>;

    /// The newest version, or the one named; none when there is no such blob.
    async fn get(&self, key: &BlobKey, version: Option<&str>) -> Result<Option<Bytes>, BlobError>;

    /// The newest version; none when there is no such blob.
    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError>;

    /// The bytes of a version `from` there on, at most so many; none when there is no such blob.
    async fn part(
        &self,
        key: &BlobKey,
        version: &str,
        from: u64,
        bytes: usize,
    ) -> Result<Option<Bytes>, BlobError>;

    /// Begins a body that comes piece by piece. An engine that has no better way keeps it in memory until its end.
    fn begin(&self, key: &BlobKey, content_type: &str) -> Box<dyn Pieces + '_> {
        Box::new(pieces::Kept::new(self, key, content_type))
    }

    /// An address that takes one body of exactly this type and size for so long, once, by `PUT` with `if-none-match: *` and without
    /// a credential. None where the engine has no addresses.
    async fn upload_address(
        &self,
        _key: &BlobKey,
        _content_type: &str,
        _bytes: u64,
        _valid: Duration,
    ) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    /// An address that gives a version for so long, without a credential. None where the engine has no addresses.
    async fn download_address(
        &self,
        _key: &BlobKey,
        _version: &str,
        _served: Served<'_>,
        _valid: Duration,
    ) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    /// Takes a blob away: nothing is found under its name afterwards, until it is put again. What is not there is not an error.
    ///
    /// An engine whose table can be restored to an earlier time keeps the versions that items of that time name, for as long as a
    /// restore reaches back; whoever names one still gets it. Others delete all of them for good.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;
}
