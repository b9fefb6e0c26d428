//! The entities of one kind of one tenant: how they are read, listed and written, the same for every kind.
//!
//! "Which one is it?" → by id. "The newest?" → the kind's partition backwards. "The newest that show there?" → index `gsi1`.

use std::marker::PhantomData;

use futures::future::try_join_all;

use super::{
    due::{self, Owing},
    entity::{Accompanied, Entity, Many, Place, Single},
    listing::{self, Listed},
};
use crate::{
    clock::Millis,
    ids::Id,
    store::{
        Attrs, Cond, Index, Key, Position, Query, SortValue, Store, StoreError, Write, attr, encode,
        limits::{BATCH_KEYS, item_bytes},
    },
    tenant::TenantId,
};

/// See the module.
pub struct Table<'a, E> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
    debt: Debt,
    kind: PhantomData<fn() -> E>,
}

/// When what is written falls due.
#[derive(Clone, Copy)]
enum Debt {
    /// As the entity says.
    Own,
    Said(Option<Millis>),
}

impl<E> Clone for Table<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Table<'_, E> {}

impl<'a, E: Entity> Table<'a, E> {
    pub fn new(store: &'a dyn Store, tenant: TenantId) -> Self {
        Self { store, tenant, debt: Debt::Own, kind: PhantomData }
    }

    /// The same table for one write: what is written owes its task at this time, or nothing.
    #[must_use]
    pub fn owing(self, at: Option<Millis>) -> Self {
        Self { debt: Debt::Said(at), ..self }
    }

    pub fn key(&self, id: E::Id) -> Key {
        E::place(&id).key(self.tenant)
    }

    /// "Which one is it?"
    pub async fn get(&self, id: E::Id) -> Result<Option<E>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    /// The same, with what it owes.
    pub async fn get_owing(&self, id: E::Id) -> Result<Option<Owing<E>>, StoreError> {
        due::owing(self.store, &self.key(id)).await
    }

    /// The write of a new one; it refuses where there is one of this id.
    pub fn put_new(&self, new: &E) -> Result<Write, StoreError> {
        Ok(self.overwrite(new)?.when(Cond::Absent))
    }

    /// [`put_new`](Self::put_new), for those who have no store at hand.
    pub fn put_new_of(tenant: TenantId, new: &E, due: Option<Millis>) -> Result<Write, StoreError> {
        Ok(put(tenant, new, due)?.when(Cond::Absent))
    }

    /// The write of the next version; it refuses where the stored one is not the version before it. Version 1 is the first.
    pub fn put_next(&self, next: &E) -> Result<Write, StoreError> {
        let before = match next.version() {
            0 | 1 => Cond::Absent,
            v => Cond::version(v - 1),
        };
        Ok(self.overwrite(next)?.when(before))
    }

    /// The write that replaces one by its next version; it refuses where that is no longer the stored one. One that is
    /// [over](Entity::is_over) is deleted.
    pub fn put_over(&self, before: &E, after: &E) -> Result<Write, StoreError> {
        let own = if after.is_over() { self.remove(after.id()) } else { self.overwrite(after)? };
        Ok(own.when(Cond::version(before.version())))
    }

    /// The write that stores one whatever stands there.
    pub fn overwrite(&self, entity: &E) -> Result<Write, StoreError> {
        let due = match self.debt {
            Debt::Own => entity.owed_at(),
            Debt::Said(at) => at,
        };
        put(self.tenant, entity, due)
    }

    /// The write that deletes one as it stands in `before`.
    pub fn remove_as(&self, before: &E) -> Write {
        self.remove(before.id()).when(Cond::version(before.version()))
    }

    /// The write that deletes one, whatever it says.
    pub fn remove(&self, id: E::Id) -> Write {
        Write::delete(self.key(id)).labelled(E::KIND)
    }

    /// Those of them that a partition of the general index shows, in its order.
    pub fn all_in(&self, partition: &str) -> Query {
        Query::on(Index::Gsi1, Key::partition(self.tenant, partition))
    }

    /// Everything that a query finds, page after page, in its order.
    pub async fn every(&self, query: Query) -> Result<Listed<E>, StoreError> {
        let mut query = query.limit(PAGE);
        let mut all = Listed::default();
        loop {
            let page = self.store.query(&query).await?;
            for item in &page.items {
                all.push(listing::row(item)?);
            }
            if page.next.is_none() {
                return Ok(all);
            }
            query.after = page.next;
        }
    }
}

fn put<E: Entity>(tenant: TenantId, entity: &E, due: Option<Millis>) -> Result<Write, StoreError> {
    let key = E::place(&entity.id()).key(tenant);
    let mut attrs: Attrs = encode(entity)?;
    if let Some(place) = entity.shown() {
        attrs.insert(attr::GSI1_PK.into(), Key::partition(tenant, &place.partition).into());
        attrs.insert(attr::GSI1_SK.into(), place.sort.into());
    }
    due::owe(&mut attrs, &key, E::TASK.zip(due));
    Ok(Write::put(key, attrs).labelled(E::KIND))
}

/// Items of a page where all are read; the engine ends it at 1 MB.
const PAGE: usize = 1000;

impl<E: Many> Table<'_, E> {
    /// The tenant's entities, oldest first.
    pub fn oldest(&self) -> Query {
        Query::table(Key::partition(self.tenant, E::KIND))
    }

    /// Those below `before`, newest first.
    pub fn newest(&self, before: Option<Id>) -> Query {
        self.oldest().newest_first().after(before.map(|id| Position { key: self.key_among(id), sort: None }))
    }

    /// Those that show in a partition of the general index under their ids.
    pub fn newest_in(&self, partition: &str, before: Option<Id>) -> Query {
        self.all_in(partition).newest_first().after(
            before.map(|id| Position { key: self.key_among(id), sort: Some(SortValue::S(id.sortable())) }),
        )
    }

    /// The first `limit` entities of a query that are wanted.
    pub async fn scan(
        &self,
        query: Query,
        limit: usize,
        wanted: impl Fn(&E) -> bool,
    ) -> Result<Listed<E>, StoreError> {
        listing::collect(self.store, query, limit, |entity: &E| entity.id().into(), wanted).await
    }

    /// Several by id, in any order; those that are not there are left out.
    pub async fn several(&self, ids: &[E::Id]) -> Result<Listed<E>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| self.key(*id)).collect();
        let pages = try_join_all(keys.chunks(BATCH_KEYS).map(|keys| self.store.batch_get(keys))).await?;
        let mut listed = Listed::default();
        for item in pages.iter().flatten() {
            listed.push(listing::row(item)?);
        }
        Ok(listed)
    }

    fn key_among(&self, id: Id) -> Key {
        Place::among(E::KIND, id).key(self.tenant)
    }
}

impl<E: Accompanied> Table<'_, E> {
    /// Creates the entity, with what lies beside it.
    pub fn insert(&self, new: &E) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.put_new(new)?];
        writes.extend(E::beside(self.tenant, None, Some(new))?);
        Ok(writes)
    }

    /// Replaces the entity: the version of `after` is one more than the stored one.
    pub fn replace(&self, before: &E, after: &E) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.put_over(before, after)?];
        writes.extend(E::beside(self.tenant, Some(before), Some(after))?);
        Ok(writes)
    }

    /// Deletes the entity as it stands in `before`.
    pub fn delete(&self, before: &E) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.remove_as(before)];
        writes.extend(E::beside(self.tenant, Some(before), None)?);
        Ok(writes)
    }
}

impl<E: Single> Table<'_, E> {
    /// It as it stands.
    pub async fn load(&self) -> Result<E, StoreError> {
        Ok(self.get(()).await?.unwrap_or_default())
    }

    /// Whether it fits into its item.
    pub fn fits(&self, changed: &E) -> Result<bool, StoreError> {
        Ok(item_bytes(&self.key(()), &encode(changed)?) <= E::MAX_BYTES)
    }
}

#[cfg(feature = "embedded")]
#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{
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

    fn id(value: u64) -> Id {
        Id::from_u64(value).unwrap()
    }

    fn parcel(n: u64, town: &str) -> Parcel {
        Parcel { id: id(n), town: town.into(), due: None, v: 1 }
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
        let numbers =
            |listed: Listed<Parcel>| listed.found.iter().map(|one| one.id.get()).collect::<Vec<_>>();
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
    async fn a_debt_is_the_entitys_own_or_said_for_it() {
        let store = Sqlite::memory().unwrap();
        let table = parcels(&store);
        let due = async |n| table.get_owing(id(n)).await.unwrap().unwrap().due_at;
        let owing = Parcel { due: Some(Millis(5)), ..parcel(1, "a") };
        store.write(table.put_new(&owing).unwrap()).await.unwrap();
        store.write(table.owing(Some(Millis(9))).put_new(&parcel(2, "b")).unwrap()).await.unwrap();
        store
            .write(table.owing(None).put_new(&Parcel { id: id(3), ..owing.clone() }).unwrap())
            .await
            .unwrap();
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
}
