//! The debt of a decision: n8n is told, once, however long it takes.

use url::Url;

use crate::{
    app::App,
    clock::Millis,
    domain::{
        payload::Payload,
        review::{EntityType, Resume, ResumeState},
    },
    error::{Error, OrNotFound, Result},
    ids::Id,
    installed::Installed,
    n8n::resume::{Ending, Errand, attempt},
    queue::{Task, TaskKind},
    repo::payloads::Payloads,
    store::StoreError,
    tenant::TenantId,
};

/// A message arrived: claims the debt, if it is still owed and nobody else is at it, and pays it.
pub async fn step(app: &App, task: &Task) -> Result<()> {
    let tenant = task.tenant()?;
    let id: Id =
        task.sk.parse().map_err(|_| Error::internal(format!("no payload is stored under {}", task.key())))?;
    let payloads = Payloads { store: &*app.store, tenant };
    let mut payload = payloads.get(id).await?.or_not_found("payload")?;
    let now = app.now();
    let Some(resume) = payload.review.resume.as_mut() else { return Ok(()) };
    if !resume.is_due(now) {
        return Ok(());
    }
    resume.claim(now);
    payload.v += 1;
    app.store.write(payloads.replace(&payload)?).await?;
    pay(app, tenant, payload, &task.request_id).await.map(|_| ())
}

/// Makes the attempt that was claimed, and stores how it ended. Returns the payload as it stands then.
pub async fn pay(app: &App, tenant: TenantId, payload: Payload, request_id: &str) -> Result<Payload> {
    let ending = match errand_of(app, tenant, &payload).await {
        Ok(Some(ready)) => ready.run(app, tenant, &payload).await,
        Ok(None) => {
            Ending::Settled(ResumeState::Failed, Some("it is not known which n8n execution to resume".into()))
        }
        Err(error) => Ending::Later {
            why: error.into_message(),
            sent: payload.review.resume.as_ref().is_some_and(|r| r.sent),
        },
    };
    tracing::info!(payload = %payload.id, ?ending, "resume attempt ended");
    settle(app, tenant, payload, &ending, request_id).await
}

struct Ready {
    installation: std::sync::Arc<crate::domain::installation::Installation>,
    execution_id: String,
    resume_url: Option<Url>,
}

impl Ready {
    async fn run(self, app: &App, tenant: TenantId, payload: &Payload) -> Ending {
        let (Some(decision), Some(resume)) = (&payload.review.decision, &payload.review.resume) else {
            return Ending::Settled(ResumeState::Failed, Some("no decision stands".into()));
        };
        let errand = Errand {
            tenant,
            installation: &self.installation,
            execution_id: &self.execution_id,
            resume_url: self.resume_url,
            entity_id: payload.id,
            entity_type: EntityType::CustomPayload,
            posted_at: payload.posted_at,
            reposts: payload.review.reposts,
            decision,
            sent: resume.sent,
        };
        attempt(app, &errand).await
    }
}

async fn errand_of(app: &App, tenant: TenantId, payload: &Payload) -> Result<Option<Ready>> {
    let (Some(installation), Some(execution_id)) = (payload.installation_id, payload.execution_id.clone())
    else {
        return Ok(None);
    };
    let installation = Installed { app, tenant }.get(installation).await?;
    let resume_url = match &payload.sealed_resume_url {
        Some(sealed) => {
            let text = app.sealer.open(tenant, &Payload::seal_record(payload.id), sealed).await?;
            Url::parse(secrecy::ExposeSecret::expose_secret(&text)).ok()
        }
        None => None,
    };
    Ok(Some(Ready { installation, execution_id, resume_url }))
}

/// Stores the ending. Whatever else was changed meanwhile is kept: only the debt is this attempt's to write, and a debt
/// that is another decision's is not. Returns the payload as this attempt leaves it.
async fn settle(
    app: &App,
    tenant: TenantId,
    mut payload: Payload,
    ending: &Ending,
    request_id: &str,
) -> Result<Payload> {
    let payloads = Payloads { store: &*app.store, tenant };
    loop {
        let now = app.now();
        let Some(resume) = payload.review.resume.as_mut() else { return Ok(payload) };
        let next = apply(resume, ending, now);
        payload.changed_at = now;
        payload.v += 1;
        match app.store.write(payloads.replace(&payload)?).await {
            Ok(_) => {
                if let Some(next) = next {
                    app.hint(&Task::new(TaskKind::ResumeN8n, &payloads.key(payload.id), request_id), next)
                        .await;
                }
                return Ok(payload);
            }
            Err(StoreError::ConditionFailed { .. }) => {
                let current = payloads.get(payload.id).await?.or_not_found("payload")?;
                // The workflow was quicker and posted again: the debt is settled by that.
                if current.review.decision != payload.review.decision {
                    return Ok(payload);
                }
                payload = current;
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
