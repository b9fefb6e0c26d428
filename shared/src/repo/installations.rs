//! Installations.
//!
//! "Which one is it?" → by id. "Was this instance registered?" → guard item per `instance_id`. "Whose URL is this?" →
//! one item per origin and installation. "The newest?" → the tenant's partition backwards.

use crate::{
    clock::Millis,
    domain::installation::Installation,
    ids::Id,
    queue::TaskKind,
    repo::{
        due,
        listing::{self, Listed},
    },
    store::{Change, Cond, Key, Position, Query, Store, StoreError, Write, encode, segment},
    tenant::TenantId,
};

/// The installations of one tenant.
#[derive(Clone, Copy)]
pub struct Installations<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Installations<'_> {
    pub fn key(&self, id: Id) -> Key {
        Key::of(self.tenant, "installation", id.sortable())
    }

    pub async fn get(&self, id: Id) -> Result<Option<Installation>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    pub async fn by_instance(&self, instance_id: &str) -> Result<Option<Installation>, StoreError> {
        let Some(guard) = self.store.get(&self.instance_key(instance_id)).await? else { return Ok(None) };
        self.get(guard.decode::<Pointer>()?.installation_id).await
    }

    /// The installations that own an origin, the oldest first. More than one when an instance was registered twice.
    pub async fn by_origin(&self, origin: &str) -> Result<Vec<Id>, StoreError> {
        let page =
            self.store.query(&Query::table(Key::partition(self.tenant, &origin_partition(origin)))).await?;
        page.items.iter().map(|item| Ok(item.decode::<Pointer>()?.installation_id)).collect()
    }

    /// The tenant's installation when there is exactly one.
    pub async fn only(&self) -> Result<Option<Id>, StoreError> {
        let page =
            self.store.query(&Query::table(Key::partition(self.tenant, "installation")).limit(2)).await?;
        match page.items.as_slice() {
            [one] => Ok(Some(one.decode::<Installation>()?.id)),
            _ => Ok(None),
        }
    }

    /// The newest below `before`, up to `limit`.
    pub async fn list(&self, limit: usize, before: Option<Id>) -> Result<Listed<Installation>, StoreError> {
        let query = Query::table(Key::partition(self.tenant, "installation"))
            .newest_first()
            .after(before.map(|id| Position { key: self.key(id), sort: None }));
        listing::collect(self.store, query, limit, |found: &Installation| found.id, |_| true).await
    }

    /// Creates it with its guard and origins, and owes a listing of its workflows at `listing_at`.
    pub fn insert(&self, new: &Installation, listing_at: Millis) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![
            Write::put(self.instance_key(&new.instance_id), encode(&Pointer { installation_id: new.id })?)
                .when(Cond::Absent),
            self.put(new, Some(listing_at))?.when(Cond::Absent),
        ];
        for origin in new.origins() {
            writes.push(self.put_origin(&origin, new.id)?);
        }
        Ok(writes)
    }

    /// Replaces it: `new.v` is one more than the stored version. Origins that it left are let go.
    pub fn replace(
        &self,
        old: &Installation,
        new: &Installation,
        listing_at: Option<Millis>,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.put(new, listing_at)?.when(Cond::version(old.v))];
        let (before, after) = (old.origins(), new.origins());
        for origin in after.iter().filter(|origin| !before.contains(origin)) {
            writes.push(self.put_origin(origin, new.id)?);
        }
        for origin in before.iter().filter(|origin| !after.contains(origin)) {
            writes.push(Write::delete(self.origin_key(origin, new.id)));
        }
        Ok(writes)
    }

    /// Deletes it as it stands in `old`, with its guard and its origins: its `instance_id` is free, and no URL is its own any
    /// more. What it owes goes with it.
    pub fn delete(&self, old: &Installation) -> Vec<Write> {
        let own = Write::delete(self.key(old.id)).when(Cond::version(old.v));
        let origins = old.origins();
        let origins = origins.iter().map(|origin| Write::delete(self.origin_key(origin, old.id)));
        [own, Write::delete(self.instance_key(&old.instance_id))].into_iter().chain(origins).collect()
    }

    /// Notes that it was heard of. Not a version of its own: whoever replaces it at the same time wins, and the next sight
    /// makes that good. Refused when it is gone.
    pub fn see(&self, id: Id, now: Millis) -> Write {
        Write::update(self.key(id), vec![Change::set("seen_at", now.0)]).when(Cond::Exists)
    }

    fn put(&self, installation: &Installation, listing_at: Option<Millis>) -> Result<Write, StoreError> {
        let key = self.key(installation.id);
        let mut attrs = encode(installation)?;
        due::owe(&mut attrs, &key, listing_at.map(|at| (TaskKind::ListWorkflows, at)));
        Ok(Write::put(key, attrs))
    }

    fn put_origin(&self, origin: &str, id: Id) -> Result<Write, StoreError> {
        Ok(Write::put(self.origin_key(origin, id), encode(&Pointer { installation_id: id })?))
    }

    fn origin_key(&self, origin: &str, id: Id) -> Key {
        Key::of(self.tenant, &origin_partition(origin), id.sortable())
    }

    fn instance_key(&self, instance_id: &str) -> Key {
        Key::of(self.tenant, &format!("instance#{}", segment(instance_id)), "-")
    }
}

fn origin_partition(origin: &str) -> String {
    format!("origin#{}", segment(origin))
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Pointer {
    installation_id: Id,
}
