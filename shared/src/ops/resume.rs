//! The debt of a decision: n8n is told, once, however long it takes.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use futures::try_join;
use http::HeaderMap;
use secrecy::ExposeSecret;
use url::Url;

mod siblings;

use siblings::{Queue, sibling};

use super::{again::Again, executions};
use crate::{
    app::App,
    clock::{self, Deadline, Millis},
    domain::{
        resume_headers,
        review::{EntityType, Rest, Resume, ResumeState},
        subject::{ExecutionState, Reviewable, Subject},
    },
    error::{Error, ErrorKind, LogFailure, Result},
    ids::EntityId,
    installed::Installed,
    metrics::{Resumed, Telling},
    n8n::{
        client::Turn,
        resume::{Claim, Ending, Errand, Later, attempt},
        wait::Sibling,
    },
    queue::{Task, TaskKind},
    repo::{
        asks::Ask,
        subjects::{Stored, Subjects},
    },
    store,
    tenant::TenantId,
};

/// A claim that was written or read this lately is believed without another look.
const BELIEVED: Duration = Duration::from_secs(2);

/// How an attempt ended is stored again after these, where the store could not: what is not stored looks like a death.
const STORING: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1500)];

/// Makes the attempt that was claimed, and stores how it ended. Returns the entity as it stands then.
pub async fn pay<E: Stored>(
    app: &App,
    tenant: TenantId,
    entity: E,
    request_id: &str,
    turn: Turn,
) -> Result<E> {
    let subject = entity.subject();
    let mut asks = Vec::new();
    let ending = match errand_of(app, tenant, E::TYPE, subject).await {
        Ok(Ok(ready)) => {
            asks.clone_from(&ready.asks);
            ready.run::<E>(app, tenant, subject, turn).await
        }
        Ok(Err(why)) => Ending::Settled(ResumeState::Failed, Some(why.into())),
        Err(error) => {
            let resume = subject.review.resume.as_ref();
            Ending::Later(Later {
                why: error.into_message(),
                sent: resume.is_some_and(|resume| resume.sent),
                rest: Rest::Usual,
                shown: resume.is_some_and(|resume| resume.shown),
                instead: Vec::new(),
            })
        }
    };
    log(tenant, E::TYPE, &subject.id.to_string(), &ending);
    let told = subject.clone();
    let entity = settle(app, tenant, entity, &ending, request_id).await?;
    if let Some((state, (installation, execution))) =
        state_of(&ending).filter(|state| *state != ExecutionState::Passed).zip(told.asking())
    {
        executions::over(app, tenant, installation, execution, state).await;
    }
    // What the others are owed stands with them, and is found without this, only later.
    let handed = Queue { app, tenant, request_id }.hand_on(told.id, &asks, &ending).await;
    handed.log_failure("the next decision of an execution could not be handed on");
    Ok(entity)
}

struct Ready {
    installation: std::sync::Arc<crate::domain::installation::Installation>,
    execution_id: String,
    resume_url: Option<Url>,
    headers: HeaderMap,
    asks: Vec<Ask>,
}

impl Ready {
    async fn run<E: Stored>(self, app: &App, tenant: TenantId, subject: &Subject, turn: Turn) -> Ending {
        let (Some(decision), Some(resume)) = (&subject.review.decision, &subject.review.resume) else {
            return Ending::Settled(ResumeState::Failed, Some("no decision stands".into()));
        };
        let errand = Errand {
            tenant,
            installation: &self.installation,
            execution_id: &self.execution_id,
            resume_url: self.resume_url,
            entity_id: subject.id,
            entity_type: E::TYPE,
            posted_at: subject.posted_at,
            reposts: subject.review.reposts,
            decision,
            sent: resume.sent,
            unheard_until: resume.unheard_until,
            shown: resume.shown,
            others: self.asks.iter().map(|ask| sibling(ask, true)).collect(),
            headers: self.headers,
        };
        let claim = Held {
            app,
            asks: &self.asks,
            entities: app.repos(tenant).subjects::<E>(),
            subject,
            resume,
            deadline: turn.deadline.min(resume.deadline(app.now())),
            believed_until: AtomicI64::new(resume.claimed_at().plus(BELIEVED).0),
        };
        let turn = Turn { deadline: claim.deadline, ..turn };
        let n8n = Installed::new(app, tenant).n8n(&self.installation, turn).await;
        attempt(n8n, &app.aside, &errand, &claim).await
    }
}

/// The claim of an attempt. While its time lasts nobody else may begin one, so that a look at the clock is enough at first;
/// later the item is read, because clocks differ and machines sleep.
struct Held<'a, E> {
    app: &'a App,
    /// The other entities of the execution.
    asks: &'a [Ask],
    entities: Subjects<'a, E>,
    subject: &'a Subject,
    resume: &'a Resume,
    deadline: Deadline,
    believed_until: AtomicI64,
}

#[async_trait]
impl<E: Stored> Claim for Held<'_, E> {
    fn deadline(&self) -> Deadline {
        self.deadline
    }

    async fn holds(&self) -> Result<bool> {
        let now = self.app.now();
        if now.0 <= self.believed_until.load(Relaxed) {
            return Ok(true);
        }
        let id = E::Id::of(self.subject.id);
        let stands = match self.entities.head(id).await? {
            Some(entity) => is_ours(entity.subject(), self.subject, self.resume),
            None => {
                let gone = self.entities.departed().head(id).await?;
                gone.is_some_and(|gone| is_ours(gone.subject(), self.subject, self.resume))
            }
        };
        self.believed_until.store(now.plus(BELIEVED).0, Relaxed);
        Ok(stands)
    }

    async fn others(&self) -> Result<Vec<Sibling>> {
        let store = &*self.app.store;
        siblings::open(store, self.entities.tenant, self.asks).await
    }
}

/// Whether the debt that stands in the store is still that of this attempt.
fn is_ours(stands: &Subject, subject: &Subject, claimed: &Resume) -> bool {
    stands.review.decision == subject.review.decision
        && stands.review.resume.as_ref().is_some_and(|resume| resume.is_same_attempt(claimed))
}

/// What there is to do, or why nothing can be done any more.
async fn errand_of(
    app: &App,
    tenant: TenantId,
    kind: EntityType,
    subject: &Subject,
) -> Result<Result<Ready, &'static str>> {
    let (Some(installation), Some(execution_id)) = (subject.installation_id, subject.execution_id.clone())
    else {
        return Ok(Err("it is not known which n8n execution to resume"));
    };
    let installed = Installed::new(app, tenant);
    let asks = app.repos(tenant).asks();
    let (installation, asks, resume_url, headers) = try_join!(
        installed.find(installation),
        async { Ok::<_, Error>(asks.of(installation, &execution_id).await?) },
        opened_url(app, tenant, kind, subject),
        opened_headers(app, tenant, subject),
    )?;
    let Some(installation) = installation else {
        return Ok(Err("the installation that it came from was deleted"));
    };
    let asks = asks.into_iter().filter(|ask| (ask.kind, ask.id) != (kind, subject.id)).collect();
    Ok(Ok(Ready { installation, execution_id, resume_url, headers, asks }))
}

async fn opened_url(app: &App, tenant: TenantId, kind: EntityType, subject: &Subject) -> Result<Option<Url>> {
    let Some(sealed) = &subject.sealed_resume_url else { return Ok(None) };
    let text = app.sealer.open(tenant, &Subject::seal_record(kind, subject.id), sealed).await?;
    Ok(Url::parse(text.expose_secret()).ok())
}

async fn opened_headers(app: &App, tenant: TenantId, subject: &Subject) -> Result<HeaderMap> {
    let Some((sealed, record)) = subject.sealed_resume_headers.as_ref().zip(subject.headers_record()) else {
        return Ok(HeaderMap::new());
    };
    resume_headers::unsealed(&app.sealer.open(tenant, &record, sealed).await?)
}

/// Stores the ending, wherever the debt lies by now. Returns the entity as this attempt leaves it.
async fn settle<E: Stored>(
    app: &App,
    tenant: TenantId,
    entity: E,
    ending: &Ending,
    request_id: &str,
) -> Result<E> {
    let claimed = entity.subject().clone();
    let entities = app.repos(tenant).subjects::<E>();
    let (entity, deleted) = settle_in(app, entities, entity, ending, request_id).await?;
    // It was deleted meanwhile, and its debt goes on without it.
    if deleted
        && let Some(gone) = entities.departed().head(E::Id::of(claimed.id)).await?
        && claimed.review.resume.as_ref().is_some_and(|resume| is_ours(gone.subject(), &claimed, resume))
    {
        settle_in(app, entities.departed(), gone, ending, request_id).await?;
    }
    Ok(entity)
}

/// Stores the ending. Whatever else was changed meanwhile is kept: only the debt is this attempt's to write, and a debt
/// that is another decision's or attempt's is not. Returns the entity as this attempt leaves it, and whether it is there no
/// more.
async fn settle_in<E: Stored>(
    app: &App,
    entities: Subjects<'_, E>,
    mut entity: E,
    ending: &Ending,
    request_id: &str,
) -> Result<(E, bool)> {
    let claimed = entity.subject().clone();
    let (mut again, mut pauses) = (Again::new(app, "the debt of a decision"), STORING.iter());
    loop {
        let now = app.now();
        let before = entity.clone();
        let subject = entity.subject_mut();
        let Some(resume) = subject.review.resume.as_mut() else { return Ok((entity, false)) };
        if !apply(resume, ending, now) {
            return Ok((entity, false));
        }
        let next = resume.next_attempt_at;
        subject.execution_state = state_of(ending);
        subject.touch(now);
        let id = E::Id::of(subject.id);
        match store::apply(&*app.store, entities.replace(&before, &entity)?).await {
            Ok(()) => {
                if let Some(next) = next {
                    app.hint(&Task::new(TaskKind::ResumeN8n, &entities.key(id), request_id), next).await;
                }
                return Ok((entity, false));
            }
            Err(refused) if refused.refused_by(E::KIND).is_some() => {
                let Some(current) = entities.head(id).await? else { return Ok((entity, true)) };
                // The workflow was quicker and posted again: the debt is settled by that. Or it is somebody else's.
                let ours = claimed.review.resume.as_ref();
                if !ours.is_some_and(|resume| is_ours(current.subject(), &claimed, resume)) {
                    return Ok((entity, false));
                }
                again.changed()?;
                entity = current;
            }
            Err(error) => {
                let error = Error::from(error);
                let pause = pauses.next().filter(|_| error.kind == ErrorKind::Unavailable);
                let Some(pause) = pause else { return Err(error) };
                app.clock.sleep(*pause).await;
                entity = before;
            }
        }
    }
}

/// Tells operators how an attempt ended.
fn log(tenant: TenantId, kind: EntityType, entity: &str, ending: &Ending) {
    let (state, why, telling) = match ending {
        Ending::Settled(ResumeState::Resumed, why) => {
            (ResumeState::Resumed.as_str(), why.as_deref(), Telling::Told)
        }
        Ending::Settled(ResumeState::Failed, why) => {
            (ResumeState::Failed.as_str(), why.as_deref(), Telling::Lost)
        }
        Ending::Settled(state, why) => (state.as_str(), why.as_deref(), Telling::Over),
        Ending::Later(later) => ("later", Some(later.why.as_str()), Telling::PutOff),
        // Whoever has the debt now tells of it.
        Ending::Lost => return,
    };
    Resumed { tenant, kind: kind.as_str(), entity, state, why, telling }.log();
}

/// What an ending says of the execution.
fn state_of(ending: &Ending) -> Option<ExecutionState> {
    match ending {
        Ending::Settled(ResumeState::Finished, _) => Some(ExecutionState::Ended),
        Ending::Settled(ResumeState::Gone, _) => Some(ExecutionState::Gone),
        Ending::Settled(ResumeState::Superseded, _) => Some(ExecutionState::Passed),
        _ => None,
    }
}

/// Applies an ending to the debt. False when there is nothing to store.
fn apply(resume: &mut Resume, ending: &Ending, now: Millis) -> bool {
    match ending {
        Ending::Settled(state, why) => resume.settle(*state, now, why.clone()),
        Ending::Later(Later { why, sent, rest, shown, .. }) => {
            resume.shown = *shown;
            resume.later(now, why.clone(), *sent, *rest);
        }
        Ending::Lost => return false,
    }
    true
}

/// Sends what a deletion left to be told to its worker.
pub async fn hint_departed<E: Stored>(app: &App, tenant: TenantId, deleted: &Subject, request_id: &str) {
    let owed = deleted.review.resume.as_ref().filter(|_| deleted.review.owed_at().is_some());
    if let Some(due) = owed.and_then(|resume| resume.next_attempt_at) {
        let key = app.repos(tenant).subjects::<E>().departed().key(E::Id::of(deleted.id));
        tracing::info!(id = %deleted.id, due = clock::iso(due), "what n8n is to be told outlives its entity");
        app.hint(&Task::new(TaskKind::ResumeN8n, &key, request_id), due).await;
    }
}
