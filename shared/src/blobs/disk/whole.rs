//! What a folder holds of a tenant. What was deleted here is gone: a backup of the folder is what restores it.

use std::fs;
use std::sync::PoisonError;

use async_trait::async_trait;

use super::{DiskBlobs, MemoryBlobs, absent_is_none, blocking, is_version};
use crate::{
    blobs::{
        BlobError, BlobKey, Blobs,
        whole::{Uncovered, WholeBlobs},
    },
    tenant::TenantId,
};

#[async_trait]
impl WholeBlobs for DiskBlobs {
    async fn uncover(&self, key: &BlobKey, version: &str) -> Result<Uncovered, BlobError> {
        let path = is_version(version).then(|| self.folder(key).join(version));
        let there = blocking(move || Ok(path.is_some_and(|path| path.exists()))).await?;
        Ok(if there { Uncovered::There } else { Uncovered::Missing })
    }

    async fn erase(&self, tenant: TenantId) -> Result<usize, BlobError> {
        let folder = self.root.join(tenant.to_string());
        blocking(move || {
            let mut erased = 0;
            for blob in absent_is_none(fs::read_dir(&folder))?.into_iter().flatten() {
                erased += absent_is_none(fs::read_dir(blob?.path()))?.into_iter().flatten().count();
            }
            absent_is_none(fs::remove_dir_all(&folder))?;
            Ok(erased)
        })
        .await
    }
}

#[async_trait]
impl WholeBlobs for MemoryBlobs {
    async fn uncover(&self, key: &BlobKey, version: &str) -> Result<Uncovered, BlobError> {
        let there = self.get(key, Some(version)).await?.is_some();
        Ok(if there { Uncovered::There } else { Uncovered::Missing })
    }

    async fn erase(&self, tenant: TenantId) -> Result<usize, BlobError> {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let before: usize = blobs.values().map(std::collections::BTreeMap::len).sum();
        blobs.retain(|key, _| !key.starts_with(&format!("{tenant}/")));
        Ok(before - blobs.values().map(std::collections::BTreeMap::len).sum::<usize>())
    }
}
