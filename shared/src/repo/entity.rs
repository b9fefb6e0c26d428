//! What there is to know of a kind of entity, so that its storage need not be written by hand.
//!
//! Its one rule: this says where an entity lies, how it is told apart from its older self and what goes with it; when it is
//! written, and with what else, is the business of [`Table`](super::table::Table) and of the repositories on top of it.

use serde::{Serialize, de::DeserializeOwned};
use std::borrow::Cow;

use crate::{
    clock::Millis,
    ids::{GroupId, Id},
    queue::TaskKind,
    store::{Key, Label, StoreError, Write},
    tenant::TenantId,
};

/// Where something lies in a tenant's part of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Without the tenant.
    pub partition: Cow<'static, str>,
    pub sort: String,
}

impl Place {
    /// One of many in a partition, sorted by age.
    pub fn among(partition: impl Into<Cow<'static, str>>, id: impl Into<Id>) -> Self {
        Self { partition: partition.into(), sort: id.into().sortable() }
    }

    /// The only one in a partition of its own, beside which nothing is ever listed: it shares no partition's rate.
    pub fn alone(partition: impl Into<Cow<'static, str>>) -> Self {
        Self { partition: partition.into(), sort: "-".into() }
    }

    pub fn key(self, tenant: TenantId) -> Key {
        Key::of(tenant, &self.partition, self.sort)
    }
}

/// A kind of thing that a tenant has, each under a key of its own.
pub trait Entity: Serialize + DeserializeOwned + Send + Sync {
    /// What names one of them within the tenant; `()` where there is but one.
    type Id: Clone + Send + Sync;

    /// What the writes of its own item are called ([`Write::label`]), and its partition where [`place`](Self::place) does not
    /// say otherwise.
    const KIND: Label;

    /// What pays a debt of it, where it can owe something.
    const TASK: Option<TaskKind> = None;

    fn place(id: &Self::Id) -> Place;

    fn id(&self) -> Self::Id;

    /// The version that a conditional replacement names, 1 for the first. An entity that is never replaced under a condition
    /// has none.
    fn version(&self) -> u64 {
        0
    }

    /// When what it owes falls due, where it knows that itself ([`Table::owing`](super::table::Table::owing) says it for
    /// the others).
    fn owed_at(&self) -> Option<Millis> {
        None
    }

    /// Where the general index (`gsi1`) shows it; none for nowhere.
    fn shown(&self) -> Option<Place> {
        None
    }

    /// The client group that it lies in; none for what is the whole organization's. To who is bound to other groups it is not
    /// there.
    fn group(&self) -> Option<GroupId> {
        None
    }

    /// Attributes that are large and seldom change: together over [`APART_FROM`](Self::APART_FROM) bytes they lie in an item
    /// of their own (`repo::apart`), so that a change of the others does not write them. Without them an entity must still be
    /// readable. Only for those that are [`Accompanied`].
    const APART: &'static [&'static str] = &[];

    const APART_FROM: usize = 1024;

    /// Whether they lie apart, as far as it was read.
    fn lies_apart(&self) -> bool {
        false
    }

    /// Whether it was there for its debt alone, and that is paid: to replace it by such a one deletes it.
    fn is_over(&self) -> bool {
        false
    }
}

/// One of many that lie together in the partition [`KIND`](Entity::KIND) under their ids, and so by age.
pub trait Many: Entity<Id: Copy + Into<Id>> {}

/// An entity with something beside it: index entries, counters, guards.
pub trait Accompanied: Entity {
    /// The writes beside the entity's own, when `before` becomes `after`: a creation has no `before`, a deletion no
    /// `after`. They must not touch the entity's own item.
    fn beside(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError>;
}

/// What a tenant has once, as one small item that is read whole: its built-in value where nothing was ever changed.
pub trait Single: Entity<Id = ()> + Default {
    /// Largest item, in bytes: everybody who asks reads all of it, 1 read unit for every 4 KB.
    const MAX_BYTES: usize;
}
