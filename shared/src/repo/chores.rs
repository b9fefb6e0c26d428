//! Chores. "Which one is it?" → by id, from its message or from the due index; nothing else is ever asked.

use crate::{
    clock::Millis,
    domain::chore::Chore,
    ids::ChoreId,
    queue::TaskKind,
    repo::due,
    store::{Cond, Key, Store, StoreError, Write, encode},
    tenant::TenantId,
};

/// The chores of one tenant.
#[derive(Clone, Copy)]
pub struct Chores<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Chores<'_> {
    pub fn key(&self, id: ChoreId) -> Key {
        Self::key_of(self.tenant, id)
    }

    fn key_of(tenant: TenantId, id: ChoreId) -> Key {
        Key::of(tenant, "chore", id.sortable())
    }

    /// Owes the chore from now on.
    pub fn insert(&self, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
        Self::owed(self.tenant, chore, due)
    }

    /// The same, for those who have no store at hand.
    pub fn owed(tenant: TenantId, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
        Ok(put(Self::key_of(tenant, chore.id), chore, due)?.when(Cond::Absent))
    }

    /// Owes a chore that others may owe under the same id, for the same time.
    pub fn owe(&self, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
        put(self.key(chore.id), chore, due)
    }

    /// Stores how far it is: `chore.v` is one more than the stored version.
    pub fn replace(&self, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
        Ok(put(self.key(chore.id), chore, due)?.when(Cond::version(chore.v - 1)))
    }

    /// The chore is done.
    pub fn delete(&self, id: ChoreId) -> Write {
        Write::delete(self.key(id))
    }
}

fn put(key: Key, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
    let mut attrs = encode(chore)?;
    due::owe(&mut attrs, &key, Some((TaskKind::Chore, due)));
    Ok(Write::put(key, attrs))
}
