//! Chores. "Which one is it?" → by id, from its message or from the due index; nothing else is ever asked.

use crate::{
    clock::Millis,
    domain::chore::Chore,
    ids::ChoreId,
    queue::TaskKind,
    repo::{
        entity::{Entity, Many, Place},
        table::Table,
    },
    store::{Label, StoreError, Write},
    tenant::TenantId,
};

/// The chores of one tenant.
pub type Chores<'a> = Table<'a, Chore>;

impl Entity for Chore {
    type Id = ChoreId;
    const KIND: Label = "chore";
    const TASK: Option<TaskKind> = Some(TaskKind::Chore);

    fn place(id: &ChoreId) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> ChoreId {
        self.id
    }

    fn version(&self) -> u64 {
        self.v
    }
}

impl Many for Chore {}

impl Chores<'_> {
    /// Owes the chore from now on.
    pub fn insert(&self, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
        self.owing(Some(due)).put_new(chore)
    }

    /// Owes a chore that others may owe under the same id, for the same time.
    pub fn owe(&self, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
        self.owing(Some(due)).overwrite(chore)
    }

    /// Stores how far it is: `chore.v` is one more than the stored version.
    pub fn replace(&self, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
        self.owing(Some(due)).put_next(chore)
    }

    /// The chore is done.
    pub fn delete(&self, id: ChoreId) -> Write {
        self.remove(id)
    }
}

/// Owes the chore from then on, for those who have no store at hand.
pub fn owed(tenant: TenantId, chore: &Chore, due: Millis) -> Result<Write, StoreError> {
    Table::put_new_of(tenant, chore, Some(due))
}
