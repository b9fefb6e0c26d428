//! One act: on whose behalf something is done, when, because of what, and how it is committed.

use std::{any::Any, sync::Arc};

use serde::de::DeserializeOwned;

pub use super::slot::{HeldKey, Remembered, Slot, in_progress, settle};
use super::{
    again::{Obstacle, Refusable, is_contention},
    authority,
    drawn::{self, Drawn, Met},
    slot::Outcome,
};
use crate::{
    app::SharedApp,
    clock::{Deadline, Millis},
    domain::{
        chore::{Chore, What},
        event::Happened,
        org::User,
        principal::{Admitted, Credential},
        reach::Reach,
        review::Actor,
    },
    error::{Error, ErrorKind, LogFailure, Result},
    ids::{GroupId, Id},
    installed::Installed,
    metering::Metering,
    queue::{Task, TaskKind},
    repo::{
        Repos, events, idempotency, orgs,
        subjects::{Stored, Subjects},
    },
    store::{self, Label, Refusal, StoreError, Write},
    tenant::TenantId,
};

/// On whose behalf an operation runs, and its means.
#[derive(Clone)]
pub struct Act {
    pub app: SharedApp,
    pub tenant: TenantId,
    pub actor: Actor,
    /// What proved that it is the actor.
    pub credential: Credential,
    /// What the actor was let in on; none at the command line.
    pub admitted: Option<Admitted>,
    /// The client group that what is made belongs to, where nothing else says so.
    pub group_id: GroupId,
    /// The client groups that it sees and may change.
    pub reach: Reach,
    pub now: Millis,
    /// Id of the request or the run that causes it; tasks carry it on.
    pub cause: Arc<str>,
    /// When what is done outside must have ended, so that it can still be stored and answered.
    pub deadline: Deadline,
    /// Where the answer is remembered, if somebody may ask for it again.
    pub slot: Option<Slot>,
}

/// Why a commit did not happen.
#[derive(Debug)]
pub enum Refused {
    /// A write of the operation's own was refused, the first of those that were: its label, and what stands in its way.
    Write(Label, Option<store::Item>),
    /// Another request with the same key was quicker: its answer is the one to give, and the operation ends.
    Overtaken,
    /// Another source has drawn an id of these in the same millisecond. The operation begins anew, with others.
    Taken(Label),
    Error(Error),
}

impl Refused {
    /// Whether what stands in the way is what was to be written: an engine repeats a single write whose answer was
    /// lost, and the repeat meets the first.
    pub fn met_itself<T: DeserializeOwned + PartialEq>(&self, written: &T) -> bool {
        let Self::Write(_, Some(standing)) = self else { return false };
        standing.decode::<T>().is_ok_and(|standing| standing == *written)
    }

    /// Whether other transactions on the same items were in the way, longer than the engine itself tries. Nothing was
    /// written, and the same writes may be tried again.
    pub fn is_contention(&self) -> bool {
        self.obstacle() == Obstacle::Contention
    }

    /// What stands where something else was to be written, as far as the refusal shows it.
    pub fn standing<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        match self {
            Self::Write(_, Some(standing)) => Ok(Some(standing.decode()?)),
            _ => Ok(None),
        }
    }

    /// Whether nothing was written for certain. After other errors it may have been, and what lies apart must stay. So it must
    /// where another has the id: what lies under it may be his.
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::Write(..) | Self::Overtaken)
    }
}

impl Refusable for Refused {
    fn obstacle(&self) -> Obstacle {
        match self {
            Self::Write(..) => Obstacle::Changed,
            Self::Error(error) if is_contention(error) => Obstacle::Contention,
            Self::Overtaken | Self::Taken(_) | Self::Error(_) => Obstacle::Other,
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Write(label, current) => StoreError::Canceled(vec![Refusal { label, current }]).into(),
            // Nobody hears it: whoever opened the slot gives the answer that lies in it.
            Refused::Overtaken => Error::new(
                ErrorKind::Conflict,
                "idempotency_key_answered",
                "Another request with this Idempotency-Key was quicker.",
            ),
            Refused::Taken(label) => drawn::taken(label),
            Refused::Error(error) => error,
        }
    }
}

impl Act {
    /// The same act with a place for its answer.
    #[must_use]
    pub fn with(&self, slot: Slot) -> Self {
        Self { slot: Some(slot), ..self.clone() }
    }

    /// The same act without a place for an answer: for a part of it that has an outcome of its own.
    #[must_use]
    pub fn unanswered(&self) -> Self {
        Self { slot: None, ..self.clone() }
    }

    /// What the tenant has stored, as far as this act reaches.
    pub fn repos(&self) -> Repos<'_> {
        self.app.repos(self.tenant).within(&self.reach)
    }

    /// The entities of a kind that are listed by client group, where the organization has two: for who writes them, and who asks for
    /// a group.
    pub async fn listed<E: Stored>(&self) -> Result<Subjects<'_, E>, StoreError> {
        let all = self.repos().subjects::<E>();
        Ok(if E::BY_GROUP { all.grouped(self.app.grouped(self.tenant).await?) } else { all })
    }

    /// The tenant's n8n instances, by what points at them, as far as this act reaches.
    pub fn installed(&self) -> Installed<'_> {
        Installed::new(&self.app, self.tenant).within(&self.reach)
    }

    /// The tenant's prices and budgets, and what is owed because of them.
    pub fn metering(&self) -> Metering<'_> {
        Metering { app: &self.app, tenant: self.tenant }
    }

    /// The actor as stored. A credential may outlive its user for as long as an instance believes it.
    pub async fn user(&self) -> Result<User> {
        let user = orgs::user(&*self.app.store, self.tenant, self.actor.user_id).await?;
        user.ok_or_else(|| {
            Error::new(ErrorKind::CredentialRejected, "no_such_user", "The user of this credential is gone.")
        })
    }

    /// The id under which an outside effect was begun, by this attempt or by one before that has the same key.
    pub fn begun(&self) -> Option<Id> {
        self.slot.as_ref().and_then(|slot| slot.held.begun())
    }

    /// Writes what was decided and remembers the answer to it, all or none. If another request with the same key was quicker,
    /// nothing is written, and the refusal says so.
    pub fn commit<'a, O: Any + Send + Sync>(
        &'a self,
        writes: Vec<Write>,
        outcome: &'a O,
    ) -> impl Future<Output = Result<(), Refused>> + Send + 'a {
        self.commit_any(writes, outcome)
    }

    /// The same for what makes or changes people and credentials: provided that the actor is still what he was let in as.
    ///
    /// # Errors
    /// 403 `authority_changed` where he is not: what this instance believes of him is forgotten, and the next request is let in
    /// anew, or is not.
    pub async fn commit_authorized<O: Any + Send + Sync>(
        &self,
        mut writes: Vec<Write>,
        outcome: &O,
    ) -> Result<(), Refused> {
        let bound = authority::bind(self, &mut writes)?;
        match self.commit_any(writes, outcome).await {
            Err(Refused::Write(label, standing)) => Err(authority::refused(self, bound, label, standing)?),
            committed => committed,
        }
    }

    /// One state machine for the outcomes of all operations.
    async fn commit_any(&self, mut writes: Vec<Write>, outcome: &Outcome) -> Result<(), Refused> {
        if let Some(slot) = &self.slot {
            writes.push(slot.remember(outcome, self.now)?);
        }
        let drawn = Drawn::of(&writes);
        match (store::apply(&*self.app.store, writes).await, &self.slot) {
            (Ok(()), _) => Ok(()),
            (Err(error), Some(slot)) if error.refused_by(idempotency::KEY).is_some() => {
                slot.held.give_way(&*self.app.store, self.now).await?;
                Err(Refused::Overtaken)
            }
            (Err(error), _) => match drawn.met(&error) {
                Some(Met::Itself) => Ok(()),
                Some(Met::Another(label)) => Err(Refused::Taken(label)),
                None => Err(refusal(error)),
            },
        }
    }

    /// Commits the writes of one item. A refusal by the item itself, written already, is a success.
    pub async fn commit_once<T, O>(&self, writes: Vec<Write>, item: &T, outcome: &O) -> Result<(), Refused>
    where
        T: DeserializeOwned + PartialEq + Sync,
        O: Any + Send + Sync,
    {
        match self.commit(writes, outcome).await {
            Err(refused) if refused.met_itself(item) => Ok(()),
            committed => committed,
        }
    }

    /// Remembers that an outside effect begins under `id`, before it begins. Returns false when another request with
    /// the same key was quicker.
    pub async fn begin(&self, id: Id, mut writes: Vec<Write>) -> Result<bool> {
        if let Some(slot) = &self.slot {
            writes.push(slot.held.beginning(id, self.now)?);
        }
        match (store::apply(&*self.app.store, writes).await, &self.slot) {
            (Ok(()), slot) => {
                if let Some(slot) = slot {
                    slot.held.has_begun(id);
                }
                Ok(true)
            }
            (Err(error), Some(_)) if error.refused_by(idempotency::KEY).is_some() => Ok(false),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Replaces the remembered answer by what is known at the end, so that a repeat reads what was read first.
    pub fn amend<'a, O: Any + Send + Sync>(&'a self, outcome: &'a O) -> impl Future<Output = ()> + Send + 'a {
        self.amend_any(outcome)
    }

    async fn amend_any(&self, outcome: &Outcome) {
        let Some(slot) = &self.slot else { return };
        self.put_answer(slot.replace(outcome, self.now)).await;
    }

    /// Remembers a failure as the answer to a key under which an outside effect was begun: a repeat reads it, and does not
    /// begin the effect again.
    pub async fn remember_failure(&self, error: &Error) {
        let Some(slot) = &self.slot else { return };
        self.put_answer(slot.fail(error, self.now)).await;
    }

    async fn put_answer(&self, write: Result<Write>) {
        let write = match write {
            Ok(write) => write,
            Err(error) => return tracing::error!(%error, "an answer could not be written"),
        };
        self.app.store.write(write).await.log_failure("a stored reply could not be brought up to date");
    }

    /// The write that frees the key again: nothing was done, and a repeat may do it.
    pub fn free_key(&self) -> Option<Write> {
        self.slot.as_ref().map(|slot| slot.held.free())
    }

    /// The write of an event. It belongs into the transaction of what happened.
    pub fn emit(&self, happened: Happened) -> Result<Write> {
        let event = happened.through(self.credential).event(self.app.id(), Some(self.actor.clone()));
        Ok(events::put(self.tenant, &event)?.drawn())
    }

    /// A chore to owe: the write that belongs into the transaction of what causes it, and the message to send (with
    /// `App::hint`) when that stands.
    pub fn chore(&self, what: What) -> Result<(Write, Task)> {
        let chores = self.repos().chores();
        let chore = Chore::new(self.app.id(), what, self.now);
        let task = self.task(TaskKind::Chore, &chores.key(chore.id));
        Ok((chores.insert(&chore, self.now)?, task))
    }

    /// A task of this act about what lies under a key.
    pub fn task(&self, kind: TaskKind, key: &store::Key) -> Task {
        Task::new(kind, key, &self.cause)
    }
}

pub(crate) fn refusal(error: StoreError) -> Refused {
    match error {
        StoreError::ConditionFailed(Refusal { label, current }) => Refused::Write(label, current),
        StoreError::Canceled(mut refused) if !refused.is_empty() => {
            let Refusal { label, current } = refused.remove(0);
            Refused::Write(label, current)
        }
        other => Refused::Error(other.into()),
    }
}
