//! What the general index shows, read whole. Its one rule: the index says which and in what order, the table says what; what
//! the index shows and the table does not any more is passed over.

use std::collections::{HashMap, HashSet};

use futures::future::try_join_all;

use super::{
    Body, Index, Item, Key, Page, Position, Query, SortValue, Store, StoreError, attr,
    limits::{BATCH_KEYS, PAGE_BYTES},
};

#[cfg(feature = "embedded")]
use crate::json;

/// Batches that are read side by side.
const AT_ONCE: usize = 2;

/// One page of a query with whole items: what an index shows by keys alone is read from the table. Items that went away or
/// show elsewhere by now are left out, so that a page may be shorter than it was and still have a next one.
pub async fn page(store: &dyn Store, query: &Query) -> Result<Page, StoreError> {
    let page = store.query(query).await?;
    if query.index != Index::Gsi1 {
        return Ok(page);
    }
    let mut seen = HashSet::new();
    let keys: Vec<Key> =
        page.items.iter().map(|item| item.key.clone()).filter(|key| seen.insert(key.clone())).collect();
    let batches: Vec<&[Key]> = keys.chunks(BATCH_KEYS).collect();
    let (mut whole, mut bytes, mut read) = (HashMap::new(), 0, 0);
    for some in batches.chunks(AT_ONCE) {
        for item in try_join_all(some.iter().map(|batch| store.batch_get(batch))).await?.concat() {
            bytes += item.bytes();
            whole.insert(item.key.clone(), item);
        }
        read += AT_ONCE * BATCH_KEYS;
        // As a page of the table ends: what is read at once has a size.
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    let cut = keys.get(read).is_some().then(|| &keys[read - 1]);
    let mut items = Vec::with_capacity(whole.len());
    for entry in page.items {
        items.extend(whole.remove(&entry.key).filter(|item| item.shows_in(&query.partition)));
        if Some(&entry.key) == cut {
            let sort = entry.attrs()?.get(attr::GSI1_SK).and_then(|sort| sort.as_str().map(str::to_owned));
            return Ok(Page { items, next: Some(Position { key: entry.key, sort: sort.map(SortValue::S) }) });
        }
    }
    Ok(Page { items, next: page.next })
}

impl Item {
    /// Whether the general index shows it in this partition. What cannot be read is shown, where somebody may find it.
    fn shows_in(&self, partition: &str) -> bool {
        let shown = match &self.body {
            Body::Attrs(attrs) => {
                attrs.get(attr::GSI1_PK).and_then(|shown| shown.as_str()).map(str::to_owned)
            }
            #[cfg(feature = "embedded")]
            Body::Json(json, _) => match json::stored::<Shown>(json) {
                Ok(Shown { gsi1pk }) => gsi1pk,
                Err(_) => return true,
            },
        };
        shown.as_deref() == Some(partition)
    }
}

/// Where an item shows, of all that it holds.
#[cfg(feature = "embedded")]
#[derive(serde::Deserialize)]
struct Shown {
    gsi1pk: Option<String>,
}
