//! Deletes an organization for good: items, blobs with all their versions, and with its items whatever sealed its secrets.
//!
//! Its one rule: the mark comes first and stays for ever. It stands outside of what is erased, so that whoever restores a table of
//! an earlier time knows whom to erase again; and whoever was killed half-way goes on by repeating the command.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use futures::{StreamExt, TryStreamExt, pin_mut, stream};
use serde::{Deserialize, Serialize};

use super::{AT_ONCE, Counts, Estate, count, items, manifest};
use crate::{
    clock::Millis,
    error::{Error, Result},
    repo::orgs,
    store::{Change, Item, Key, Query, Store, StoreError, Write},
    tenant::TenantId,
};

/// So long may an instance still believe a key or a session that is gone, go on with what it has begun, and note that the key was used: a
/// minute each, and half a minute for a request.
pub const SETTLED: Duration = Duration::from_secs(150);
/// Marks of a page.
const PAGE: usize = 500;

/// That an organization was erased, and nothing else of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub began_at: Millis,
    /// When nobody could come in any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut_at: Option<Millis>,
    /// None while it is under way, or was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Millis>,
}

/// What was erased.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub items: Counts,
    pub bodies: usize,
}

/// The mark of a tenant that was erased.
pub async fn mark(store: &dyn Store, tenant: TenantId) -> Result<Option<Mark>, StoreError> {
    store.get(&Key::erased(tenant)).await?.map(|item| item.decode()).transpose()
}

/// Every tenant that was ever erased.
pub async fn all(store: &dyn Store) -> Result<Vec<TenantId>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.query(&Query::table(Key::ERASED).limit(PAGE).after(after)).await?;
        all.extend(page.items.iter().filter_map(|item| item.key.sk().parse::<TenantId>().ok()));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}

/// Remembers that a tenant was erased, as another table of the same organizations knows.
pub async fn remember(store: &dyn Store, tenant: TenantId, now: Millis) -> Result<(), StoreError> {
    if mark(store, tenant).await?.is_none() {
        store.write(Write::update(Key::erased(tenant), vec![Change::set("began_at", now.0)])).await?;
    }
    Ok(())
}

/// Erases a tenant who confirms by the name of the organization, which its item keeps until everything else is gone.
pub async fn confirmed(
    estate: &Estate,
    tenant: TenantId,
    name: &str,
    settled: Duration,
) -> Result<Option<Report>> {
    let organization = orgs::organization(&*estate.store, tenant).await?;
    match organization {
        Some(organization) if organization.name != name => {
            Err(Error::invalid("--confirm", "is not the name of the organization; nothing was deleted"))
        }
        Some(_) => run(estate, tenant, settled).await.map(Some),
        // One that is gone is nobody's to confirm; what a killed command has left of it is taken up again.
        None if mark(&*estate.store, tenant).await?.is_some() => run(estate, tenant, settled).await.map(Some),
        None => Ok(None),
    }
}

/// Erases a tenant. Who still acts for it is shut out first; what such a one writes until that is known everywhere is erased
/// by the second pass.
pub async fn run(estate: &Estate, tenant: TenantId, settled: Duration) -> Result<Report> {
    remember(&*estate.store, tenant, estate.clock.now()).await?;
    let mut report = Report::default();
    let anything = AtomicBool::new(false);
    let is_door = |item: &Item| {
        anything.store(true, Relaxed);
        matches!(manifest::partition(&item.key), "api-key" | "email" | "session")
    };
    let found = pass(estate, tenant, &mut report, is_door).await?;
    if anything.load(Relaxed) {
        let shut_at = shut(estate, tenant, found > 0).await?;
        let waited = estate.clock.now().since(shut_at);
        tokio::time::sleep(settled.saturating_sub(waited)).await;
    }
    let last = organization(tenant);
    while pass(estate, tenant, &mut report, |item| item.key != last).await? > 0 {}
    report.bodies += estate.bodies.erase(tenant).await?;
    pass(estate, tenant, &mut report, |_| true).await?;
    let ended = vec![Change::set("ended_at", estate.clock.now().0)];
    estate.store.write(Write::update(Key::erased(tenant), ended)).await?;
    Ok(report)
}

/// Since when nobody could come in. It is remembered, because who was killed meanwhile finds no door to shut when he goes on.
async fn shut(estate: &Estate, tenant: TenantId, now: bool) -> Result<Millis> {
    let known = mark(&*estate.store, tenant).await?.and_then(|mark| mark.shut_at);
    match known.filter(|_| !now) {
        Some(at) => Ok(at),
        None => {
            let at = estate.clock.now();
            estate
                .store
                .write(Write::update(Key::erased(tenant), vec![Change::set("shut_at", at.0)]))
                .await?;
            Ok(at)
        }
    }
}

fn organization(tenant: TenantId) -> Key {
    Key::of(tenant, "org", "-")
}

/// Deletes those of a tenant's items; returns how many there were.
async fn pass(
    estate: &Estate,
    tenant: TenantId,
    report: &mut Report,
    these: impl Fn(&Item) -> bool,
) -> Result<usize> {
    let (mut found, pages) = (0, items(&*estate.whole, tenant));
    pin_mut!(pages);
    while let Some(page) = pages.try_next().await? {
        let keys: Vec<_> = page.into_iter().filter(|item| these(item)).map(|item| item.key).collect();
        let each = stream::iter(&keys).map(|key| estate.store.write(Write::delete(key.clone())));
        each.buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
        found += keys.len();
        keys.iter().for_each(|key| count(&mut report.items, manifest::partition(key)));
    }
    Ok(found)
}
