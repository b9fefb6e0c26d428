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

use super::{
    entity::{Accompanied, Entity, Many, Place},
    listing::{self, Listed},
    table::Table,
};
use crate::{
    clock::Millis,
    domain::{collection::Collection, words},
    ids::{CollectionId, GroupId, MediaId},
    store::{Change, Cond, Item, Key, Label, StoreError, Write, attr, encode, limits::BATCH_KEYS, segment},
    tenant::TenantId,
};

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
pub type Collections<'a> = Table<'a, Collection>;

impl Entity for Collection {
    type Id = CollectionId;
    const KIND: Label = COLLECTION;

    fn place(id: &CollectionId) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> CollectionId {
        self.id
    }

    fn group(&self) -> Option<GroupId> {
        Some(self.group_id)
    }

    fn version(&self) -> u64 {
        self.v
    }
}

impl Many for Collection {}

/// Its title is its own in its client group, whatever its case: the write called [`TITLE`] refuses when it is taken.
impl Accompanied for Collection {
    fn beside(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError> {
        let guard = |collection: &Self| guard_key(tenant, collection.group_id, &collection.title);
        let (old, new) = (before.map(guard), after.map(|after| (guard(after), after)));
        if old.as_ref() == new.as_ref().map(|(key, _)| key) {
            return Ok(Vec::new());
        }
        let take = |(key, after): (Key, &Self)| {
            let title = encode(&Title { collection_id: after.id })?;
            Ok::<_, StoreError>(Write::put(key, title).when(Cond::Absent).labelled(TITLE))
        };
        Ok(new.map(take).transpose()?.into_iter().chain(old.map(Write::delete)).collect())
    }
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
    /// One collection with its count.
    pub async fn counted(&self, id: CollectionId) -> Result<Option<Counted>, StoreError> {
        let query = self.oldest().prefix(id.sortable());
        let page = self.store.query(&query).await?;
        let mut counted = self.count(&page.items)?;
        match counted.unreadable.pop() {
            Some(unreadable) => Err(StoreError::Corrupt(unreadable.why)),
            None => Ok(counted.found.pop()),
        }
    }

    /// All collections with their counts, oldest first.
    pub async fn all(&self) -> Result<Listed<Counted>, StoreError> {
        let mut query = self.oldest().limit(1000);
        let mut items = Vec::new();
        loop {
            let page = self.store.query(&query).await?;
            items.extend(page.items);
            if page.next.is_none() {
                return self.count(&items);
            }
            query.after = page.next;
        }
    }

    /// The collection of a client group that is called so, whatever its case.
    pub async fn called(&self, group: GroupId, title: &str) -> Result<Option<CollectionId>, StoreError> {
        let Some(guard) = self.store.get(&guard_key(self.tenant, group, title)).await? else {
            return Ok(None);
        };
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
                if let Ok(found) = listing::row::<Collection>(&item)?
                    && self.shows(&found)
                {
                    titles.insert(found.id, found.title);
                }
            }
        }
        Ok(titles)
    }

    /// Puts collections and the counters behind them together. Counters without a collection are those of a deleted one, or of
    /// one out of reach.
    fn count(&self, items: &[Item]) -> Result<Listed<Counted>, StoreError> {
        let mut all = Listed::<Counted>::default();
        for item in items {
            let Some((id, _)) = item.key.sk().split_once('#') else {
                let row = listing::row(item)?;
                if self.shows_row(&row, item) {
                    all.push(row.map(|collection| Counted { collection, media: 0 }));
                }
                continue;
            };
            let last = all.found.last_mut().filter(|counted| counted.collection.id.sortable() == id);
            if let Some(counted) = last {
                counted.media += item.attrs()?.get(MEDIA).and_then(serde_json::Value::as_i64).unwrap_or(0);
            }
        }
        Ok(all)
    }

    /// Deletes a collection as it stands in `before`: its title is free and nothing is filed in it from now on.
    pub fn close(&self, before: &Collection, now: Millis) -> Result<Vec<Write>, StoreError> {
        let gone = now.plus(KEPT).seconds();
        let close = |shard| {
            let changes = vec![Change::set(CLOSED, true), Change::set(attr::TTL, gone)];
            Write::update(counter_key(self.tenant, before.id, shard), changes)
        };
        let mut writes = self.delete(before)?;
        writes.extend((0..SHARDS).map(close));
        Ok(writes)
    }
}

/// The guard of a title.
fn guard_key(tenant: TenantId, group: GroupId, title: &str) -> Key {
    Key::of(tenant, &format!("collection-title#{group}"), segment(&words::fold(title)))
}

/// The writes that keep the counts when a media item (the second id) moves from one collection (the first) to another.
pub fn counts(
    tenant: TenantId,
    before: Option<(CollectionId, MediaId)>,
    after: Option<(CollectionId, MediaId)>,
) -> Vec<Write> {
    if before == after {
        return Vec::new();
    }
    let add = |(collection, media): (CollectionId, MediaId), by| {
        let key = counter_key(tenant, collection, media.get() % SHARDS);
        Write::update(key, vec![Change::add(MEDIA, by)])
    };
    let out = before.map(|filed| add(filed, -1));
    let into = after.map(|filed| add(filed, 1).when(Cond::missing(CLOSED)));
    out.into_iter().chain(into).collect()
}

fn counter_key(tenant: TenantId, collection: CollectionId, shard: u64) -> Key {
    Key::of(tenant, COLLECTION, format!("{}#{shard}", collection.sortable()))
}
