//! The entities of one kind of one tenant: how they are read, listed and written, the same for every kind.
//!
//! What lies in a client group out of the [`Reach`] of whoever reads is dropped here, and by whoever reads beside a table,
//! as if it were not there.
//!
//! "Which one is it?" → by id. "The newest?" → the kind's partition backwards. "The newest that show there?" → index `gsi1`.

use std::marker::PhantomData;

use futures::future::try_join_all;

use super::{
    apart,
    due::{self, Owing},
    entity::{Accompanied, Entity, Many, Place, Single},
    entries,
    listing::{self, Listed, Row},
};
use crate::{
    clock::Millis,
    domain::{
        grouping::Grouped,
        reach::{self, Reach},
    },
    ids::{EntityId, GroupId, Id},
    store::{
        self, Attrs, Cond, Index, Item, Key, Position, Query, SortValue, Store, StoreError, Write, attr,
        encode,
        limits::{BATCH_KEYS, item_bytes},
    },
    tenant::TenantId,
};

/// See the module.
pub struct Table<'a, E> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
    pub(super) reach: &'a Reach,
    debt: Debt,
    /// Who does not say better writes what lists by client group, and reads none of it.
    pub(super) grouped: Grouped,
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
        Self {
            store,
            tenant,
            reach: &reach::ALL,
            debt: Debt::Own,
            grouped: Grouped::Written,
            kind: PhantomData,
        }
    }

    /// The same table as it is for whoever reaches no further.
    #[must_use]
    pub fn within(self, reach: &'a Reach) -> Self {
        Self { reach, ..self }
    }

    /// The same table in an organization of which is known how far it is with its lists by client group.
    #[must_use]
    pub fn grouped(self, grouped: Grouped) -> Self {
        Self { grouped, ..self }
    }

    /// The writes beside an entity's own, without those of lists that the organization has no use for.
    pub(super) fn wanted(&self, writes: Vec<Write>) -> impl Iterator<Item = Write> {
        let all = self.grouped != Grouped::No;
        writes.into_iter().filter(move |write| all || !entries::is_of_group(&write.key))
    }

    /// Whether it is there for whoever reads.
    pub(super) fn shows(&self, entity: &E) -> bool {
        self.reach.shows(entity.group())
    }

    /// The same of what may not be readable. Nobody can tell whose that is, but for the group that may stand in its item.
    pub(super) fn shows_row(&self, row: &Row<E>, item: &Item) -> bool {
        match row {
            Ok(entity) => self.shows(entity),
            Err(_) => self.reach.is_all() || group_of(item).is_some_and(|group| self.reach.covers(group)),
        }
    }

    /// The same table for one write: what is written owes its task at this time, or nothing.
    #[must_use]
    pub fn owing(self, at: Option<Millis>) -> Self {
        Self { debt: Debt::Said(at), ..self }
    }

    #[expect(clippy::needless_pass_by_value, reason = "nearly every id is a number that is copied")]
    pub fn key(&self, id: E::Id) -> Key {
        E::place(&id).key(self.tenant)
    }

    /// "Which one is it?"
    pub async fn get(&self, id: E::Id) -> Result<Option<E>, StoreError> {
        let found = apart::get(self.store, &self.key(id)).await?.map(|item| item.decode()).transpose()?;
        Ok(found.filter(|entity| self.shows(entity)))
    }

    /// The same without what lies apart: for who changes the rest, and leaves that as it is.
    pub async fn head(&self, id: E::Id) -> Result<Option<E>, StoreError> {
        let found = self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()?;
        Ok(found.filter(|entity| self.shows(entity)))
    }

    /// The same, with what it owes.
    pub async fn get_owing(&self, id: E::Id) -> Result<Option<Owing<E>>, StoreError> {
        let found = due::owing(self.store, &self.key(id)).await?;
        Ok(found.filter(|owing: &Owing<E>| self.shows(&owing.item)))
    }

    /// The write of a new one; it refuses where there is one of this id.
    pub fn put_new(&self, new: &E) -> Result<Write, StoreError> {
        Ok(self.overwrite(new)?.drawn())
    }

    /// [`put_new`](Self::put_new), for those who have no store at hand.
    pub fn put_new_of(tenant: TenantId, new: &E, due: Option<Millis>) -> Result<Write, StoreError> {
        Ok(put(tenant, new, due)?.drawn())
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

    /// Puts an item that was read among others, if it is there for whoever reads.
    pub(super) fn take(&self, listed: &mut Listed<E>, item: &Item) -> Result<(), StoreError> {
        let row: Row<E> = listing::row(item)?;
        if self.shows_row(&row, item) {
            listed.push(row);
        }
        Ok(())
    }

    /// Everything that a query finds, page after page, in its order.
    pub async fn every(&self, query: Query) -> Result<Listed<E>, StoreError> {
        let mut query = query.limit(PAGE);
        let mut all = Listed::default();
        loop {
            let page = store::page(self.store, &query).await?;
            for item in &apart::whole(self.store, page.items).await? {
                self.take(&mut all, item)?;
            }
            if page.next.is_none() {
                return Ok(all);
            }
            query.after = page.next;
        }
    }
}

/// The client group that stands in an item, whatever else does.
fn group_of(item: &Item) -> Option<GroupId> {
    let attrs = item.attrs().ok()?;
    attrs.get("group_id")?.as_u64().and_then(Id::from_u64).map(GroupId::of)
}

fn put<E: Entity>(tenant: TenantId, entity: &E, due: Option<Millis>) -> Result<Write, StoreError> {
    let key = E::place(&entity.id()).key(tenant);
    let mut attrs: Attrs = encode(entity)?;
    apart::unmarked(&mut attrs);
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
        let wanted =
            |row: &Row<E>, item: &Item| self.shows_row(row, item) && row.as_ref().map_or(true, &wanted);
        listing::collect_rows(self.store, query, limit, |entity: &E| entity.id().into(), wanted).await
    }

    /// Several by id, in any order; those that are not there are left out.
    pub async fn several(&self, ids: &[E::Id]) -> Result<Listed<E>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| self.key(*id)).collect();
        let pages = try_join_all(keys.chunks(BATCH_KEYS).map(|keys| self.store.batch_get(keys))).await?;
        let mut listed = Listed::default();
        for item in &apart::whole(self.store, pages.concat()).await? {
            self.take(&mut listed, item)?;
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
        let mut own = self.put_new(new)?;
        let content = apart::lay(&mut own, None, new)?;
        let mut writes = vec![own];
        writes.extend(content);
        writes.extend(self.wanted(E::beside(self.tenant, None, Some(new))?));
        Ok(writes)
    }

    /// Replaces the entity: the version of `after` is one more than the stored one.
    pub fn replace(&self, before: &E, after: &E) -> Result<Vec<Write>, StoreError> {
        let mut own = self.put_over(before, after)?;
        let content = apart::lay(&mut own, Some(before), after)?;
        let mut writes = vec![own];
        writes.extend(content);
        writes.extend(self.wanted(E::beside(self.tenant, Some(before), Some(after))?));
        Ok(writes)
    }

    /// The writes of its own items that delete it as it stands in `before`.
    pub(super) fn removal(&self, before: &E) -> Vec<Write> {
        let own = self.remove_as(before);
        let content = apart::clear(&own.key, before);
        [own].into_iter().chain(content).collect()
    }

    /// Deletes the entity as it stands in `before`.
    pub fn delete(&self, before: &E) -> Result<Vec<Write>, StoreError> {
        let mut writes = self.removal(before);
        writes.extend(self.wanted(E::beside(self.tenant, Some(before), None)?));
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
mod tests;
