//! Own prices and budgets. "What has the organization settled about money?" → one item that holds it all, because every
//! record of usage asks.

use crate::{
    domain::money::Money,
    repo::{
        entity::{Entity, Place, Single},
        table::Table,
    },
    store::Label,
};

/// Largest of these items: 32 read units a minute for each instance that records usage.
pub const MAX_BYTES: usize = 128 * 1024;

/// What one tenant has settled.
pub type Settled<'a> = Table<'a, Money>;

impl Entity for Money {
    type Id = ();
    const KIND: Label = "money";

    fn place((): &()) -> Place {
        Place::alone(Self::KIND)
    }

    fn id(&self) {}

    fn version(&self) -> u64 {
        self.v
    }
}

impl Single for Money {
    const MAX_BYTES: usize = MAX_BYTES;
}
