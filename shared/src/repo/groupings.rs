//! "Is what an organization has listed by client group?" → one small item, nothing where it has but one.

use crate::{
    domain::grouping::Grouping,
    repo::{
        entity::{Entity, Place, Single},
        table::Table,
    },
    store::Label,
};

pub type Groupings<'a> = Table<'a, Grouping>;

impl Entity for Grouping {
    type Id = ();
    const KIND: Label = "grouping";

    fn place((): &()) -> Place {
        Place::alone(Self::KIND)
    }

    fn id(&self) {}

    fn version(&self) -> u64 {
        self.v
    }
}

impl Single for Grouping {
    const MAX_BYTES: usize = 1024;
}
