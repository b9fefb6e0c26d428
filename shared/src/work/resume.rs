//! The debt of a decision, brought by its message ([`crate::ops::resume`] pays it).

use super::{Ended, Message, Step};
use crate::{
    app::App,
    domain::{invoice::Invoice, lead::Lead, media::MediaItem, payload::Payload, review::EntityType},
    error::{Error, OrNotFound, Result},
    n8n::client::Turn,
    ops::resume::pay,
    queue::{Task, TaskKind},
    repo::{
        due,
        subjects::{Stored, kind_of},
    },
    store,
};

/// Its row of a worker's steps.
pub const STEP: Step =
    Step::remembered(TaskKind::ResumeN8n, |app, task, message| Box::pin(step(app, task, message)));

/// A message arrived: claims the debt, if it is still owed and nobody else is at it, and pays it.
pub async fn step(app: &App, task: &Task, message: &Message<'_>) -> Result<Ended> {
    match kind_of(&task.key()) {
        Some((EntityType::CustomPayload, gone)) => claim::<Payload>(app, task, message, gone).await,
        Some((EntityType::Invoice, gone)) => claim::<Invoice>(app, task, message, gone).await,
        Some((EntityType::Lead, gone)) => claim::<Lead>(app, task, message, gone).await,
        Some((EntityType::MediaItem, gone)) => claim::<MediaItem>(app, task, message, gone).await,
        None => Err(Error::internal(format!("nothing that can be reviewed lies under {}", task.key()))),
    }
}

async fn claim<E: Stored>(app: &App, task: &Task, message: &Message<'_>, gone: bool) -> Result<Ended> {
    match gone {
        true => claim_one::<E::Departed>(app, task, message).await,
        false => claim_one::<E>(app, task, message).await,
    }
}

async fn claim_one<E: Stored>(app: &App, task: &Task, message: &Message<'_>) -> Result<Ended> {
    let tenant = task.tenant()?;
    let owing = due::owing::<E>(&*app.store, &task.key()).await?.or_not_found(E::TYPE.as_str())?;
    let (now, suspect) = (app.now(), owing.suspect);
    // The index shows it later than it may be tried, but for one that was put off there.
    if !owing.is_owed() || (suspect && !owing.is_due(now)) {
        return Ok(Ended::Done);
    }
    let before = owing.item;
    let mut claimed = before.clone();
    let subject = claimed.subject_mut();
    let Some(resume) = subject.review.resume.as_mut().filter(|resume| resume.is_due(now)) else {
        return Ok(Ended::Done);
    };
    if !message.alone && (suspect || resume.is_suspect()) {
        return Ok(Ended::Suspect);
    }
    let put_off = resume.put_off_if_deadly(now, due::left_alone);
    if put_off.is_none() {
        resume.claim(now);
    }
    subject.v += 1;
    let entities = app.repos(tenant).subjects::<E>();
    store::apply(&*app.store, entities.replace(&before, &claimed)?).await?;
    if let Some(until) = put_off {
        super::alone::log_put_off(task, until);
        return Ok(Ended::Done);
    }
    pay(app, tenant, claimed, &task.request_id, Turn::owed(message.deadline)).await.map(|_| Ended::Done)
}
