//! Lists by client group what was there when an organization got its second one: leads, then media items, a page a step.
//!
//! Its one rule: it begins when no instance believes any more that there is but one group; from then on whatever changes is listed by
//! who changes it.

use std::time::Duration;

use crate::{
    app::App,
    domain::{
        chore::{Chore, SETTLED, Step},
        grouping::Grouped,
        lead::Lead,
        media::MediaItem,
    },
    error::{Error, Result},
    ids::Id,
    repo::{
        indexed::{self, Indexed},
        listing::Listed,
        subjects::Subjects,
    },
    store::{self, StoreError},
    tenant::TenantId,
};

/// Entities of a step.
const PAGE: usize = 100;
/// For so long may an instance believe that there is one group, and a request be under way that it let in.
const HELD: Duration = SETTLED.saturating_mul(2);
/// What the cursor begins with while media items are gone through.
const MEDIA: &str = "media";

pub async fn step(app: &App, tenant: TenantId, chore: &Chore) -> Result<Step> {
    let settled = chore.created_at.plus(HELD);
    if app.now() < settled {
        return Ok(Step::Wait(settled));
    }
    let repos = app.repos(tenant);
    let cursor = chore.cursor.as_deref().unwrap_or_default();
    let Some(after) = cursor.strip_prefix(MEDIA) else {
        let next = list::<Lead>(app, &repos.leads(), read(cursor)?).await?;
        return Ok(Step::More(Some(next.map_or_else(|| MEDIA.into(), |id| id.to_string()))));
    };
    if let Some(next) = list::<MediaItem>(app, &repos.media(), read(after)?).await? {
        return Ok(Step::More(Some(format!("{MEDIA}{next}"))));
    }
    let groupings = repos.groupings();
    let grouping = groupings.load().await?;
    if grouping.grouped != Grouped::Read {
        match app.store.write(groupings.put_next(&grouping.becomes(Grouped::Read))?).await {
            Ok(_) => {}
            Err(StoreError::ConditionFailed(_)) => return Ok(Step::More(Some(cursor.to_owned()))),
            Err(error) => return Err(error.into()),
        }
    }
    app.forget_grouping(tenant);
    Ok(Step::Done)
}

async fn list<E: Indexed>(app: &App, all: &Subjects<'_, E>, before: Option<Id>) -> Result<Option<Id>> {
    let Listed { found, next, .. } = all.scan(all.newest(before), PAGE, |_| true).await?;
    let entries = found.iter().flat_map(|entity| indexed::by_group(all.tenant, entity));
    store::apply(&*app.store, entries.collect()).await?;
    Ok(next)
}

fn read(cursor: &str) -> Result<Option<Id>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    cursor.parse().map(Some).map_err(|_| Error::internal(format!("a chore cannot go on from {cursor}")))
}
