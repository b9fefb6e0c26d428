//! A table of parcels whose notes lie apart when they are long.

use serde::{Deserialize, Serialize};

use super::*;
use crate::{
    ids::Id,
    repo::{
        entity::{Accompanied, Many, Place},
        table::Table,
    },
    store::{self, Meter, Page, Query, embedded::Sqlite},
    tenant::TenantId,
};

const TENANT: TenantId = TenantId(7);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Parcel {
    id: Id,
    town: String,
    #[serde(default)]
    notes: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    apart: bool,
    v: u64,
}

impl Entity for Parcel {
    type Id = Id;
    const KIND: &'static str = "parcel";
    const APART: &'static [&'static str] = &["notes"];
    const APART_FROM: usize = 100;

    fn place(id: &Id) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> Id {
        self.id
    }

    fn version(&self) -> u64 {
        self.v
    }

    fn lies_apart(&self) -> bool {
        self.apart
    }
}

impl Many for Parcel {}

impl Accompanied for Parcel {
    fn beside(_: TenantId, _: Option<&Self>, _: Option<&Self>) -> Result<Vec<Write>, StoreError> {
        Ok(Vec::new())
    }
}

fn id(n: u64) -> Id {
    Id::from_u64(n).unwrap()
}

fn parcel(n: u64, notes: usize) -> Parcel {
    Parcel { id: id(n), town: "a".into(), notes: "x".repeat(notes), apart: false, v: 1 }
}

fn head_key(n: u64) -> Key {
    Parcel::place(&id(n)).key(TENANT)
}

/// What lies apart of it.
async fn content(store: &Sqlite, n: u64) -> Option<Item> {
    store.get(&key_of(&head_key(n))).await.unwrap()
}

async fn insert(store: &Sqlite, parcel: &Parcel) {
    let writes = Table::<Parcel>::new(store, TENANT).insert(parcel).unwrap();
    store::apply(store, writes).await.unwrap();
}

async fn replace(store: &Sqlite, before: &Parcel, change: impl Fn(&mut Parcel)) -> usize {
    let mut after = before.clone();
    change(&mut after);
    after.v += 1;
    let writes = Table::<Parcel>::new(store, TENANT).replace(before, &after).unwrap();
    let count = writes.len();
    store::apply(store, writes).await.unwrap();
    count
}

#[tokio::test]
async fn what_is_long_lies_apart_and_is_read_with_the_rest_however_it_is_read() {
    let store = Sqlite::memory().unwrap();
    for (n, notes) in [(1, 10), (2, 5_000), (3, 101)] {
        insert(&store, &parcel(n, notes)).await;
        assert_eq!(content(&store, n).await.is_some(), notes > 100, "{notes}");
    }
    let table: Table<'_, Parcel> = Table::new(&store, TENANT);
    let long = |parcels: &[Parcel]| parcels.iter().map(|parcel| parcel.notes.len()).collect::<Vec<_>>();
    assert_eq!(table.get(id(2)).await.unwrap().unwrap().notes.len(), 5_000);
    let head = table.head(id(2)).await.unwrap().unwrap();
    assert_eq!((head.notes.len(), head.lies_apart()), (0, true));
    assert_eq!(long(&table.scan(table.newest(None), 9, |_| true).await.unwrap().found), [101, 5_000, 10]);
    assert_eq!(long(&table.every(table.oldest()).await.unwrap().found), [10, 5_000, 101]);
    let mut several = long(&table.several(&[id(1), id(2), id(3), id(4)]).await.unwrap().found);
    several.sort_unstable();
    assert_eq!(several, [10, 101, 5_000]);
}

#[tokio::test]
async fn a_change_writes_what_it_changes() {
    let store = Sqlite::memory().unwrap();
    let table: Table<'_, Parcel> = Table::new(&store, TENANT);
    insert(&store, &parcel(1, 5_000)).await;
    for read in [table.head(id(1)).await, table.get(id(1)).await] {
        let before = Parcel { v: table.head(id(1)).await.unwrap().unwrap().v, ..read.unwrap().unwrap() };
        assert_eq!(replace(&store, &before, |parcel| parcel.town = "b".into()).await, 1, "the head alone");
    }
    let before = table.get(id(1)).await.unwrap().unwrap();
    assert_eq!((before.town.as_str(), before.notes.len(), before.v), ("b", 5_000, 3));
    assert_eq!(replace(&store, &before, |parcel| parcel.notes = "short".into()).await, 2);
    let now = table.get(id(1)).await.unwrap().unwrap();
    assert_eq!((now.notes.as_str(), now.lies_apart()), ("short", true), "what lies apart stays there");
    // What was made a moment ago and is still held as it was made says nothing of what lies apart.
    let made = parcel(2, 5_000);
    insert(&store, &made).await;
    replace(&store, &made, |parcel| parcel.town = "c".into()).await;
    let now = table.get(id(2)).await.unwrap().unwrap();
    assert_eq!((now.town.as_str(), now.notes.len()), ("c", 5_000));
    for n in [1, 2] {
        let before = table.head(id(n)).await.unwrap().unwrap();
        store::apply(&store, table.delete(&before).unwrap()).await.unwrap();
        assert!(content(&store, n).await.is_none(), "nothing stays behind");
    }
}

#[tokio::test]
async fn a_head_whose_content_is_lost_is_unreadable_and_not_empty() {
    let store = Sqlite::memory().unwrap();
    let table: Table<'_, Parcel> = Table::new(&store, TENANT);
    insert(&store, &parcel(1, 5_000)).await;
    insert(&store, &parcel(2, 10)).await;
    store.write(Write::delete(key_of(&head_key(1)))).await.unwrap();
    assert!(matches!(table.get(id(1)).await, Err(StoreError::Corrupt(_))));
    let listed = table.scan(table.newest(None), 9, |_| true).await.unwrap();
    assert_eq!((listed.found.len(), listed.unreadable.len()), (1, 1));
}

/// A store in which somebody changes a parcel after each read of heads.
struct Restless {
    inner: Sqlite,
    changes: std::sync::atomic::AtomicU32,
}

#[async_trait::async_trait]
impl Store for Restless {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let found = self.inner.get(key).await;
        self.disturb().await;
        found
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        let found = self.inner.batch_get(keys).await;
        if keys.iter().any(|key| key.pk().ends_with("#parcel")) {
            self.disturb().await;
        }
        found
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.inner.query(query).await
    }

    async fn write(&self, write: Write) -> Result<Option<Item>, StoreError> {
        self.inner.write(write).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.inner.transact(writes).await
    }

    fn meter(&self) -> &Meter {
        self.inner.meter()
    }
}

impl Restless {
    async fn disturb(&self) {
        use std::sync::atomic::Ordering::Relaxed;
        if self.changes.load(Relaxed) == 0 {
            return;
        }
        self.changes.fetch_sub(1, Relaxed);
        let table: Table<'_, Parcel> = Table::new(&self.inner, TENANT);
        let before = table.get(id(1)).await.unwrap().unwrap();
        let letter = char::from(b'b' + u8::try_from(before.v).unwrap());
        replace(&self.inner, &before, |parcel| {
            parcel.town = letter.into();
            parcel.notes = letter.to_string().repeat(5_000);
        })
        .await;
    }
}

#[tokio::test]
async fn head_and_content_are_of_one_moment() {
    for changes in [0, 1, 2, 3] {
        let store = Restless { inner: Sqlite::memory().unwrap(), changes: changes.into() };
        insert(&store.inner, &parcel(1, 5_000)).await;
        let read: Parcel = Table::new(&store, TENANT).get(id(1)).await.unwrap().unwrap();
        let town = if changes == 0 { "x" } else { read.town.as_str() };
        assert!(
            read.notes == town.repeat(5_000) && read.v == u64::from(changes) + 1,
            "{changes}: {}",
            read.v
        );
    }
}
