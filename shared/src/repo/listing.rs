//! Lists. Its one rule: one request reads a bounded part of the store, whatever its filter passes over.

use serde::de::DeserializeOwned;

use super::apart;
use crate::{
    ids::Id,
    store::{self, Item, Key, Position, Query, SortValue, Store, StoreError},
};

/// What a list found.
#[derive(Debug)]
pub struct Listed<T> {
    pub found: Vec<T>,
    /// What lies among them and cannot be read. No filter can tell whether it was wanted.
    pub unreadable: Vec<Unreadable>,
    /// Id of the last one looked at, when there may be more: of whatever is listed, as a cursor has no type.
    pub next: Option<Id>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { found: Vec::new(), unreadable: Vec::new(), next: None }
    }
}

impl<T> Listed<T> {
    pub fn len(&self) -> usize {
        self.found.len() + self.unreadable.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it, in its order.
    pub fn rows(self) -> Vec<Row<T>> {
        rows(self.found, self.unreadable)
    }

    /// Takes up what was read, or notes that it could not be.
    pub fn push(&mut self, row: Row<T>) {
        match row {
            Ok(row) => self.found.push(row),
            Err(unreadable) => self.unreadable.push(Unreadable { at: self.found.len(), ..unreadable }),
        }
    }
}

/// A record that cannot be read. It spoils no list, and what it says is seen by nobody but the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub id: Id,
    /// How many that were read come before it.
    pub at: usize,
    pub why: String,
}

/// A record, if it can be read.
pub type Row<T> = Result<T, Unreadable>;

/// What was read, with what could not be read in its place.
pub fn rows<T>(found: Vec<T>, unreadable: Vec<Unreadable>) -> Vec<Row<T>> {
    let mut rows = Vec::with_capacity(found.len() + unreadable.len());
    let mut gaps = unreadable.into_iter().peekable();
    for (at, record) in found.into_iter().enumerate() {
        while let Some(gap) = gaps.next_if(|gap| gap.at <= at) {
            rows.push(Err(gap));
        }
        rows.push(Ok(record));
    }
    rows.extend(gaps.map(Err));
    rows
}

/// Reads an item whose id ends its key. What has no id there is an error of the whole list: nobody could look at it.
pub fn row<T: DeserializeOwned>(item: &Item) -> Result<Row<T>, StoreError> {
    match item.decode() {
        Ok(row) => Ok(Ok(row)),
        Err(error) => match id_of(&item.key) {
            Some(id) => Ok(Err(Unreadable { id, at: 0, why: error.to_string() })),
            None => Err(error),
        },
    }
}

/// The id that an item is stored under: what ends its sort key, or its partition where that is the item's own.
pub fn id_of(key: &Key) -> Option<Id> {
    let named = if key.sk() == "-" { key.pk() } else { key.sk() };
    named.rsplit('#').next()?.parse().ok()
}

/// The id of whatever a page ended with: an index that is paged by id sorts by it.
pub fn passed(position: &Position) -> Option<Id> {
    match &position.sort {
        Some(SortValue::S(sort)) => sort.parse().ok(),
        Some(SortValue::N(_)) => None,
        None => id_of(&position.key),
    }
}

/// Pages read for one list at the most: what a filter passes over costs reads too.
pub const MAX_PAGES: usize = 8;
/// A list ends when it holds this many bytes: Lambda answers with at most 6 MB.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Items whose other parts are read at once.
const AT_ONCE: usize = 50;

/// How many to read for the next page of a list that lacks so many: one more, which tells whether there is another page,
/// and more at once where a filter passes some over.
pub fn page_size(lacking: usize, passed_over: bool) -> usize {
    (lacking + 1).max(if passed_over { 50 } else { 1 }).min(200)
}

/// Reads a query's pages until `limit` rows are found that are wanted. What is passed over costs reads too, so that the
/// number of pages is bounded: a list may be shorter than `limit` and still have a next page. Every item of the query must
/// be a `T`, under its id.
pub async fn collect<T: DeserializeOwned>(
    store: &dyn Store,
    query: Query,
    limit: usize,
    id: impl Fn(&T) -> Id,
    wanted: impl Fn(&T) -> bool,
) -> Result<Listed<T>, StoreError> {
    collect_rows(store, query, limit, id, |row, _| row.as_ref().map_or(true, &wanted)).await
}

/// The same, where it is also asked whether what cannot be read is wanted.
pub async fn collect_rows<T: DeserializeOwned>(
    store: &dyn Store,
    query: Query,
    limit: usize,
    id: impl Fn(&T) -> Id,
    wanted: impl Fn(&Row<T>, &Item) -> bool,
) -> Result<Listed<T>, StoreError> {
    let mut query = query;
    let mut listed = Listed::default();
    let (mut bytes, mut passed_over) = (0, false);
    for _ in 0..MAX_PAGES {
        query.limit = page_size(limit - listed.len(), passed_over);
        let mut page = store::page(store, &query).await?;
        let last = page.items.last().map(|item| item.key.clone());
        // What lies apart may be much of each.
        while !page.items.is_empty() {
            let rest = page.items.split_off(page.items.len().min(AT_ONCE));
            for item in &apart::whole(store, std::mem::replace(&mut page.items, rest)).await? {
                let row: Row<T> = row(item)?;
                listed.next = Some(row.as_ref().map_or_else(|unreadable| unreadable.id, &id));
                if !wanted(&row, item) {
                    passed_over = true;
                    continue;
                }
                bytes += item.bytes();
                listed.push(row);
                if listed.len() == limit || bytes >= MAX_BYTES {
                    if page.next.is_none() && Some(&item.key) == last.as_ref() {
                        listed.next = None;
                    }
                    return Ok(listed);
                }
            }
        }
        let Some(next) = page.next else {
            listed.next = None;
            return Ok(listed);
        };
        // What the page ended with may have gone away, and the list goes on below it all the same.
        passed_over |= last.is_none_or(|last| last != next.key);
        listed.next = passed(&next).or(listed.next);
        query.after = Some(next);
    }
    Ok(listed)
}
