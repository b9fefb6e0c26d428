//! What is the same in the storage of leads, media items and custom payloads.
//!
//! "Which one is it?" → by id. "Is one of this execution being regenerated?" → one marker item per entity that is, sorted by
//! mark below its execution.
//! What an entity keeps besides itself (index entries, counters, guards) goes into the same transaction: [`Stored::beside`].

use std::marker::PhantomData;

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        review::{AutomationStatus, EntityType},
        subject::{Reviewable, Subject},
        words::fold,
    },
    ids::Id,
    n8n::wait,
    queue::TaskKind,
    repo::{
        asks::{self, Asks},
        due, listing,
    },
    store::{
        Attrs, Cond, Index, Key, Position, Query, SortValue, Store, StoreError, Write, attr, encode, segment,
    },
    tenant::TenantId,
};

pub use listing::{Listed, MAX_BYTES, MAX_PAGES, page_size};

/// Entities of one execution and mark that wait to be posted again, as many as are looked at.
const MOST_MARKED: usize = 50;

/// How an entity is stored.
pub trait Stored: Reviewable {
    /// What stays of it when it is deleted while n8n is still to be told of its decision.
    type Departed: Stored<Departed = Self::Departed> + From<Subject>;

    /// Whether it is there for its debt alone, and goes with it.
    const FOR_ITS_DEBT: bool = false;

    /// Name of the partition that its items lie in, and of the writes of its own item.
    const KIND: &'static str = Self::TYPE.partition();

    /// Partition (without the tenant) of the general index in which the entity shows, sorted by age. None for nowhere.
    fn gsi1(&self) -> Option<String>;

    /// The writes beside the entity's own, when `before` becomes `after`: a creation has no `before`, a deletion no
    /// `after`. They must not touch the entity's own item.
    fn beside(
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

    fn beside(_: TenantId, _: Option<&Self>, _: Option<&Self>) -> Result<Vec<Write>, StoreError> {
        Ok(Vec::new())
    }
}

/// Key of an entity of a kind; `gone`: of what n8n is still to be told of a deleted one.
pub fn key_of(tenant: TenantId, kind: EntityType, gone: bool, id: Id) -> Key {
    Key::of(tenant, if gone { kind.departed() } else { kind.partition() }, id.sortable())
}

/// The entities of one kind of one tenant.
pub struct Subjects<'a, E> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
    kind: PhantomData<E>,
}

impl<E> Clone for Subjects<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Subjects<'_, E> {}

impl<'a, E: Stored> Subjects<'a, E> {
    pub fn new(store: &'a dyn Store, tenant: TenantId) -> Self {
        Self { store, tenant, kind: PhantomData }
    }

    pub fn key(&self, id: Id) -> Key {
        Key::of(self.tenant, E::KIND, id.sortable())
    }

    /// The same entities, as far as they were deleted and owe something.
    pub fn departed(&self) -> Subjects<'a, E::Departed> {
        Subjects::new(self.store, self.tenant)
    }

    pub async fn get(&self, id: Id) -> Result<Option<E>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    /// Creates the entity.
    pub fn insert(&self, new: &E) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.put(new)?.when(Cond::Absent).labelled(E::KIND)];
        writes.extend(E::beside(self.tenant, None, Some(new))?);
        if !E::FOR_ITS_DEBT {
            writes.extend(asks::changes(self.tenant, E::TYPE, None, new.subject())?);
        }
        Ok(writes)
    }

    /// Replaces the entity: the version of `after` is one more than the stored one.
    pub fn replace(&self, before: &E, after: &E) -> Result<Vec<Write>, StoreError> {
        let gone = E::FOR_ITS_DEBT && after.subject().review.owed_at().is_none();
        let own = if gone { Write::delete(self.key(after.subject().id)) } else { self.put(after)? };
        let mut writes = vec![own.when(Cond::version(before.subject().v)).labelled(E::KIND)];
        writes.extend(E::beside(self.tenant, Some(before), Some(after))?);
        if gone {
            writes.extend(asks::parted(self.tenant, E::TYPE, after.subject())?);
        } else if !E::FOR_ITS_DEBT {
            writes.extend(asks::changes(self.tenant, E::TYPE, Some(before.subject()), after.subject())?);
        }
        Ok(writes)
    }

    /// Deletes the entity as it stands in `before`. What n8n is still to be told outlives it.
    pub fn delete(&self, before: &E) -> Result<Vec<Write>, StoreError> {
        self.part(before, before.subject())
    }

    /// The same, where `left` says what n8n is still to be told.
    pub fn part(&self, before: &E, left: &Subject) -> Result<Vec<Write>, StoreError> {
        let own = Write::delete(self.key(before.subject().id)).when(Cond::version(before.subject().v));
        let mut writes = vec![own.labelled(E::KIND)];
        writes.extend(E::beside(self.tenant, Some(before), None)?);
        if left.review.owed_at().is_some() {
            let mut left = left.clone();
            // Nobody looks at it any more.
            left.review.history.clear();
            writes.extend(self.departed().insert(&left.into())?);
        } else if before.subject().review.decision.is_some() {
            writes.extend(asks::parted(self.tenant, E::TYPE, left)?);
        }
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
        let found = try_join_all(ids.into_iter().map(|id| self.get(id))).await?;
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

    /// The tenant's entities below `before`, newest first.
    pub fn newest(&self, before: Option<Id>) -> Query {
        Query::table(Key::partition(self.tenant, E::KIND))
            .newest_first()
            .after(before.map(|id| Position { key: self.key(id), sort: None }))
    }

    /// Those that show in a partition of the general index.
    pub fn newest_in(&self, partition: &str, before: Option<Id>) -> Query {
        Query::on(Index::Gsi1, Key::partition(self.tenant, partition))
            .newest_first()
            .after(before.map(|id| Position { key: self.key(id), sort: Some(SortValue::S(id.sortable())) }))
    }

    /// The first `limit` entities of a query that are wanted.
    pub async fn scan(
        &self,
        query: Query,
        limit: usize,
        wanted: impl Fn(&E) -> bool,
    ) -> Result<Listed<E>, StoreError> {
        listing::collect(self.store, query, limit, |entity: &E| entity.subject().id, wanted).await
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

    fn put(&self, entity: &E) -> Result<Write, StoreError> {
        let subject = entity.subject();
        let key = self.key(subject.id);
        let mut attrs: Attrs = encode(entity)?;
        if let Some(partition) = entity.gsi1() {
            attrs.insert(attr::GSI1_PK.into(), Key::partition(self.tenant, &partition).into());
            attrs.insert(attr::GSI1_SK.into(), subject.id.sortable().into());
        }
        due::owe(&mut attrs, &key, subject.review.owed_at().map(|at| (TaskKind::ResumeN8n, at)));
        Ok(Write::put(key, attrs))
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
