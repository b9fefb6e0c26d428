//! Pages by number and totals, for the dialects whose contracts have them.
//!
//! Its one rule: both are bounded. A number reaches the newest [`REACH`] rows and a count goes as far; beyond that a client
//! goes on by cursor, and there is no total. How many there are without a filter is known from counters, which the
//! transactions keep that make and delete (the second half of this module).

use futures::future::try_join;
use serde::de::DeserializeOwned;

use super::listing::{self, Listed, MAX_BYTES, Row};
use crate::{
    ids::Id,
    store::{Change, Key, Label, Position, Query, Store, StoreError, Write},
    tenant::TenantId,
};

/// Rows that a page number reaches and a filter's matches are counted to, the newest.
pub const REACH: usize = 1000;

/// Items of a page that is read in order to skip and count.
const PAGE: usize = 500;
/// Such pages that are read for one list at most: with a filter that passes most over, the count ends before the matches do.
const MOST_PAGES: usize = 8;

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// At the newest, or below the one that the page before ended with.
    Below(Option<Id>),
    /// At the first row of the page of this number, 1 for the newest.
    Page(u32),
}

/// What a client asks of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub begin: Begin,
    /// Rows of a page.
    pub limit: usize,
    /// Whether the matches are to be counted; where nothing is filtered, [`count`] tells for less.
    pub counted: bool,
}

/// Rows beyond [`REACH`] are asked for by page number: a client goes on with `cursor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("page reaches the newest 1,000 rows: go on with cursor, which the reply before names")]
pub struct BeyondReach;

impl Asked {
    /// How many rows lie before the page.
    pub fn offset(&self) -> Result<usize, BeyondReach> {
        let Begin::Page(number) = self.begin else { return Ok(0) };
        let before = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let offset = before.saturating_mul(self.limit);
        if offset.saturating_add(self.limit) > REACH { Err(BeyondReach) } else { Ok(offset) }
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub rows: Listed<T>,
    /// How many match; none where that was not asked for, or they are more than can be counted.
    pub total: Option<u64>,
}

/// The page that is asked for of what a query finds newest first. What cannot be read counts as wanted: no filter can tell.
/// `position` is where a page below an id goes on.
pub async fn read<T: DeserializeOwned>(
    store: &dyn Store,
    query: Query,
    asked: Asked,
    position: impl Fn(Id) -> Position,
    id: impl Fn(&T) -> Id,
    wanted: impl Fn(&T) -> bool,
) -> Result<Result<Page<T>, BeyondReach>, StoreError> {
    let offset = match asked.offset() {
        Ok(offset) => offset,
        Err(beyond) => return Ok(Err(beyond)),
    };
    let from_the_newest = Walk::new(offset, asked);
    let page = match asked.begin {
        Begin::Below(before) if before.is_some() || !asked.counted => {
            let below = query.clone().after(before.map(position));
            let rows = listing::collect(store, below, asked.limit, &id, &wanted);
            if asked.counted {
                // The count begins at the newest, wherever the page does.
                let (rows, walked) = try_join(rows, from_the_newest.over(store, query, &id, &wanted)).await?;
                Page { rows, total: walked.total }
            } else {
                Page { rows: rows.await?, total: None }
            }
        }
        _ => from_the_newest.over(store, query, &id, &wanted).await?,
    };
    Ok(Ok(page))
}

/// A page in the making, while the matches before and behind it are counted.
struct Walk<T> {
    offset: usize,
    asked: Asked,
    matches: usize,
    bytes: usize,
    rows: Listed<T>,
    /// The last one on the page.
    last: Option<Id>,
    /// A match behind the page was seen.
    more: bool,
}

impl<T: DeserializeOwned> Walk<T> {
    fn new(offset: usize, asked: Asked) -> Self {
        Self { offset, asked, matches: 0, bytes: 0, rows: Listed::default(), last: None, more: false }
    }

    async fn over(
        mut self,
        store: &dyn Store,
        query: Query,
        id: impl Fn(&T) -> Id,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, StoreError> {
        let counted = self.asked.counted;
        let most = if counted { PAGE } else { PAGE.min(self.offset + self.asked.limit + 1) };
        let mut query = query.limit(most);
        let mut seen = None;
        for _ in 0..MOST_PAGES {
            let page = store.query(&query).await?;
            for item in &page.items {
                let row: Row<T> = listing::row(item)?;
                let at = row.as_ref().map_or_else(|unreadable| unreadable.id, &id);
                seen = Some(at);
                if row.as_ref().map_or(true, &wanted) {
                    self.take(row, at, item.bytes());
                }
            }
            if page.next.is_none() {
                let total = (counted && self.matches <= REACH).then_some(self.matches as u64);
                let next = self.last.filter(|_| self.more);
                return Ok(Page { rows: Listed { next, ..self.rows }, total });
            }
            if self.matches > REACH || (self.more && !counted) {
                break;
            }
            query.after = page.next;
        }
        // It ended before what there is did.
        let next = if self.more { self.last } else { seen };
        Ok(Page { rows: Listed { next, ..self.rows }, total: None })
    }

    fn take(&mut self, row: Row<T>, id: Id, bytes: usize) {
        self.matches += 1;
        if self.matches <= self.offset {
            return;
        }
        if self.more || self.rows.len() == self.asked.limit || self.bytes >= MAX_BYTES {
            self.more = true;
            return;
        }
        self.bytes += bytes;
        self.rows.push(row);
        self.last = Some(id);
    }
}

/// Label of the writes that keep counters.
pub const TALLY: Label = "tally";

/// Counters of one kind: those who make things at the same moment are not to meet on one item.
const SHARDS: u64 = 8;

/// The write that counts one made (`by` 1) or deleted (-1), for the transaction that does so.
pub fn tally(tenant: TenantId, kind: &str, id: Id, by: i64) -> Write {
    Write::update(tally_key(tenant, kind, id.get() % SHARDS), vec![Change::add(COUNT, by)]).labelled(TALLY)
}

/// "How many of a kind are there?" → its counters: 1 read unit, however many.
pub async fn count(store: &dyn Store, tenant: TenantId, kind: &str) -> Result<u64, StoreError> {
    let query = Query::table(Key::partition(tenant, "tally")).prefix(format!("{kind}#"));
    let page = store.query(&query).await?;
    let mut sum = 0;
    for item in &page.items {
        sum += item.attrs()?.get(COUNT).and_then(serde_json::Value::as_i64).unwrap_or(0);
    }
    Ok(u64::try_from(sum).unwrap_or(0))
}

const COUNT: &str = "n";

fn tally_key(tenant: TenantId, kind: &str, shard: u64) -> Key {
    Key::of(tenant, "tally", format!("{kind}#{shard}"))
}

#[cfg(feature = "embedded")]
#[cfg(test)]
mod tests {
    use crate::ids::EntityId;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::store::{self, embedded::Sqlite, encode};

    const TENANT: TenantId = TenantId(7);

    #[derive(Serialize, Deserialize)]
    struct Thing {
        id: Id,
        even: bool,
    }

    fn id<I: EntityId>(value: u64) -> I {
        I::of(Id::from_u64(value).unwrap())
    }

    fn key(of: Id) -> Key {
        Key::of(TENANT, "row", of.sortable())
    }

    async fn stored(rows: u64) -> Sqlite {
        let store = Sqlite::memory().unwrap();
        let put = |n| Write::put(key(id(n)), encode(&Thing { id: id(n), even: n % 2 == 0 }).unwrap());
        let writes: Vec<_> = (1..=rows).map(put).collect();
        for some in writes.chunks(100) {
            store::apply(&store, some.to_vec()).await.unwrap();
        }
        store
    }

    /// The first id of the page, how many there are on it, where it goes on, and the total.
    async fn page(
        store: &Sqlite,
        begin: Begin,
        limit: usize,
        counted: bool,
        wanted: impl Fn(&Thing) -> bool,
    ) -> Result<(u64, usize, Option<u64>, Option<u64>), BeyondReach> {
        let query = Query::table(Key::partition(TENANT, "row")).newest_first();
        let asked = Asked { begin, limit, counted };
        let position = |id| Position { key: key(id), sort: None };
        let page = read(store, query, asked, position, |row: &Thing| row.id, wanted).await.unwrap()?;
        let first = page.rows.found.first().map_or(0, |row| row.id.get());
        Ok((first, page.rows.len(), page.rows.next.map(Id::get), page.total))
    }

    #[tokio::test]
    async fn a_page_number_reaches_a_thousand_rows_and_no_further() {
        let store = stored(1200).await;
        let numbered = async |number, limit| page(&store, Begin::Page(number), limit, false, |_| true).await;
        assert_eq!(numbered(1, 10).await, Ok((1200, 10, Some(1191), None)));
        assert_eq!(numbered(3, 10).await, Ok((1180, 10, Some(1171), None)));
        assert_eq!(numbered(100, 10).await, Ok((210, 10, Some(201), None)));
        assert_eq!(numbered(101, 10).await, Err(BeyondReach));
        assert_eq!(numbered(u32::MAX, 1000).await, Err(BeyondReach));
        assert!(BeyondReach.to_string().contains("cursor"));
        let few = stored(25).await;
        let numbered = async |number| page(&few, Begin::Page(number), 10, false, |_| true).await;
        assert_eq!(numbered(3).await, Ok((5, 5, None, None)));
        assert_eq!(numbered(4).await, Ok((0, 0, None, None)));
    }

    #[tokio::test]
    async fn matches_are_counted_to_a_thousand() {
        let store = stored(2100).await;
        let even = |below: u64| move |row: &Thing| row.even && row.id.get() <= below;
        let counted = async |begin, below| page(&store, begin, 10, true, even(below)).await.unwrap();
        assert_eq!(counted(Begin::Page(1), 2000).await, (2000, 10, Some(1982), Some(1000)));
        assert_eq!(counted(Begin::Page(2), 2000).await, (1980, 10, Some(1962), Some(1000)));
        assert_eq!(counted(Begin::Page(1), 2002).await, (2002, 10, Some(1984), None));
        // A page further down has the same total, wherever its cursor stands.
        assert_eq!(counted(Begin::Below(Some(id(5))), 2000).await, (4, 2, None, Some(1000)));
        assert_eq!(counted(Begin::Below(None), 8).await, (8, 4, None, Some(4)));
    }

    #[tokio::test]
    async fn a_list_without_number_and_count_costs_what_it_did() {
        let store = stored(50).await;
        let before = store.meter().read();
        let found = page(&store, Begin::Below(None), 10, false, |_| true).await;
        let spent = store.meter().read().since(&before);
        assert_eq!((found, spent.round_trips, spent.read_units), (Ok((50, 10, Some(41), None)), 1, 1.0));
    }

    #[tokio::test]
    async fn what_a_filter_passes_over_is_bounded() {
        let most = u64::try_from(MOST_PAGES * PAGE).unwrap();
        let store = stored(most + 10).await;
        let last = page(&store, Begin::Page(1), 10, true, |row| row.id.get() == 1).await.unwrap();
        assert_eq!(last, (0, 0, Some(11), None), "where to go on is known, how many there are is not");
    }

    #[tokio::test]
    async fn counters_are_kept_with_what_they_count() {
        let store = stored(0).await;
        for n in 1..=20 {
            store.write(tally(TENANT, "lead", id(n), 1)).await.unwrap();
        }
        store.write(tally(TENANT, "lead", id(3), -1)).await.unwrap();
        store.write(tally(TENANT, "leaders", id(4), 1)).await.unwrap();
        let before = store.meter().read();
        assert_eq!(count(&store, TENANT, "lead").await.unwrap(), 19);
        assert_eq!(store.meter().read().since(&before).read_units, 1.0);
        assert_eq!(count(&store, TenantId(8), "lead").await.unwrap(), 0);
    }
}
