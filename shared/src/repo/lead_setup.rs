//! The pipeline. "Which statuses and custom fields has the organization?" → one item that holds them all.

use crate::{
    domain::lead_setup::LeadSetup,
    store::{Cond, Key, Store, StoreError, Write, encode, limits::item_bytes},
    tenant::TenantId,
};

/// Largest pipeline: 32 read units.
pub const MAX_BYTES: usize = 128 * 1024;

/// The pipeline of one tenant.
#[derive(Clone, Copy)]
pub struct LeadSetups<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl LeadSetups<'_> {
    /// The pipeline as it stands; the built-in one when nothing was ever changed.
    pub async fn load(&self) -> Result<LeadSetup, StoreError> {
        self.store.get(&self.key()).await?.map_or_else(|| Ok(LeadSetup::default()), |item| item.decode())
    }

    /// Whether the pipeline fits into its item. It stays far below the 400 KB of an item because every request for leads
    /// reads it.
    pub fn fits(&self, changed: &LeadSetup) -> Result<bool, StoreError> {
        Ok(item_bytes(&self.key(), &encode(changed)?) <= MAX_BYTES)
    }

    /// Stores a changed pipeline: its `v` is one more than that of the pipeline which was changed.
    pub fn replace(&self, changed: &LeadSetup) -> Result<Write, StoreError> {
        let cond = match changed.v {
            0 | 1 => Cond::Absent,
            v => Cond::version(v - 1),
        };
        Ok(Write::put(self.key(), encode(changed)?).when(cond))
    }

    pub fn key(&self) -> Key {
        Key::of(self.tenant, "pipeline", "-")
    }
}

#[cfg(feature = "embedded")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::embedded::Sqlite;

    #[tokio::test]
    async fn the_first_change_and_every_later_one_is_made_once() {
        let store = Sqlite::memory().unwrap();
        let setups = LeadSetups { store: &store, tenant: TenantId(7) };
        let mut setup = setups.load().await.unwrap();
        assert_eq!(setup, LeadSetup::default());
        for _ in 0..2 {
            setup.statuses.reverse();
            setup.v += 1;
            let write = setups.replace(&setup).unwrap();
            store.write(write.clone()).await.unwrap();
            assert_eq!(setups.load().await.unwrap(), setup);
            assert!(matches!(store.write(write).await, Err(StoreError::ConditionFailed(_))));
        }
        let other = LeadSetups { tenant: TenantId(8), ..setups };
        assert_eq!(other.load().await.unwrap(), LeadSetup::default());
    }
}
