//! Collections and how many media items each holds.
//!
//! "Which are there, and how full?" → one partition, read whole: a collection lies under its id, its counters under
//! `<id>#<shard>` behind it. "Which collection is called so?" → one guard item per client group and folded title, written
//! with the collection: however many ask for a new title at once, one makes it.
//!
//! The counters are also the door: a deleted collection closes all of them, and what would be filed in it after that is
//! refused by the very write that counts it. What is still filed there can be taken out.

use std::{collections::HashMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::listing::{self, Listed};
use crate::{
    clock::Millis,
    domain::{collection::Collection, words},
    ids::{CollectionId, Id},
    store::{
        Change, Cond, Item, Key, Label, Query, Store, StoreError, Write, attr, encode, limits::BATCH_KEYS,
        segment,
    },
    tenant::TenantId,
};

const PARTITION: &str = "collection";
/// n8n files the items of one execution all at once, and DynamoDB cancels transactions that meet on one item.
const SHARDS: u64 = 8;
const MEDIA: &str = "media";
const CLOSED: &str = "closed";
/// A closed counter is kept for longer than any request or chore that knew its collection may live.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Label of the write of a collection itself.
pub const COLLECTION: Label = "collection";
/// Label of the write that takes a title.
pub const TITLE: Label = "collection-title";

/// The collections of one tenant.
#[derive(Clone, Copy)]
pub struct Collections<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

/// A collection and how many media items it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub collection: Collection,
    pub media: i64,
}

/// Whose a title is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Title {
    pub collection_id: CollectionId,
}

impl Collections<'_> {
    pub async fn get(&self, id: CollectionId) -> Result<Option<Collection>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    /// One collection with its count.
    pub async fn counted(&self, id: CollectionId) -> Result<Option<Counted>, StoreError> {
        let query = Query::table(Key::partition(self.tenant, PARTITION)).prefix(id.sortable());
        let page = self.store.query(&query).await?;
        let mut counted = count(&page.items)?;
        match counted.unreadable.pop() {
            Some(unreadable) => Err(StoreError::Corrupt(unreadable.why)),
            None => Ok(counted.found.pop()),
        }
    }

    /// All collections with their counts, oldest first.
    pub async fn all(&self) -> Result<Listed<Counted>, StoreError> {
        let mut query = Query::table(Key::partition(self.tenant, PARTITION)).limit(1000);
        let mut items = Vec::new();
        loop {
            let page = self.store.query(&query).await?;
            items.extend(page.items);
            if page.next.is_none() {
                return count(&items);
            }
            query.after = page.next;
        }
    }

    /// The collection of a client group that is called so, whatever its case.
    pub async fn called(&self, group: Id, title: &str) -> Result<Option<CollectionId>, StoreError> {
        let Some(guard) = self.store.get(&self.guard_key(group, title)).await? else { return Ok(None) };
        Ok(Some(guard.decode::<Title>()?.collection_id))
    }

    /// The titles of those that exist and can be read.
    pub async fn titles(
        &self,
        ids: impl Iterator<Item = CollectionId>,
    ) -> Result<HashMap<CollectionId, String>, StoreError> {
        let mut keys: Vec<Key> = ids.map(|id| self.key(id)).collect();
        keys.sort();
        keys.dedup();
        let mut titles = HashMap::new();
        for batch in keys.chunks(BATCH_KEYS) {
            for item in self.store.batch_get(batch).await? {
                if let Ok(found) = listing::row::<Collection>(&item)? {
                    titles.insert(found.id, found.title);
                }
            }
        }
        Ok(titles)
    }

    /// Creates a collection; the write called [`TITLE`] refuses when the title is taken.
    pub fn insert(&self, new: &Collection) -> Result<Vec<Write>, StoreError> {
        let own = Write::put(self.key(new.id), encode(new)?).when(Cond::Absent).labelled(COLLECTION);
        Ok(vec![own, self.take_title(new)?])
    }

    /// Replaces a collection: the version of `after` is one more than the stored one. Where the title is another one, the
    /// write called [`TITLE`] refuses when it is taken.
    pub fn replace(&self, before: &Collection, after: &Collection) -> Result<Vec<Write>, StoreError> {
        let own =
            Write::put(self.key(after.id), encode(after)?).when(Cond::version(before.v)).labelled(COLLECTION);
        let mut writes = vec![own];
        if words::fold(&before.title) != words::fold(&after.title) {
            writes.extend([self.take_title(after)?, self.free_title(before)]);
        }
        Ok(writes)
    }

    /// Deletes a collection as it stands in `before`: its title is free and nothing is filed in it from now on.
    pub fn delete(&self, before: &Collection, now: Millis) -> Vec<Write> {
        let own = Write::delete(self.key(before.id)).when(Cond::version(before.v)).labelled(COLLECTION);
        let gone = now.plus(KEPT).seconds();
        let close = |shard| {
            let changes = vec![Change::set(CLOSED, true), Change::set(attr::TTL, gone)];
            Write::update(counter_key(self.tenant, before.id, shard), changes)
        };
        [own, self.free_title(before)].into_iter().chain((0..SHARDS).map(close)).collect()
    }

    fn key(&self, id: CollectionId) -> Key {
        Key::of(self.tenant, PARTITION, id.sortable())
    }

    fn guard_key(&self, group: Id, title: &str) -> Key {
        Key::of(self.tenant, &format!("collection-title#{group}"), segment(&words::fold(title)))
    }

    fn take_title(&self, collection: &Collection) -> Result<Write, StoreError> {
        let guard = encode(&Title { collection_id: collection.id })?;
        Ok(Write::put(self.guard_key(collection.group_id, &collection.title), guard)
            .when(Cond::Absent)
            .labelled(TITLE))
    }

    fn free_title(&self, collection: &Collection) -> Write {
        Write::delete(self.guard_key(collection.group_id, &collection.title))
    }
}

/// The writes that keep the counts when a media item (the second id) moves from one collection (the first) to another.
pub fn counts(
    tenant: TenantId,
    before: Option<(CollectionId, Id)>,
    after: Option<(CollectionId, Id)>,
) -> Vec<Write> {
    if before == after {
        return Vec::new();
    }
    let add = |(collection, media): (CollectionId, Id), by| {
        let key = counter_key(tenant, collection, media.get() % SHARDS);
        Write::update(key, vec![Change::add(MEDIA, by)])
    };
    let out = before.map(|filed| add(filed, -1));
    let into = after.map(|filed| add(filed, 1).when(Cond::missing(CLOSED)));
    out.into_iter().chain(into).collect()
}

fn counter_key(tenant: TenantId, collection: CollectionId, shard: u64) -> Key {
    Key::of(tenant, PARTITION, format!("{}#{shard}", collection.sortable()))
}

/// Puts collections and the counters behind them together. Counters without a collection are those of a deleted one.
fn count(items: &[Item]) -> Result<Listed<Counted>, StoreError> {
    let mut all = Listed::<Counted>::default();
    for item in items {
        let Some((id, _)) = item.key.sk().split_once('#') else {
            all.push(listing::row(item)?.map(|collection| Counted { collection, media: 0 }));
            continue;
        };
        let last = all.found.last_mut().filter(|counted| counted.collection.id.sortable() == id);
        if let Some(counted) = last {
            counted.media += item.attrs()?.get(MEDIA).and_then(serde_json::Value::as_i64).unwrap_or(0);
        }
    }
    Ok(all)
}
