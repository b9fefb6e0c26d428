//! Lists. Its one rule: one request reads a bounded part of the store, whatever its filter passes over.

use serde::de::DeserializeOwned;

use crate::{
    ids::Id,
    store::{Query, Store, StoreError},
};

/// What a list found.
#[derive(Debug)]
pub struct Listed<T> {
    pub found: Vec<T>,
    /// Id of the last one looked at, when there may be more.
    pub next: Option<Id>,
}

/// Pages read for one list at the most: what a filter passes over costs reads too.
pub const MAX_PAGES: usize = 8;
/// A list ends when it holds this many bytes: Lambda answers with at most 6 MB.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How many to read for the next page of a list that lacks so many: one more, which tells whether there is another page,
/// and more at once where a filter passes some over.
pub fn page_size(lacking: usize, passed_over: bool) -> usize {
    (lacking + 1).max(if passed_over { 50 } else { 1 }).min(200)
}

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
    let mut query = query;
    let mut listed = Listed { found: Vec::new(), next: None };
    let (mut bytes, mut passed_over) = (0, false);
    for _ in 0..MAX_PAGES {
        query.limit = page_size(limit - listed.found.len(), passed_over);
        let page = store.query(&query).await?;
        for item in &page.items {
            let row: T = item.decode()?;
            listed.next = Some(id(&row));
            if !wanted(&row) {
                passed_over = true;
                continue;
            }
            bytes += item.bytes();
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
