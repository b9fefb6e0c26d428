//! Takes the media items out of a collection that was deleted. Nobody sees the collection any more; this is what frees
//! its entries.

use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    app::App,
    domain::{chore::Step, media::MediaItem},
    error::Result,
    ids::Id,
    repo::{
        entries::Entries,
        indexed::Indexed,
        media::{MediaItems, in_collection},
        subjects::OWN,
    },
    store,
    tenant::TenantId,
};

/// Items of a step.
const PAGE: usize = 100;
/// Changes under way at once.
const AT_ONCE: usize = 8;

pub async fn step(app: &App, tenant: TenantId, collection: Id) -> Result<Step> {
    let entries = Entries { store: &*app.store, tenant, space: MediaItem::SPACE };
    let page = entries.newest(&in_collection(collection), None, PAGE).await?;
    stream::iter(page.found)
        .map(|id| unfile(app, tenant, collection, id))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| async { Ok(()) })
        .await?;
    // Each step starts at the newest: what was there is gone.
    Ok(if page.more { Step::More(None) } else { Step::Done })
}

async fn unfile(app: &App, tenant: TenantId, collection: Id, id: Id) -> Result<()> {
    let media = MediaItems::new(&*app.store, tenant);
    loop {
        let found = media.get(id).await?.filter(|item| item.collection_id == Some(collection));
        let Some(before) = found else { return Ok(()) };
        let mut after = before.clone();
        after.collection_id = None;
        // Nothing that anybody sees changes, so the time of the last change stays.
        after.subject.v += 1;
        match store::apply(&*app.store, media.replace(&before, &after)?).await {
            Err(refused) if refused.refused_by(OWN).is_some() => {}
            ended => return Ok(ended?),
        }
    }
}
