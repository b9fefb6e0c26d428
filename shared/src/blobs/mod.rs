//! The blob port: large bodies under a key, each put a new version.
//!
//! Its one rule: a put is atomic and never destroys an earlier version, so that an index may point at one version while
//! a later one arrives.

use async_trait::async_trait;
use bytes::Bytes;

use crate::tenant::TenantId;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(feature = "embedded")]
pub mod disk;
#[cfg(feature = "aws")]
pub mod s3;

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

/// Whole bodies, versions, deletion.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Stores a body durably and returns its version. `body` is shared, not copied.
    async fn put(&self, key: &BlobKey, content_type: &str, body: Bytes) -> Result<String, BlobError>;

    /// The newest version, or the one named; none when there is no such blob.
    async fn get(&self, key: &BlobKey, version: Option<&str>) -> Result<Option<Bytes>, BlobError>;

    /// Deletes one version for good. What is not there is not an error.
    async fn delete(&self, key: &BlobKey, version: &str) -> Result<(), BlobError>;
}
