//! The debt of a decision: n8n is told, once, however long it takes.

use url::Url;

use crate::{
    app::App,
    clock::Millis,
    domain::{
        invoice::Invoice,
        lead::Lead,
        media::MediaItem,
        payload::Payload,
        review::{EntityType, Resume, ResumeState},
        subject::Subject,
    },
    error::{Error, OrNotFound, Result},
    ids::Id,
    installed::Installed,
    metrics,
    n8n::resume::{Ending, Errand, attempt},
    queue::{Task, TaskKind},
    repo::subjects::{OWN, Stored, Subjects, kind_of},
    store,
    tenant::TenantId,
};

/// A message arrived: claims the debt, if it is still owed and nobody else is at it, and pays it.
pub async fn step(app: &App, task: &Task) -> Result<()> {
    match kind_of(&task.key()) {
        Some(EntityType::CustomPayload) => claim::<Payload>(app, task).await,
        Some(EntityType::Invoice) => claim::<Invoice>(app, task).await,
        Some(EntityType::Lead) => claim::<Lead>(app, task).await,
        Some(EntityType::MediaItem) => claim::<MediaItem>(app, task).await,
        None => Err(Error::internal(format!("nothing that can be reviewed lies under {}", task.key()))),
    }
}

async fn claim<E: Stored>(app: &App, task: &Task) -> Result<()> {
    let tenant = task.tenant()?;
    let id: Id =
        task.sk.parse().map_err(|_| Error::internal(format!("no entity is stored under {}", task.key())))?;
    let entities = Subjects::<E>::new(&*app.store, tenant);
    let before = entities.get(id).await?.or_not_found(E::TYPE.as_str())?;
    let now = app.now();
    let mut claimed = before.clone();
    let subject = claimed.subject_mut();
    let Some(resume) = subject.review.resume.as_mut() else { return Ok(()) };
    if !resume.is_due(now) {
        return Ok(());
    }
    resume.claim(now);
    subject.v += 1;
    store::apply(&*app.store, entities.replace(&before, &claimed)?).await?;
    pay(app, tenant, claimed, &task.request_id).await.map(|_| ())
}

/// Makes the attempt that was claimed, and stores how it ended. Returns the entity as it stands then.
pub async fn pay<E: Stored>(app: &App, tenant: TenantId, entity: E, request_id: &str) -> Result<E> {
    let subject = entity.subject();
    let ending = match errand_of(app, tenant, E::TYPE, subject).await {
        Ok(Some(ready)) => ready.run(app, tenant, E::TYPE, subject).await,
        Ok(None) => {
            Ending::Settled(ResumeState::Failed, Some("it is not known which n8n execution to resume".into()))
        }
        Err(error) => Ending::Later {
            why: error.into_message(),
            sent: subject.review.resume.as_ref().is_some_and(|r| r.sent),
        },
    };
    metrics::resumed(tenant, E::TYPE, &subject.id.to_string(), &ending);
    settle(app, tenant, entity, &ending, request_id).await
}

struct Ready {
    installation: std::sync::Arc<crate::domain::installation::Installation>,
    execution_id: String,
    resume_url: Option<Url>,
}

impl Ready {
    async fn run(self, app: &App, tenant: TenantId, kind: EntityType, subject: &Subject) -> Ending {
        let (Some(decision), Some(resume)) = (&subject.review.decision, &subject.review.resume) else {
            return Ending::Settled(ResumeState::Failed, Some("no decision stands".into()));
        };
        let errand = Errand {
            tenant,
            installation: &self.installation,
            execution_id: &self.execution_id,
            resume_url: self.resume_url,
            entity_id: subject.id,
            entity_type: kind,
            posted_at: subject.posted_at,
            reposts: subject.review.reposts,
            decision,
            sent: resume.sent,
        };
        attempt(app, &errand).await
    }
}

async fn errand_of(
    app: &App,
    tenant: TenantId,
    kind: EntityType,
    subject: &Subject,
) -> Result<Option<Ready>> {
    let (Some(installation), Some(execution_id)) = (subject.installation_id, subject.execution_id.clone())
    else {
        return Ok(None);
    };
    let installation = Installed { app, tenant }.get(installation).await?;
    let resume_url = match &subject.sealed_resume_url {
        Some(sealed) => {
            let text = app.sealer.open(tenant, &Subject::seal_record(kind, subject.id), sealed).await?;
            Url::parse(secrecy::ExposeSecret::expose_secret(&text)).ok()
        }
        None => None,
    };
    Ok(Some(Ready { installation, execution_id, resume_url }))
}

/// Stores the ending. Whatever else was changed meanwhile is kept: only the debt is this attempt's to write, and a debt
/// that is another decision's is not. Returns the entity as this attempt leaves it.
async fn settle<E: Stored>(
    app: &App,
    tenant: TenantId,
    mut entity: E,
    ending: &Ending,
    request_id: &str,
) -> Result<E> {
    let entities = Subjects::<E>::new(&*app.store, tenant);
    loop {
        let now = app.now();
        let before = entity.clone();
        let subject = entity.subject_mut();
        let Some(resume) = subject.review.resume.as_mut() else { return Ok(entity) };
        let next = apply(resume, ending, now);
        subject.touch(now);
        let id = subject.id;
        match store::apply(&*app.store, entities.replace(&before, &entity)?).await {
            Ok(()) => {
                if let Some(next) = next {
                    app.hint(&Task::new(TaskKind::ResumeN8n, &entities.key(id), request_id), next).await;
                }
                return Ok(entity);
            }
            Err(refused) if refused.refused_by(OWN).is_some() => {
                let current = entities.get(id).await?.or_not_found(E::TYPE.as_str())?;
                // The workflow was quicker and posted again: the debt is settled by that.
                if current.subject().review.decision != before.subject().review.decision {
                    return Ok(entity);
                }
                entity = current;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Applies an ending to the debt; the time of the next attempt, if there is one.
fn apply(resume: &mut Resume, ending: &Ending, now: Millis) -> Option<Millis> {
    match ending {
        Ending::Settled(state, why) => resume.settle(*state, now, why.clone()),
        Ending::Later { why, sent } => resume.later(now, why.clone(), *sent),
    }
    resume.next_attempt_at
}
