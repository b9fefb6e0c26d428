//! Drops uploads that nobody took, and deletes the bodies of files that no media item has any more.

use crate::{
    app::App,
    blobs::BlobKey,
    clock::Millis,
    domain::{chore::Step, file::blob_name},
    error::Result,
    ids::FileId,
    store,
    tenant::TenantId,
};

/// Versions that are deleted in a step. An address to upload to works more than once.
const VERSIONS: usize = 20;

/// Drops an upload, unless a media item has taken it: first so that nobody can any more, then its body, then what is known of it.
pub async fn drop_upload(app: &App, tenant: TenantId, id: FileId) -> Result<Step> {
    let files = app.repos(tenant).files();
    let Some(upload) = files.upload(id).await? else { return Ok(Step::Done) };
    if !upload.dropped {
        store::apply(&*app.store, files.drop(&upload)?).await?;
    }
    if delete(app, tenant, id).await? == Step::Done {
        app.store.write(files.forget(id)).await?;
        return Ok(Step::Done);
    }
    Ok(Step::More(None))
}

/// Deletes a file's body, and once more when nothing can come to the address any more that it was uploaded to.
pub async fn delete_all(app: &App, tenant: TenantId, id: FileId, until: Option<Millis>) -> Result<Step> {
    let now = app.now();
    let step = delete(app, tenant, id).await?;
    Ok(until.filter(|until| step == Step::Done && now < *until).map_or(step, Step::Wait))
}

/// Deletes every version of a file's body.
async fn delete(app: &App, tenant: TenantId, id: FileId) -> Result<Step> {
    let key = BlobKey::of(tenant, &blob_name(id));
    for _ in 0..VERSIONS {
        let Some(newest) = app.blobs.stat(&key).await? else { return Ok(Step::Done) };
        app.blobs.delete(&key, &newest.version).await?;
    }
    Ok(Step::More(None))
}
