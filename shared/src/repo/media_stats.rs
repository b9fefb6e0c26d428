//! Statistics of media items, kept by the transactions that change the items.
//!
//! "How many are there, of which type, with which status?" → one partition of counters, eight of each client group, read
//! whole or by group: its size grows with the client groups, never with the items. Counters are spread over shards,
//! because DynamoDB cancels transactions that meet on one item.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use serde::Deserialize;

use crate::{
    domain::media::MediaItem,
    ids::GroupId,
    store::{Change, Item, Key, Query, Store, StoreError, Write},
    tenant::TenantId,
};

const PARTITION: &str = "media-stats";
const SHARDS: u64 = 8;

/// How many media items there are. What was never counted is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub video: i64,
    pub image: i64,
    pub audio: i64,
    pub file: i64,
    pub pending: i64,
    pub approved: i64,
    pub denied: i64,
    pub regenerate: i64,
    /// Those that a person must still decide on.
    pub pending_review: i64,
}

impl Counts {
    /// Every item has one type.
    pub fn total(&self) -> i64 {
        self.video + self.image + self.audio + self.file
    }

    fn plus(self, other: Self) -> Self {
        Self {
            video: self.video + other.video,
            image: self.image + other.image,
            audio: self.audio + other.audio,
            file: self.file + other.file,
            pending: self.pending + other.pending,
            approved: self.approved + other.approved,
            denied: self.denied + other.denied,
            regenerate: self.regenerate + other.regenerate,
            pending_review: self.pending_review + other.pending_review,
        }
    }
}

/// The counts of the tenant, or of those of its client groups.
pub async fn counts(
    store: &dyn Store,
    tenant: TenantId,
    groups: Option<&[GroupId]>,
) -> Result<Counts, StoreError> {
    let all = Query::table(Key::partition(tenant, PARTITION)).limit(1000);
    let Some(groups) = groups else { return sum(store, all).await };
    let each = groups.iter().map(|group| sum(store, all.clone().prefix(format!("{}#", group.sortable()))));
    Ok(try_join_all(each).await?.into_iter().fold(Counts::default(), Counts::plus))
}

async fn sum(store: &dyn Store, mut query: Query) -> Result<Counts, StoreError> {
    let mut sum = Counts::default();
    loop {
        let page = store.query(&query).await?;
        for shard in page.items.iter().map(Item::decode::<Counts>) {
            sum = sum.plus(shard?);
        }
        if page.next.is_none() {
            return Ok(sum);
        }
        query.after = page.next;
    }
}

/// The writes that keep the counts when `before` becomes `after`.
pub fn changes(tenant: TenantId, before: Option<&MediaItem>, after: Option<&MediaItem>) -> Vec<Write> {
    let mut differences: BTreeMap<(Key, &'static str), i64> = BTreeMap::new();
    for (item, by) in [(before, -1), (after, 1)] {
        for (item, name) in item.into_iter().flat_map(|item| names(item).map(move |name| (item, name))) {
            *differences.entry((key(tenant, item), name)).or_default() += by;
        }
    }
    let mut updates: BTreeMap<Key, Vec<Change>> = BTreeMap::new();
    for ((key, name), by) in differences.into_iter().filter(|(_, by)| *by != 0) {
        updates.entry(key).or_default().push(Change::add(name, by));
    }
    updates.into_iter().map(|(key, changes)| Write::update(key, changes)).collect()
}

/// The counters that an item counts in: the fields of [`Counts`].
fn names(item: &MediaItem) -> impl Iterator<Item = &'static str> {
    let waits = item.waits().then_some("pending_review");
    [item.media_type.as_str(), item.subject.review.automation_status.as_str()].into_iter().chain(waits)
}

fn key(tenant: TenantId, item: &MediaItem) -> Key {
    let (group, shard) = (item.subject.group_id.sortable(), item.subject.id.get() % SHARDS);
    Key::of(tenant, PARTITION, format!("{group}#{shard}"))
}
