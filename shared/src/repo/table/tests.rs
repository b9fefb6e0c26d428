//! A table of parcels, which have everything that an entity may have.

use serde::{Deserialize, Serialize};

use super::*;
use crate::{
    ids::EntityId,
    queue::TaskKind,
    store::{self, embedded::Sqlite},
};

const TENANT: TenantId = TenantId(7);

/// An entity with everything that one may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Parcel {
    id: Id,
    town: String,
    due: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group_id: Option<GroupId>,
    v: u64,
}

impl Entity for Parcel {
    type Id = Id;
    const KIND: &'static str = "parcel";
    const TASK: Option<TaskKind> = Some(TaskKind::Chore);

    fn place(id: &Id) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> Id {
        self.id
    }

    fn version(&self) -> u64 {
        self.v
    }

    fn owed_at(&self) -> Option<Millis> {
        self.due
    }

    fn group(&self) -> Option<GroupId> {
        self.group_id
    }

    fn shown(&self) -> Option<Place> {
        Some(Place::among(format!("parcels#{}", self.town), self.id))
    }

    fn is_over(&self) -> bool {
        self.town == "nowhere"
    }
}

impl Many for Parcel {}

impl Accompanied for Parcel {
    fn beside(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError> {
        let guard = |parcel: &Self| Place::alone(format!("town#{}", parcel.town)).key(tenant);
        let freed = before.map(|before| Write::delete(guard(before)));
        let taken =
            after.map(|after| Write::put(guard(after), Attrs::new()).when(Cond::Absent).labelled("town"));
        Ok(freed.into_iter().chain(taken).collect())
    }
}

/// What a tenant has once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Sign {
    text: String,
    v: u64,
}

impl Entity for Sign {
    type Id = ();
    const KIND: &'static str = "sign";

    fn place((): &()) -> Place {
        Place::alone(Self::KIND)
    }

    fn id(&self) {}

    fn version(&self) -> u64 {
        self.v
    }
}

impl Single for Sign {
    const MAX_BYTES: usize = 100;
}

fn id<I: EntityId>(value: u64) -> I {
    I::of(Id::from_u64(value).unwrap())
}

fn parcel(n: u64, town: &str) -> Parcel {
    Parcel { id: id(n), town: town.into(), due: None, group_id: None, v: 1 }
}

fn parcels(store: &Sqlite) -> Table<'_, Parcel> {
    Table::new(store, TENANT)
}

#[tokio::test]
async fn an_entity_and_what_lies_beside_it_go_together() {
    let store = Sqlite::memory().unwrap();
    let table = parcels(&store);
    let first = parcel(1, "bern");
    store::apply(&store, table.insert(&first).unwrap()).await.unwrap();
    assert_eq!(table.get(id(1)).await.unwrap(), Some(first.clone()));
    assert_eq!(Table::<Parcel>::new(&store, TenantId(8)).get(id(1)).await.unwrap(), None);

    let again = store::apply(&store, table.insert(&first).unwrap()).await.unwrap_err();
    assert!(again.refused_by(Parcel::KIND).is_some() && again.refused_by("town").is_some(), "{again}");
    let taken = store::apply(&store, table.insert(&parcel(2, "bern")).unwrap()).await.unwrap_err();
    assert_eq!(taken.refusals().iter().map(|refusal| refusal.label).collect::<Vec<_>>(), ["town"]);

    let moved = Parcel { town: "basel".into(), v: 2, ..first.clone() };
    store::apply(&store, table.replace(&first, &moved).unwrap()).await.unwrap();
    let late = store::apply(&store, table.replace(&first, &moved).unwrap()).await.unwrap_err();
    assert!(late.refused_by(Parcel::KIND).is_some());
    store::apply(&store, table.insert(&parcel(2, "bern")).unwrap()).await.unwrap();
    assert!(store::apply(&store, table.delete(&first).unwrap()).await.is_err(), "it is another version");
    store::apply(&store, table.delete(&moved).unwrap()).await.unwrap();
    assert_eq!(table.get(id(1)).await.unwrap(), None);
    store::apply(&store, table.insert(&parcel(3, "basel")).unwrap()).await.unwrap();
}

#[tokio::test]
async fn lists_are_by_age_and_by_where_an_entity_shows() {
    let store = Sqlite::memory().unwrap();
    let table = parcels(&store);
    for n in 1..=4 {
        let town = if n % 2 == 0 { "even" } else { "odd" };
        store.write(table.put_new(&parcel(n, town)).unwrap()).await.unwrap();
    }
    let numbers = |listed: Listed<Parcel>| listed.found.iter().map(|one| one.id.get()).collect::<Vec<_>>();
    let newest = async |before| numbers(table.scan(table.newest(before), 2, |_| true).await.unwrap());
    assert_eq!((newest(None).await, newest(Some(id(3))).await), (vec![4, 3], vec![2, 1]));
    let odd = table.scan(table.newest_in("parcels#odd", Some(id(3))), 2, |_| true).await.unwrap();
    assert_eq!(numbers(odd), [1]);
    assert_eq!(numbers(table.every(table.all_in("parcels#even")).await.unwrap()), [2, 4]);

    let spoilt = vec![store::Change::set("town", 7)];
    store.write(Write::update(table.key(id(2)), spoilt)).await.unwrap();
    let mut several = table.several(&[id(1), id(2), id(9)]).await.unwrap();
    assert_eq!((several.found.len(), several.unreadable.pop().unwrap().id), (1, id(2)));
}

#[tokio::test]
async fn what_lies_in_a_group_out_of_reach_is_not_there_however_it_is_read() {
    let store = Sqlite::memory().unwrap();
    let all = parcels(&store);
    for (n, group) in [(1, Some(7)), (2, Some(8)), (3, None), (4, Some(7)), (5, Some(8))] {
        let one = Parcel { group_id: group.map(id), ..parcel(n, "bern") };
        store.write(all.put_new(&one).unwrap()).await.unwrap();
    }
    for n in [4, 5] {
        store.write(Write::update(all.key(id(n)), vec![store::Change::set("town", 7)])).await.unwrap();
    }
    let reach = Reach::of(&[id(7)]);
    let table = all.within(&reach);
    let ids = |listed: Listed<Parcel>| {
        let unreadable = listed.unreadable.iter().map(|one| one.id.get()).collect::<Vec<_>>();
        (listed.found.iter().map(|one| one.id.get()).collect::<Vec<_>>(), unreadable)
    };
    assert!(table.get(id(1)).await.unwrap().is_some() && table.get(id(3)).await.unwrap().is_some());
    assert!(table.get(id(2)).await.unwrap().is_none() && all.get(id(2)).await.unwrap().is_some());
    assert!(table.get_owing(id(2)).await.unwrap().is_none());
    let every = [1, 2, 3, 4, 5].map(id);
    // What cannot be read shows where its group can.
    assert_eq!(ids(table.several(&every).await.unwrap()), (vec![1, 3], vec![4]));
    assert_eq!(ids(table.every(table.oldest()).await.unwrap()), (vec![1, 3], vec![4]));
    assert_eq!(ids(table.scan(table.newest(None), 9, |_| true).await.unwrap()), (vec![3, 1], vec![4]));
    assert_eq!(ids(all.every(all.oldest()).await.unwrap()), (vec![1, 2, 3], vec![4, 5]));
    let first = table.scan(table.oldest(), 2, |_| true).await.unwrap();
    assert_eq!((first.next, first.len()), (Some(id(3)), 2));
    let nothing = Reach::of(&[id(7)]).within(&Reach::of(&[id(8)]));
    assert_eq!(ids(all.within(&nothing).every(all.oldest()).await.unwrap()), (vec![3], vec![]));
}

#[tokio::test]
async fn a_debt_is_the_entitys_own_or_said_for_it() {
    let store = Sqlite::memory().unwrap();
    let table = parcels(&store);
    let due = async |n| table.get_owing(id(n)).await.unwrap().unwrap().due_at;
    let owing = Parcel { due: Some(Millis(5)), ..parcel(1, "a") };
    store.write(table.put_new(&owing).unwrap()).await.unwrap();
    store.write(table.owing(Some(Millis(9))).put_new(&parcel(2, "b")).unwrap()).await.unwrap();
    store.write(table.owing(None).put_new(&Parcel { id: id(3), ..owing.clone() }).unwrap()).await.unwrap();
    assert_eq!((due(1).await, due(2).await, due(3).await), (Some(Millis(5)), Some(Millis(9)), None));

    let over = Parcel { town: "nowhere".into(), v: 2, ..owing.clone() };
    store.write(table.put_over(&owing, &over).unwrap()).await.unwrap();
    assert_eq!(table.get(id(1)).await.unwrap(), None, "it was there for its debt alone");
}

#[tokio::test]
async fn what_a_tenant_has_once_begins_as_built_in_and_is_changed_one_after_the_other() {
    let store = Sqlite::memory().unwrap();
    let table = Table::<Sign>::new(&store, TENANT);
    assert_eq!(table.load().await.unwrap(), Sign::default());
    for v in 1..=2 {
        let next = Sign { text: "open".into(), v };
        let write = table.put_next(&next).unwrap();
        store.write(write.clone()).await.unwrap();
        assert_eq!(table.load().await.unwrap(), next);
        assert!(store.write(write).await.unwrap_err().refused_by(Sign::KIND).is_some());
    }
    assert!(table.fits(&Sign { text: "x".repeat(50), v: 1 }).unwrap());
    assert!(!table.fits(&Sign { text: "x".repeat(100), v: 1 }).unwrap());
}

/// A store whose index still shows what was deleted just now.
struct Lagging {
    inner: Sqlite,
    gone: std::ops::Range<u64>,
}

#[async_trait::async_trait]
impl Store for Lagging {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.inner.get(key).await
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        let table: Table<'_, Parcel> = Table::new(&self.inner, TENANT);
        let gone: Vec<Key> = self.gone.clone().map(|n| table.key(id(n))).collect();
        let there: Vec<Key> = keys.iter().filter(|key| !gone.contains(key)).cloned().collect();
        self.inner.batch_get(&there).await
    }

    async fn query(&self, query: &Query) -> Result<store::Page, StoreError> {
        self.inner.query(query).await
    }

    async fn write(&self, write: Write) -> Result<Option<Item>, StoreError> {
        self.inner.write(write).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.inner.transact(writes).await
    }

    fn meter(&self) -> &store::Meter {
        self.inner.meter()
    }
}

#[tokio::test]
async fn a_list_goes_on_past_what_the_index_still_shows() {
    let store = Lagging { inner: Sqlite::memory().unwrap(), gone: 5..600 };
    let table: Table<'_, Parcel> = Table::new(&store, TENANT);
    for n in 1..=600 {
        store.write(table.put_new(&parcel(n, "odd")).unwrap()).await.unwrap();
    }
    let (mut found, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = table.scan(table.newest_in("parcels#odd", before), 1, |_| true).await.unwrap();
        found.extend(page.found.iter().map(|parcel| parcel.id.get()));
        pages += 1;
        assert!(pages < 20 && page.next.is_none_or(|next| before.is_none_or(|before| next < before)));
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    assert_eq!(found, [600, 4, 3, 2, 1]);
}
