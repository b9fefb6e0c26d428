//! Pages by number and totals, for the dialects whose contracts have them.
//!
//! Its one rule: both are bounded. A number reaches the newest [`REACH`] rows and a count goes as far; beyond that a client
//! goes on by cursor, and there is no total. How many there are without a filter is known from counters, which the
//! transactions keep that make and delete (the second half of this module).

use futures::future::try_join;

use super::apart;
use super::listing::{self, Listed, MAX_BYTES, Row};
use crate::{
    ids::Id,
    store::{self, Change, Item, Key, Label, Query, Store, StoreError, Write},
    tenant::TenantId,
};

/// Rows that a page number reaches and a filter's matches are counted to, the newest.
pub const REACH: usize = 1000;

/// Items of a page that is read in order to skip and count.
const PAGE: usize = 500;
/// Such pages that are read for one list at most: with a filter that passes most over, the count ends before the matches do.
const MOST_PAGES: usize = 8;

/// What a client asks of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Rows before the page.
    offset: usize,
    /// The page begins below this one, which the page before ended with.
    below: Option<Id>,
    /// Rows of the page.
    limit: usize,
}

impl Asked {
    /// The page of this number, 1 for the newest; none where it reaches beyond [`REACH`].
    pub fn numbered(number: u32, limit: usize) -> Option<Self> {
        let before = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let offset = before.saturating_mul(limit);
        let reached = offset.saturating_add(limit) <= REACH;
        reached.then_some(Self { offset, below: None, limit })
    }

    /// The newest, at most so many, as [`numbered`](Self::numbered) has them.
    pub fn newest(limit: usize) -> Self {
        Self { offset: 0, below: None, limit: limit.min(REACH) }
    }

    /// The page below a row, however far down.
    pub fn below(id: Id, limit: usize) -> Self {
        Self { offset: 0, below: Some(id), limit }
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub rows: Listed<T>,
    /// How many match; none where that was not asked for, or they are more than can be counted.
    pub total: Option<u64>,
}

/// What finds rows newest first, and what is known of them. What cannot be read counts as wanted: no filter can tell.
pub struct Source<'a, T, I, W> {
    pub store: &'a dyn Store,
    /// Newest first.
    pub query: Query,
    /// The same query for what lies below an id.
    pub below: &'a (dyn Fn(Query, Id) -> Query + Sync),
    pub row: fn(&Item) -> Result<Row<T>, StoreError>,
    pub id: I,
    pub wanted: W,
}

/// The page that is asked for. Where `counted`, with how many match; where nothing is filtered, [`count`] tells for less.
pub async fn read<T, I, W>(
    source: &Source<'_, T, I, W>,
    asked: Asked,
    counted: bool,
) -> Result<Page<T>, StoreError>
where
    I: Fn(&T) -> Id,
    W: Fn(&T) -> bool,
{
    match asked.below {
        // The count begins at the newest, wherever the page does.
        Some(_) if counted => {
            let newest = Asked { below: None, ..asked };
            let (page, all) =
                try_join(Walk::new(asked, false).over(source), Walk::new(newest, true).over(source)).await?;
            Ok(Page { total: all.total, ..page })
        }
        _ => Walk::new(asked, counted).over(source).await,
    }
}

/// A page in the making, while the matches before and behind it are counted.
struct Walk<T> {
    asked: Asked,
    counted: bool,
    matches: usize,
    bytes: usize,
    rows: Listed<T>,
    /// The last one on the page.
    last: Option<Id>,
    /// A match behind the page was seen.
    more: bool,
}

impl<T> Walk<T> {
    fn new(asked: Asked, counted: bool) -> Self {
        Self { asked, counted, matches: 0, bytes: 0, rows: Listed::default(), last: None, more: false }
    }

    async fn over<I, W>(mut self, source: &Source<'_, T, I, W>) -> Result<Page<T>, StoreError>
    where
        I: Fn(&T) -> Id,
        W: Fn(&T) -> bool,
    {
        let most = if self.counted { PAGE } else { PAGE.min(self.asked.offset + self.asked.limit + 1) };
        let query = source.query.clone();
        let query = match self.asked.below {
            Some(id) => (source.below)(query, id),
            None => query,
        };
        let mut query = query.limit(most);
        let mut seen = None;
        for _ in 0..MOST_PAGES {
            let page = store::page(source.store, &query).await?;
            for item in &apart::whole(source.store, page.items).await? {
                let row = (source.row)(item)?;
                let at = row.as_ref().map_or_else(|unreadable| unreadable.id, &source.id);
                seen = Some(at);
                if row.as_ref().map_or(true, &source.wanted) {
                    self.take(row, at, item.bytes());
                }
            }
            if page.next.is_none() {
                let total = (self.counted && self.matches <= REACH).then_some(self.matches as u64);
                let next = self.last.filter(|_| self.more);
                return Ok(Page { rows: Listed { next, ..self.rows }, total });
            }
            if self.matches > REACH || (self.more && !self.counted) {
                break;
            }
            seen = page.next.as_ref().and_then(listing::passed).or(seen);
            query.after = page.next;
        }
        // It ended before what there is did.
        let next = if self.more { self.last } else { seen };
        Ok(Page { rows: Listed { next, ..self.rows }, total: None })
    }

    fn take(&mut self, row: Row<T>, id: Id, bytes: usize) {
        self.matches += 1;
        if self.matches <= self.asked.offset {
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
    use crate::{
        repo::listing,
        store::{self, Position, embedded::Sqlite, encode},
    };

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
        asked: Asked,
        counted: bool,
        wanted: impl Fn(&Thing) -> bool,
    ) -> (u64, usize, Option<u64>, Option<u64>) {
        let source = Source {
            store,
            query: Query::table(Key::partition(TENANT, "row")).newest_first(),
            below: &|query, at| query.after(Some(Position { key: key(at), sort: None })),
            row: listing::row,
            id: |row: &Thing| row.id,
            wanted,
        };
        let page = read(&source, asked, counted).await.unwrap();
        let first = page.rows.found.first().map_or(0, |row| row.id.get());
        (first, page.rows.len(), page.rows.next.map(Id::get), page.total)
    }

    #[tokio::test]
    async fn a_page_number_reaches_a_thousand_rows_and_no_further() {
        let store = stored(1200).await;
        let numbered =
            async |number| page(&store, Asked::numbered(number, 10).unwrap(), false, |_| true).await;
        assert_eq!(numbered(1).await, (1200, 10, Some(1191), None));
        assert_eq!(numbered(3).await, (1180, 10, Some(1171), None));
        assert_eq!(numbered(100).await, (210, 10, Some(201), None));
        for (number, limit) in [(101, 10), (u32::MAX, 1000), (1, 1001), (2, 1000)] {
            assert_eq!(Asked::numbered(number, limit), None, "{number} {limit}");
        }
        let few = stored(25).await;
        let numbered = async |number| page(&few, Asked::numbered(number, 10).unwrap(), false, |_| true).await;
        assert_eq!(numbered(3).await, (5, 5, None, None));
        assert_eq!(numbered(4).await, (0, 0, None, None));
    }

    #[tokio::test]
    async fn matches_are_counted_to_a_thousand() {
        let store = stored(2100).await;
        let even = |below: u64| move |row: &Thing| row.even && row.id.get() <= below;
        let counted = async |asked, below| page(&store, asked, true, even(below)).await;
        let numbered = |number| Asked::numbered(number, 10).unwrap();
        assert_eq!(counted(numbered(1), 2000).await, (2000, 10, Some(1982), Some(1000)));
        assert_eq!(counted(numbered(2), 2000).await, (1980, 10, Some(1962), Some(1000)));
        assert_eq!(counted(numbered(1), 2002).await, (2002, 10, Some(1984), None));
        // A page further down has the same total, wherever its cursor stands.
        assert_eq!(counted(Asked::below(id(5), 10), 2000).await, (4, 2, None, Some(1000)));
        assert_eq!(counted(numbered(1), 8).await, (8, 4, None, Some(4)));
    }

    #[tokio::test]
    async fn a_list_without_number_and_count_costs_what_it_did() {
        let store = stored(50).await;
        let before = store.meter().read();
        let found = page(&store, Asked::numbered(1, 10).unwrap(), false, |_| true).await;
        let spent = store.meter().read().since(&before);
        assert_eq!((found, spent.round_trips, spent.read_units), ((50, 10, Some(41), None), 1, 1.0));
    }

    #[tokio::test]
    async fn rows_before_the_page_take_none_of_its_bytes() {
        let store = Sqlite::memory().unwrap();
        for n in 1..=30 {
            let mut large = encode(&Thing { id: id(n), even: true }).unwrap();
            large.insert("filler".into(), "x".repeat(200_000).into());
            store.write(Write::put(key(id(n)), large)).await.unwrap();
        }
        let numbered =
            async |number| page(&store, Asked::numbered(number, 25).unwrap(), true, |_| true).await;
        assert_eq!(numbered(1).await, (30, 21, Some(10), Some(30)), "as many as 4 MB hold");
        assert_eq!(numbered(2).await, (5, 5, None, Some(30)));
    }

    #[tokio::test]
    async fn what_a_filter_passes_over_is_bounded() {
        let most = u64::try_from(MOST_PAGES * PAGE).unwrap();
        let store = stored(most + 10).await;
        let last = page(&store, Asked::numbered(1, 10).unwrap(), true, |row| row.id.get() == 1).await;
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
