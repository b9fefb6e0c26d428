//! Which entities an execution asked a person about.
//!
//! "Which others wait in this execution?" → the partition of an installation and an execution, sorted by age.
//!
//! Its one rule: an entry is written in the transaction that writes its entity, and it outlives the decision and
//! the entity, because the order of what was asked tells whose wait is whose. What became of the entity stands with the entity,
//! and here when that is gone.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    domain::{
        review::{EntityType, ResumeState, Review},
        subject::Subject,
    },
    ids::{Id, InstallationId},
    n8n::wait::mark,
    store::{Key, Query, Store, StoreError, Write, encode, segment},
    tenant::TenantId,
};

/// How long an execution's questions are remembered after they were asked.
const KEEP: std::time::Duration = std::time::Duration::from_secs(400 * 24 * 3600);
/// Entries that are read; an execution that asks more than this is told apart by less.
const MOST: usize = 1000;

/// One entity that an execution asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub kind: EntityType,
    /// Of the kind that `kind` says.
    pub id: Id,
    /// What the suffix of its resume URL is known by, where it has one.
    pub suffix: Option<String>,
    /// What the node that asked is known by, where it was named.
    pub node: Option<String>,
    /// It was deleted, and its Wait was over then.
    pub over: bool,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    kind: EntityType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suffix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    over: bool,
    ttl: i64,
}

/// The questions of one tenant's executions.
#[derive(Clone, Copy)]
pub struct Asks<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Asks<'_> {
    /// The entities that an execution asked about, the oldest first.
    pub async fn of(&self, installation: InstallationId, execution: &str) -> Result<Vec<Ask>, StoreError> {
        let partition = Key::partition(self.tenant, &partition(installation, execution));
        let page = self.store.query(&Query::table(partition).limit(MOST)).await?;
        let read = |item: &crate::store::Item| {
            let Entry { kind, suffix, node, over, .. } = item.decode()?;
            let id = item.key.sk().split('#').next().and_then(|id| id.parse().ok());
            Ok(id.map(|id| Ask { kind, id, suffix, node, over }))
        };
        page.items.iter().filter_map(|item| read(item).transpose()).collect()
    }
}

/// The writes that bring the entry of an entity up to date when it is created or changed.
pub fn changes(
    tenant: TenantId,
    kind: EntityType,
    before: Option<&Subject>,
    after: &Subject,
) -> Result<Vec<Write>, StoreError> {
    let is = |subject: &Subject| {
        key(tenant, kind, subject)
            .map(|key| (key, subject.resume_suffix.clone(), subject.node.as_deref().map(mark)))
    };
    let (old, new) = (before.and_then(is), is(after));
    if old == new {
        return Ok(Vec::new());
    }
    let mut writes = Vec::new();
    if let Some((old, ..)) = old.filter(|(old, ..)| new.as_ref().is_none_or(|(new, ..)| new != old)) {
        writes.push(Write::delete(old));
    }
    if let Some((key, ..)) = new {
        writes.push(entry(key, kind, after, false)?);
    }
    Ok(writes)
}

/// The write for a decided entity that is there no more, and owes nothing. The entry stays: whose a Wait was tells whose the
/// next one is.
pub fn parted(tenant: TenantId, kind: EntityType, last: &Subject) -> Result<Option<Write>, StoreError> {
    let over = is_over(&last.review);
    key(tenant, kind, last).map(|key| entry(key, kind, last, over)).transpose()
}

/// Whether the Wait that an entity was asked for is known to be over.
pub fn is_over(review: &Review) -> bool {
    let resume = review.resume.as_ref();
    resume.is_some_and(|resume| !matches!(resume.state, ResumeState::Pending | ResumeState::Failed))
}

fn entry(key: Key, kind: EntityType, subject: &Subject, over: bool) -> Result<Write, StoreError> {
    let ttl = Millis(subject.posted_at.0).plus(KEEP).seconds();
    let node = subject.node.as_deref().map(mark);
    Ok(Write::put(key, encode(&Entry { kind, suffix: subject.resume_suffix.clone(), node, over, ttl })?))
}

fn key(tenant: TenantId, kind: EntityType, subject: &Subject) -> Option<Key> {
    let (installation, execution) = subject.asking()?;
    let sort = format!("{}#{}", subject.id.sortable(), kind.as_str());
    Some(Key::of(tenant, &partition(installation, execution), sort))
}

fn partition(installation: InstallationId, execution: &str) -> String {
    format!("asks#{installation}#{}", segment(execution))
}
