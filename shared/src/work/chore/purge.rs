//! Deletes every item of a partition, a page a step.

use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    app::App,
    domain::chore::Step,
    error::Result,
    store::{Key, Query, Write},
    tenant::TenantId,
};

/// Items of a step.
const PAGE: usize = 100;
/// Deletions under way at once.
const AT_ONCE: usize = 8;

pub async fn step(app: &App, tenant: TenantId, partition: &str) -> Result<Step> {
    let query = Query::table(Key::partition(tenant, partition)).limit(PAGE);
    let page = app.store.query(&query).await?;
    stream::iter(page.items)
        .map(|item| app.store.write(Write::delete(item.key)))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    // Each step starts at the front: what was there is gone.
    Ok(if page.next.is_some() { Step::More(None) } else { Step::Done })
}
