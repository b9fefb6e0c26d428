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

/// Drops an upload, unless a media item has taken it: first so that nobody can any more, then its body, then what is known of it.
pub async fn drop_upload(app: &App, tenant: TenantId, id: FileId) -> Result<Step> {
    let files = app.repos(tenant).files();
    let Some(upload) = files.upload(id).await? else { return Ok(Step::Done) };
    if !upload.dropped {
        store::apply(&*app.store, files.drop(&upload)?).await?;
    }
    delete(app, tenant, id).await?;
    app.store.write(files.forget(id)).await?;
    Ok(Step::Done)
}

/// Deletes a file's body, and once more when nothing can come to the address any more that it was uploaded to.
pub async fn delete_all(app: &App, tenant: TenantId, id: FileId, until: Option<Millis>) -> Result<Step> {
    let now = app.now();
    delete(app, tenant, id).await?;
    Ok(until.filter(|until| now < *until).map_or(Step::Done, Step::Wait))
}

/// Deletes a file's body, however often it was uploaded. Where nothing was, no mark of a deletion is to stay either.
async fn delete(app: &App, tenant: TenantId, id: FileId) -> Result<()> {
    let key = BlobKey::of(tenant, &blob_name(id));
    if app.blobs.stat(&key).await?.is_some() {
        app.blobs.delete(&key).await?;
    }
    Ok(())
}
