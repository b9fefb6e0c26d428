//! Versions and marks of a bucket, one page after another.

use async_trait::async_trait;
use aws_sdk_s3::{
    operation::list_object_versions::ListObjectVersionsOutput,
    types::{Delete, ObjectIdentifier},
};

use super::{S3Blobs, unavailable};
use crate::{
    blobs::{
        BlobError, BlobKey,
        whole::{Uncovered, WholeBlobs},
    },
    tenant::TenantId,
};

/// Where a page ended: a key and a version of it.
type Marker = (Option<String>, Option<String>);

impl S3Blobs {
    async fn page(&self, prefix: &str, after: Marker) -> Result<ListObjectVersionsOutput, BlobError> {
        let request = self.client.list_object_versions().bucket(&self.bucket).prefix(prefix);
        let request = request.set_key_marker(after.0).set_version_id_marker(after.1);
        request.send().await.map_err(|e| unavailable(&e))
    }
}

fn next(page: &ListObjectVersionsOutput) -> Option<Marker> {
    let more = page.is_truncated().unwrap_or(false) && page.next_key_marker().is_some();
    more.then(|| {
        (page.next_key_marker().map(str::to_owned), page.next_version_id_marker().map(str::to_owned))
    })
}

#[async_trait]
impl WholeBlobs for S3Blobs {
    /// A mark of a deletion is a version itself: without it, what it lies over is the newest again.
    async fn uncover(&self, key: &BlobKey, version: &str) -> Result<Uncovered, BlobError> {
        let (mut there, mut marks) = (false, Vec::new());
        let mut after = (None, None);
        loop {
            let page = self.page(key.as_str(), after).await?;
            let ours = |found: Option<&str>| found == Some(key.as_str());
            there |= page.versions().iter().any(|one| ours(one.key()) && one.version_id() == Some(version));
            let over = page.delete_markers().iter().filter(|one| ours(one.key()));
            marks.extend(over.filter_map(|one| one.version_id().map(str::to_owned)));
            match next(&page) {
                Some(more) => after = more,
                None => break,
            }
        }
        if !there {
            return Ok(Uncovered::Missing);
        }
        for mark in &marks {
            let request = self.client.delete_object().bucket(&self.bucket).key(key.as_str());
            request.version_id(mark).send().await.map_err(|e| unavailable(&e))?;
        }
        Ok(if marks.is_empty() { Uncovered::There } else { Uncovered::Again })
    }

    async fn erase(&self, tenant: TenantId) -> Result<usize, BlobError> {
        let (mut erased, mut after) = (0, (None, None));
        loop {
            let page = self.page(&format!("{tenant}/"), after).await?;
            let versions = page.versions().iter().map(|one| (one.key(), one.version_id()));
            let marks = page.delete_markers().iter().map(|one| (one.key(), one.version_id()));
            let all: Result<Vec<_>, _> = versions
                .chain(marks)
                .filter_map(|(key, version)| {
                    let one =
                        ObjectIdentifier::builder().key(key?).set_version_id(version.map(str::to_owned));
                    Some(one.build())
                })
                .collect();
            let all = all.map_err(|e| BlobError::Unavailable(e.to_string()))?;
            if !all.is_empty() {
                erased += all.len();
                let delete = Delete::builder().set_objects(Some(all)).quiet(true).build();
                let delete = delete.map_err(|e| BlobError::Unavailable(e.to_string()))?;
                let request = self.client.delete_objects().bucket(&self.bucket).delete(delete);
                let answer = request.send().await.map_err(|e| unavailable(&e))?;
                if let Some(left) = answer.errors().first() {
                    let (key, why) = (left.key().unwrap_or("-"), left.message().unwrap_or("-"));
                    return Err(BlobError::Unavailable(format!("{key} was not deleted: {why}")));
                }
            }
            match next(&page) {
                Some(more) => after = more,
                None => return Ok(erased),
            }
        }
    }
}
