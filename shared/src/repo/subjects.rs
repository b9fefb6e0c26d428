//! What is the same in the storage of leads, media items, invoices and custom payloads: they can be reviewed.
//!
//! "Which one is it?" → by id. "Is one of this execution being regenerated?" → one marker item per entity that is, sorted by
//! mark below its execution.
//! What an entity keeps besides itself (counters, guards) goes into the same transaction: [`Stored::around`], and what its review asks for. Index
//! entries have a phase of their own there.

use std::marker::PhantomData;

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    domain::{
        review::{AutomationStatus, EntityType},
        subject::{Reviewable, Subject},
        words::fold,
    },
    ids::{EntityId, GroupId, Id},
    n8n::wait,
    queue::TaskKind,
    repo::{
        asks::{self, Asks},
        entity::{Accompanied, Entity, Many, Place},
        listing,
        table::Table,
    },
    store::{Key, Label, Query, StoreError, Write, encode, segment},
    tenant::TenantId,
};

pub use listing::{Listed, MAX_BYTES, MAX_PAGES, page_size};

/// Entities of one execution and mark that wait to be posted again, as many as are looked at.
const MOST_MARKED: usize = 50;

/// An entity that can be reviewed: what is to be said of it so that it is an [`Entity`] as well.
pub trait Stored: Reviewable {
    /// What stays of it when it is deleted while n8n is still to be told of its decision.
    type Departed: Stored<Departed = Self::Departed, Id = Self::Id> + From<Subject>;

    /// Whether it is there for its debt alone, and goes with it.
    const FOR_ITS_DEBT: bool = false;

    /// Name of the partition that its items lie in, and of the writes of its own item.
    const KIND: &'static str = Self::TYPE.partition();

    /// Whether it has lists by client group, where the organization has two.
    const BY_GROUP: bool = false;

    /// Attributes that no decision changes, and the bytes of them from which on they lie in an item of their own
    /// ([`Entity::APART`]).
    const HEAVY: &'static [&'static str] = &[];
    const HEAVY_FROM: usize = 1024;

    /// Partition (without the tenant) of the general index in which the entity shows, sorted by age. None for nowhere.
    fn gsi1(&self) -> Option<String>;

    /// The writes beside the entity's own that it alone has, when `before` becomes `after`: a creation has no `before`, a
    /// deletion no `after`. They must not touch the entity's own item.
    fn around(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError>;
}

/// A deleted entity whose decision n8n has not heard: nobody sees it, and it lasts as long as its debt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Departed<E> {
    #[serde(flatten)]
    subject: Subject,
    #[serde(skip)]
    kind: PhantomData<E>,
}

impl<E> From<Subject> for Departed<E> {
    fn from(subject: Subject) -> Self {
        Self { subject, kind: PhantomData }
    }
}

impl<E: Reviewable> Reviewable for Departed<E> {
    type Id = E::Id;

    const TYPE: EntityType = E::TYPE;

    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn subject_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }

    /// Nothing is posted in its place.
    fn mark(&self) -> String {
        String::new()
    }
}

impl<E: Reviewable> Stored for Departed<E> {
    type Departed = Self;
    const FOR_ITS_DEBT: bool = true;
    const KIND: &'static str = E::TYPE.departed();

    fn gsi1(&self) -> Option<String> {
        None
    }

    fn around(_: TenantId, _: Option<&Self>, _: Option<&Self>) -> Result<Vec<Write>, StoreError> {
        Ok(Vec::new())
    }
}

/// Key of an entity of a kind; `gone`: of what n8n is still to be told of a deleted one.
pub fn key_of(tenant: TenantId, kind: EntityType, gone: bool, id: Id) -> Key {
    Key::of(tenant, if gone { kind.departed() } else { kind.partition() }, id.sortable())
}

/// The entities of one kind of one tenant that can be reviewed.
pub type Subjects<'a, E> = Table<'a, E>;

impl<E: Stored> Entity for E {
    type Id = E::Id;
    const KIND: Label = <E as Stored>::KIND;
    const TASK: Option<TaskKind> = Some(TaskKind::ResumeN8n);

    fn place(id: &E::Id) -> Place {
        Place::among(<E as Stored>::KIND, *id)
    }

    fn id(&self) -> E::Id {
        E::Id::of(self.subject().id)
    }

    fn version(&self) -> u64 {
        self.subject().v
    }

    fn owed_at(&self) -> Option<Millis> {
        self.subject().review.owed_at()
    }

    fn group(&self) -> Option<GroupId> {
        Some(self.subject().group_id)
    }

    fn shown(&self) -> Option<Place> {
        self.gsi1().map(|partition| Place::among(partition, self.subject().id))
    }

    const APART: &'static [&'static str] = E::HEAVY;
    const APART_FROM: usize = E::HEAVY_FROM;

    fn lies_apart(&self) -> bool {
        self.subject().apart
    }

    fn is_over(&self) -> bool {
        E::FOR_ITS_DEBT && self.subject().review.owed_at().is_none()
    }
}

impl<E: Stored> Many for E {}

/// What an execution asked about is kept beside what it handed in, and a debt to it outlives that.
impl<E: Stored> Accompanied for E {
    fn beside(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = E::around(tenant, before, after)?;
        match after {
            Some(after) if after.is_over() => {
                writes.extend(asks::parted(tenant, E::TYPE, after.subject())?);
            }
            Some(_) if E::FOR_ITS_DEBT => {}
            Some(after) => {
                writes.extend(asks::changes(tenant, E::TYPE, before.map(E::subject), after.subject())?);
            }
            None => {
                let gone = before.map(|gone| leave(tenant, gone, gone.subject())).transpose()?;
                writes.extend(gone.into_iter().flatten());
            }
        }
        Ok(writes)
    }
}

/// What stays of a deleted entity, where `left` says what n8n is still to be told.
fn leave<E: Stored>(tenant: TenantId, gone: &E, left: &Subject) -> Result<Vec<Write>, StoreError> {
    if left.review.owed_at().is_some() {
        let mut left = left.clone();
        // Nobody looks at it any more.
        left.review.history.clear();
        left.apart = false;
        let departed: E::Departed = left.into();
        return Ok(vec![Table::put_new_of(tenant, &departed, departed.owed_at())?]);
    }
    match gone.subject().review.decision {
        Some(_) => Ok(asks::parted(tenant, E::TYPE, left)?.into_iter().collect()),
        None => Ok(Vec::new()),
    }
}

impl<'a, E: Stored> Table<'a, E> {
    /// The same entities, as far as they were deleted and owe something.
    pub fn departed(&self) -> Subjects<'a, E::Departed> {
        Subjects::new(self.store, self.tenant).within(self.reach).grouped(self.grouped)
    }

    /// Deletes the entity as it stands in `before`, where `left` says what n8n is still to be told: that outlives it.
    pub fn part(&self, before: &E, left: &Subject) -> Result<Vec<Write>, StoreError> {
        let mut writes = self.removal(before);
        writes.extend(self.wanted(E::around(self.tenant, Some(before), None)?));
        writes.extend(leave(self.tenant, before, left)?);
        Ok(writes)
    }

    /// Marks that an entity of this execution waits to be posted again.
    pub fn mark_regenerating(&self, entity: &E) -> Result<Option<Write>, StoreError> {
        let Some(key) = self.marker_key(entity) else { return Ok(None) };
        Ok(Some(Write::put(key, encode(&Marker { entity_id: entity.subject().id })?)))
    }

    /// The entity of this execution that waits to be posted again as what is posted now: of those with its mark, the one with
    /// its title. A new draft may have a new title; it renews what has another one only if nothing else can be meant, because
    /// its node has asked about nothing else in this execution.
    pub async fn regenerating(&self, like: &E) -> Result<Option<E>, StoreError> {
        let Some((partition, mark)) = self.marker_place(like) else { return Ok(None) };
        let partition = Key::partition(self.tenant, &partition);
        let marked = self.store.query(&Query::table(partition).prefix(mark).limit(MOST_MARKED)).await?;
        let ids = marked.items.iter().map(|item| Ok(item.decode::<Marker>()?.entity_id));
        let ids = ids.collect::<Result<Vec<_>, StoreError>>()?;
        let found = try_join_all(ids.into_iter().map(|id| self.get(E::Id::of(id)))).await?;
        let own = like.subject().installation_id;
        let mut sent_back: Vec<E> = found
            .into_iter()
            .flatten()
            .filter(|entity| {
                let Subject { review, installation_id, .. } = entity.subject();
                // Two n8n count their executions alike.
                let anothers = installation_id.zip(own).is_some_and(|(theirs, own)| theirs != own);
                review.automation_status == AutomationStatus::Regenerate && !anothers
            })
            .collect();
        let title = fold(like.asked_as());
        if let Some(same) = sent_back.iter().position(|entity| fold(entity.asked_as()) == title) {
            return Ok(Some(sent_back.swap_remove(same)));
        }
        let Some(only) = sent_back.pop().filter(|_| sent_back.is_empty()) else { return Ok(None) };
        let Some((installation, execution)) = only.subject().asking() else { return Ok(Some(only)) };
        let asks = Asks { store: self.store, tenant: self.tenant }.of(installation, execution).await?;
        let node = like.subject().node.as_deref().map(wait::mark);
        let others =
            asks.iter().any(|ask| ask.kind == E::TYPE && ask.node == node && ask.id != only.subject().id);
        Ok((!others).then_some(only))
    }

    /// Takes the mark away.
    pub fn unmark_regenerating(&self, entity: &E) -> Option<Write> {
        self.marker_key(entity).map(Write::delete)
    }

    /// The partition of an entity's marker, and how the sort keys of all with its mark begin.
    fn marker_place(&self, entity: &E) -> Option<(String, String)> {
        let subject = entity.subject();
        let (workflow, execution) = (subject.workflow_id.as_ref()?, subject.execution_id.as_ref()?);
        let partition = format!("regenerating#{}#{}", segment(workflow), segment(execution));
        Some((partition, format!("{}#{}#", E::TYPE.as_str(), segment(&entity.mark()))))
    }

    fn marker_key(&self, entity: &E) -> Option<Key> {
        let (partition, mark) = self.marker_place(entity)?;
        Some(Key::of(self.tenant, &partition, mark + &entity.subject().id.sortable()))
    }
}

/// The kind of entity that lies under a key, if it is one of those that can be reviewed, and whether it was deleted.
pub fn kind_of(key: &Key) -> Option<(EntityType, bool)> {
    let tenant = key.tenant()?;
    [EntityType::Lead, EntityType::MediaItem, EntityType::CustomPayload, EntityType::Invoice]
        .into_iter()
        .flat_map(|kind| [(kind, false), (kind, true)])
        .find(|(kind, gone)| {
            let name = if *gone { kind.departed() } else { kind.partition() };
            Key::partition(tenant, name) == key.pk()
        })
}

#[derive(Serialize, Deserialize)]
struct Marker {
    #[serde(alias = "payload_id")]
    entity_id: Id,
}
