//! Lists. Its one rule: one request reads a bounded part of the store, whatever its filter passes over.

use serde::de::DeserializeOwned;

use crate::{
    ids::Id,
    store::{Query, Store, StoreError, limits},
};

/// What a list found.
#[derive(Debug)]
pub struct Listed<T> {
    pub found: Vec<T>,
    /// Id of the last one looked at, when there may be more.
    pub next: Option<Id>,
}

/// Pages read for one list at the most: what a filter passes over costs reads too.
const MAX_PAGES: usize = 8;
/// A list ends when it holds this many bytes: Lambda answers with at most 6 MB.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reads a query's pages until `limit` rows are found that are wanted. What is passed over costs reads too, so that the
/// number of pages is bounded: a list may be shorter than `limit` and still have a next page. Every item of the query must
/// decode as `T`.
pub async fn collect<T: DeserializeOwned>(
    store: &dyn Store,
    query: Query,
    limit: usize,
    id: impl Fn(&T) -> Id,
    wanted: impl Fn(&T) -> bool,
) -> Result<Listed<T>, StoreError> {
    let mut query = query.limit(limit.clamp(50, 200));
    let mut listed = Listed { found: Vec::new(), next: None };
    let mut bytes = 0;
    for _ in 0..MAX_PAGES {
        let page = store.query(&query).await?;
        for item in &page.items {
            let row: T = item.decode()?;
            listed.next = Some(id(&row));
            if !wanted(&row) {
                continue;
            }
            bytes += limits::item_bytes(&item.key, &item.attrs);
            listed.found.push(row);
            if listed.found.len() == limit || bytes >= MAX_BYTES {
                let last = page.next.is_none() && Some(&item.key) == page.items.last().map(|item| &item.key);
                if last {
                    listed.next = None;
                }
                return Ok(listed);
            }
        }
        if page.next.is_none() {
            listed.next = None;
            return Ok(listed);
        }
        query.after = page.next;
    }
    Ok(listed)
}
