//! Takes the media items out of a collection that was deleted. Nobody sees the collection any more; this is what frees
//! its entries.

use super::rewrite;
use crate::{
    app::App,
    domain::{chore::Step, media::MediaItem},
    error::Result,
    ids::CollectionId,
    repo::media::in_collection,
    tenant::TenantId,
};

/// Items of a step.
const PAGE: usize = 100;

pub async fn step(app: &App, tenant: TenantId, collection: CollectionId) -> Result<Step> {
    let media = app.repos(tenant).media();
    let page = media.under(&[in_collection(collection)], None, PAGE, |_| true).await?;
    rewrite::all(app, &media, page.found, |item: &mut MediaItem| {
        if item.collection_id == Some(collection) {
            item.collection_id = None;
        }
    })
    .await?;
    // Each step starts at the newest: what was there is gone.
    Ok(if page.next.is_some() { Step::More(None) } else { Step::Done })
}
