//! Own prices and budgets. "What has the organization settled about money?" → one item that holds it all, because every
//! record of usage asks.

use crate::{
    domain::money::Money,
    store::{Cond, Key, Store, StoreError, Write, encode, limits::item_bytes},
    tenant::TenantId,
};

/// Largest of these items: 32 read units a minute for each instance that records usage.
pub const MAX_BYTES: usize = 128 * 1024;

/// What one tenant has settled.
#[derive(Clone, Copy)]
pub struct Settled<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Settled<'_> {
    pub async fn load(&self) -> Result<Money, StoreError> {
        self.store.get(&self.key()).await?.map_or_else(|| Ok(Money::default()), |item| item.decode())
    }

    /// Whether it fits into its item.
    pub fn fits(&self, changed: &Money) -> Result<bool, StoreError> {
        Ok(item_bytes(&self.key(), &encode(changed)?) <= MAX_BYTES)
    }

    /// Stores what was changed: its `v` is one more than that of what was there.
    pub fn replace(&self, changed: &Money) -> Result<Write, StoreError> {
        let cond = match changed.v {
            0 | 1 => Cond::Absent,
            v => Cond::version(v - 1),
        };
        Ok(Write::put(self.key(), encode(changed)?).when(cond))
    }

    pub fn key(&self) -> Key {
        Key::of(self.tenant, "money", "-")
    }
}
