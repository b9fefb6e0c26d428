//! Credentials that Baton keeps in n8n instances. "Which one has this installation?" → one item per installation.

use crate::{
    domain::n8n_credential::N8nCredential,
    ids::Id,
    store::{Cond, Key, Store, StoreError, Write, encode},
    tenant::TenantId,
};

/// The credentials of one tenant.
#[derive(Clone, Copy)]
pub struct N8nCredentials<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl N8nCredentials<'_> {
    fn key(&self, installation: Id) -> Key {
        Key::of(self.tenant, "n8n-credential", installation.sortable())
    }

    pub async fn get(&self, installation: Id) -> Result<Option<N8nCredential>, StoreError> {
        self.store.get(&self.key(installation)).await?.map(|item| item.decode()).transpose()
    }

    pub fn delete(&self, installation: Id) -> Write {
        Write::delete(self.key(installation))
    }

    /// Writes the next version, `new.v`; refused when the stored one is not the version before it. Version 1 is the
    /// first.
    pub fn put(&self, new: &N8nCredential) -> Result<Write, StoreError> {
        let before = if new.v == 1 { Cond::Absent } else { Cond::version(new.v - 1) };
        Ok(Write::put(self.key(new.installation_id), encode(new)?).when(before))
    }
}
