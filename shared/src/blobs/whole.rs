//! Everything that a tenant has as blobs, its old versions with it: for the commands that restore and erase an organization.
//!
//! Its one rule: no request and no worker asks this. It alone deletes for good where others mark.

use async_trait::async_trait;

use super::{BlobError, BlobKey};
use crate::tenant::TenantId;

/// How it stands with a version that an item names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncovered {
    /// Nobody has deleted it.
    There,
    /// It was deleted, and is there again.
    Again,
    /// It is nowhere.
    Missing,
}

/// The way to everything.
#[async_trait]
pub trait WholeBlobs: Send + Sync + 'static {
    /// Undoes the deletion of a blob, so that this version is not forgotten.
    async fn uncover(&self, key: &BlobKey, version: &str) -> Result<Uncovered, BlobError>;

    /// Deletes every version of every blob of a tenant for good. Returns how many.
    async fn erase(&self, tenant: TenantId) -> Result<usize, BlobError>;
}
