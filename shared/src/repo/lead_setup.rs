//! The pipeline. "Which statuses and custom fields has the organization?" → one item that holds them all.

use crate::{
    domain::lead_setup::LeadSetup,
    repo::{
        entity::{Entity, Place, Single},
        table::Table,
    },
    store::Label,
};

/// Largest pipeline: 32 read units. It stays far below the 400 KB of an item because every request for leads reads it.
pub const MAX_BYTES: usize = 128 * 1024;

/// The pipeline of one tenant; the built-in one when nothing was ever changed.
pub type LeadSetups<'a> = Table<'a, LeadSetup>;

impl Entity for LeadSetup {
    type Id = ();
    const KIND: Label = "pipeline";

    fn place((): &()) -> Place {
        Place::alone(Self::KIND)
    }

    fn id(&self) {}

    fn version(&self) -> u64 {
        self.v
    }
}

impl Single for LeadSetup {
    const MAX_BYTES: usize = MAX_BYTES;
}
