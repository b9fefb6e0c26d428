//! What a handler knows of its request: who calls, under which id, and how to commit what it decided.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::{dialect::Voice, reply::Reply};
use crate::{
    accounts::Presented,
    app::SharedApp,
    clock::{Deadline, Millis},
    domain::{
        chore::{Chore, What},
        org::User,
        principal::Principal,
        review::Actor,
    },
    error::{Error, ErrorKind, LogFailure, Result},
    ids::Id,
    installed::Installed,
    metering::Metering,
    queue::{Task, TaskKind},
    repo::{
        Repos,
        alerts::Alerts,
        chats::Chats,
        collections::Collections,
        files::Files,
        idempotency::{self, Outcome},
        installations::Installations,
        invoices::Invoices,
        lead_views::LeadViews,
        leads::Leads,
        media::MediaItems,
        money::Settled,
        n8n_credentials::N8nCredentials,
        notifications::Notifications,
        orgs,
        payloads::Payloads,
        pipeline::Pipelines,
        pushes::Pushes,
        runs::Runs,
        subjects::{Stored, Subjects},
        usage::UsageLog,
        workflows::Workflows,
    },
    store::{self, Key, StoreError, Write},
    tenant::TenantId,
};

/// What a request may take for all that it does outside.
const TIME: std::time::Duration = std::time::Duration::from_secs(25);

/// The caller and the means of one authenticated request.
#[derive(Clone)]
pub struct Ctx {
    pub app: SharedApp,
    pub caller: Arc<Principal>,
    /// The session that the request belongs to; none when it came with an API key.
    pub session: Option<Presented>,
    pub request_id: Arc<str>,
    pub now: Millis,
    pub idempotency: Option<Idempotency>,
}

/// The `Idempotency-Key` of a request whose key was not answered yet.
#[derive(Debug, Clone)]
pub struct Idempotency {
    pub key: Key,
    pub fingerprint: String,
    /// How errors of the route are rendered.
    pub voice: Voice,
    /// An earlier attempt began an outside effect under this id, and its end is unknown.
    pub begun: Option<Id>,
}

/// Why a commit did not happen.
#[derive(Debug)]
pub enum Refused {
    /// Write number `n` of the handler's own writes was refused.
    Write(usize, Option<crate::store::Item>),
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
        let Self::Error(error) = self else { return false };
        let cause = error.cause().and_then(|cause| cause.downcast_ref::<StoreError>());
        matches!(cause, Some(StoreError::Conflict))
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
            Refused::Write(position, current) => StoreError::Canceled(vec![(position, current)]).into(),
            Refused::Error(error) => error,
        }
    }
}

impl Ctx {
    pub fn tenant(&self) -> TenantId {
        self.caller.tenant
    }

    /// When what this request does outside must have ended, so that it can still be stored and answered: API Gateway gives up
    /// after 30 seconds.
    pub fn deadline(&self) -> Deadline {
        Deadline::at(self.now.plus(TIME))
    }

    pub fn actor(&self) -> Actor {
        Actor { user_id: self.caller.user_id, username: self.caller.username.clone() }
    }

    /// The session of a route that asks for one.
    pub fn session(&self) -> Result<&Presented> {
        self.session
            .as_ref()
            .ok_or_else(|| Error::internal("a handler without the session that its route asks for"))
    }

    /// The caller's user as stored. A credential may outlive its user for as long as an instance believes it.
    pub async fn user(&self) -> Result<User> {
        let user = orgs::user(&*self.app.store, self.tenant(), self.caller.user_id).await?;
        user.ok_or_else(|| {
            Error::new(ErrorKind::CredentialRejected, "no_such_user", "The user of this credential is gone.")
        })
    }

    /// What the caller's tenant has stored.
    pub fn repos(&self) -> Repos<'_> {
        self.app.repos(self.tenant())
    }

    /// The tenant's entities of a kind that can be reviewed.
    pub fn subjects<E: Stored>(&self) -> Subjects<'_, E> {
        self.repos().subjects()
    }

    pub fn payloads(&self) -> Payloads<'_> {
        self.repos().payloads()
    }

    pub fn pipelines(&self) -> Pipelines<'_> {
        self.repos().pipelines()
    }

    pub fn lead_views(&self) -> LeadViews<'_> {
        self.repos().lead_views()
    }

    pub fn leads(&self) -> Leads<'_> {
        self.repos().leads()
    }

    pub fn media(&self) -> MediaItems<'_> {
        self.subjects()
    }

    pub fn collections(&self) -> Collections<'_> {
        self.repos().collections()
    }

    pub fn runs(&self) -> Runs<'_> {
        self.repos().runs()
    }

    pub fn workflows(&self) -> Workflows<'_> {
        self.repos().workflows()
    }

    pub fn installations(&self) -> Installations<'_> {
        self.repos().installations()
    }

    pub fn n8n_credentials(&self) -> N8nCredentials<'_> {
        self.repos().n8n_credentials()
    }

    pub fn pushes(&self) -> Pushes<'_> {
        self.repos().pushes()
    }

    pub fn installed(&self) -> Installed<'_> {
        Installed { app: &self.app, tenant: self.tenant() }
    }

    pub fn usage<'a>(&'a self, workflow_id: &'a str) -> UsageLog<'a> {
        self.repos().usage(workflow_id)
    }

    pub fn metering(&self) -> Metering<'_> {
        Metering { app: &self.app, tenant: self.tenant() }
    }

    pub fn settled(&self) -> Settled<'_> {
        self.repos().settled()
    }

    pub fn notifications(&self) -> Notifications<'_> {
        self.repos().notifications()
    }

    pub fn invoices(&self) -> Invoices<'_> {
        self.repos().invoices()
    }

    pub fn files(&self) -> Files<'_> {
        self.repos().files()
    }

    pub fn alerts(&self) -> Alerts<'_> {
        self.repos().alerts()
    }

    pub fn chats(&self) -> Chats<'_> {
        self.repos().chats()
    }

    /// Writes what the handler decided and the reply to it, all or none. With an `Idempotency-Key` the reply is stored
    /// in the same transaction; if another request with the same key was quicker, its reply comes back instead.
    pub async fn commit(&self, mut writes: Vec<Write>, reply: Reply) -> Result<Reply, Refused> {
        let own = writes.len();
        if let Some(idempotency) = &self.idempotency {
            let outcome = replied(&reply);
            writes.push(match idempotency.begun {
                Some(_) => {
                    idempotency::finish(&idempotency.key, &idempotency.fingerprint, outcome, self.now)?
                }
                None => idempotency::write(&idempotency.key, &idempotency.fingerprint, outcome, self.now)?,
            });
        }
        match store::apply(&*self.app.store, writes).await {
            Ok(()) => Ok(reply),
            Err(error) => match (&self.idempotency, error.refused_by(own)) {
                (Some(idempotency), Some(_)) => self.overtaken(idempotency).await.map_err(Refused::Error),
                _ => Err(refusal(error)),
            },
        }
    }

    /// Remembers that an outside effect begins under `id`, before it begins. Returns false when another request with
    /// the same key was quicker.
    pub async fn begin(&mut self, id: Id, mut writes: Vec<Write>) -> Result<bool> {
        let own = writes.len();
        if let Some(idempotency) = &self.idempotency {
            let outcome = Outcome::Begun { id, at: self.now };
            writes.push(idempotency::write(&idempotency.key, &idempotency.fingerprint, outcome, self.now)?);
        }
        match store::apply(&*self.app.store, writes).await {
            Ok(()) => {
                // From here on the key is ours: the reply replaces what was just written.
                if let Some(idempotency) = &mut self.idempotency {
                    idempotency.begun = Some(id);
                }
                Ok(true)
            }
            Err(error) if self.idempotency.is_some() && error.refused_by(own).is_some() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A chore to owe: the write that belongs into the transaction of what causes it, and the message to send (with
    /// `App::hint`) when that stands.
    pub fn chore(&self, what: What) -> Result<(Write, Task)> {
        let chores = self.repos().chores();
        let chore = Chore::new(self.app.id(), what, self.now);
        let task = Task::new(TaskKind::Chore, &chores.key(chore.id), &self.request_id);
        Ok((chores.insert(&chore, self.now)?, task))
    }

    /// Replaces the stored reply by what is known at the end of the request, so that a repeat reads what was read first.
    pub async fn amend(&self, reply: &Reply) {
        let Some(idempotency) = &self.idempotency else { return };
        let write = idempotency::finish(&idempotency.key, &idempotency.fingerprint, replied(reply), self.now);
        let write = match write {
            Ok(write) => write,
            Err(error) => return tracing::error!(%error, "a reply could not be written"),
        };
        self.app.store.write(write).await.log_failure("a stored reply could not be brought up to date");
    }

    /// Remembers a failure as the reply to a key under which an outside effect was begun: a repeat reads it, and does not
    /// begin the effect again.
    pub async fn remember_failure(&self, error: &Error) {
        if let Some(idempotency) = &self.idempotency {
            self.amend(&Reply::of_error(error, idempotency.voice)).await;
        }
    }

    async fn overtaken(&self, idempotency: &Idempotency) -> Result<Reply> {
        match idempotency::find(&*self.app.store, &idempotency.key, self.now).await? {
            Some(record) => settle(&record, &idempotency.fingerprint, self.now)?.ok_or_else(in_progress),
            None => Err(in_progress()),
        }
    }
}

fn replied(reply: &Reply) -> Outcome {
    Outcome::Replied { status: reply.status.as_u16(), body: reply.to_remember().to_owned() }
}

pub(super) fn refusal(error: StoreError) -> Refused {
    match error {
        StoreError::ConditionFailed { current } => Refused::Write(0, current),
        StoreError::Canceled(mut refused) if !refused.is_empty() => {
            let (position, current) = refused.remove(0);
            Refused::Write(position, current)
        }
        other => Refused::Error(other.into()),
    }
}

/// What a stored record means for a request: its reply, or none when an outside effect was begun long enough ago that
/// its request must have died.
pub(super) fn settle(record: &idempotency::Record, fingerprint: &str, now: Millis) -> Result<Option<Reply>> {
    if record.fingerprint != fingerprint {
        return Err(Error::new(
            ErrorKind::Conflict,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
        ));
    }
    match &record.outcome {
        Outcome::Replied { status, body } => Reply::replay(*status, body.clone()).map(Some),
        Outcome::Begun { at, .. } if now.is_within(EFFECT_TIME, *at) => Err(in_progress()),
        Outcome::Begun { .. } => Ok(None),
    }
}

/// No request lives longer: API Gateway gives up after 30 seconds.
const EFFECT_TIME: std::time::Duration = std::time::Duration::from_secs(35);

/// The refusal of a request whose key is being worked on.
pub fn in_progress() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "idempotency_key_in_progress",
        "A request with this Idempotency-Key is still being worked on. Repeat it shortly.",
    )
    .retry_after(std::time::Duration::from_secs(1))
}

impl<S: Sync> FromRequestParts<S> for Ctx {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        // Put there by `layers::admit` for every route that is not public.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::internal("a handler without admission"))
    }
}
