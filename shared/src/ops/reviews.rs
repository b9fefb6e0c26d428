//! A person decides: approve, deny, or send back for another attempt.
//!
//! Its one rule: the first decision stands. It is stored together with the debt to n8n, and n8n is told at once if it answers
//! while the reviewer waits.

use std::time::Duration;

use super::{
    act::{Act, Refused},
    again::Again,
    happened, resume,
};
use crate::{
    clock::{self, Deadline},
    domain::{
        invoice::Invoice,
        lead::Lead,
        media::MediaItem,
        payload::Payload,
        review::{AutomationStatus, Decision, EntityType, Resume, Verdict},
        subject::Subject,
    },
    error::{Error, ErrorKind, LogFailure, OrNotFound, Result},
    ids::{EntityId, Id, InstallationId},
    n8n::client::Turn,
    repo::subjects::Stored,
};

/// What n8n is given while the reviewer waits: an answer comes within a second. What takes longer is the worker's.
const PATIENCE: Duration = Duration::from_millis(800);

/// What is decided on which entity.
#[derive(Debug, Clone)]
pub struct Decide {
    pub entity_type: EntityType,
    /// Of the kind that `entity_type` says, which a request may say after it: an id without a type of its own.
    pub entity_id: Id,
    pub to: AutomationStatus,
    /// Kept with the decision and passed on to n8n.
    pub notes: Option<String>,
    /// The execution to resume, when it is not the one that is stored on the entity.
    pub execution_id: Option<String>,
    /// Its n8n, when it is not the one that is stored on the entity.
    pub installation_id: Option<InstallationId>,
}

/// A decision that stands, and how far n8n has been told of it.
#[derive(Debug)]
pub struct Decided {
    pub entity_type: EntityType,
    pub subject: Subject,
}

/// Decides, and tells n8n if it answers at once. The same decision once more changes nothing and sends again what n8n has not
/// taken. Fails with `already_decided` where another decision stands.
pub async fn decide(act: &Act, wanted: Decide) -> Result<Decided> {
    match wanted.entity_type {
        EntityType::CustomPayload => decide_on::<Payload>(act, &wanted).await,
        EntityType::Invoice => decide_on::<Invoice>(act, &wanted).await,
        EntityType::Lead => decide_on::<Lead>(act, &wanted).await,
        EntityType::MediaItem => decide_on::<MediaItem>(act, &wanted).await,
    }
}

async fn decide_on<E: Stored>(act: &Act, wanted: &Decide) -> Result<Decided> {
    let mut again = Again::new(&act.app, "the entity");
    let (entity, owes) = loop {
        match step::<E>(act, wanted).await {
            Ok(ended) => break ended,
            Err(refused) => again.after(refused).await?,
        }
    };
    if !owes {
        return Ok(decided(&entity));
    }
    // The decision stands whatever becomes of this: what could not be stored is found again by the sweep.
    let turn = Turn::urgent(act.deadline.min(Deadline::brief(act.now.plus(PATIENCE))));
    let paid = resume::pay(&act.app, act.tenant, entity.clone(), &act.cause, turn).await;
    let entity = paid.log_failure("the end of a resume attempt could not be stored").unwrap_or(entity);
    let decided = decided(&entity);
    act.amend(&decided).await;
    Ok(decided)
}

/// Decides on what stands there now. Returns it as it was stored, and whether there is something to tell n8n at once.
async fn step<E: Stored>(act: &Act, wanted: &Decide) -> Result<(E, bool), Refused> {
    let entities = act.repos().subjects::<E>();
    let before = entities.head(E::Id::of(wanted.entity_id)).await?.or_not_found(E::TYPE.as_str())?;
    let mut entity = before.clone();
    let review = &mut entity.subject_mut().review;
    match review.decide(wanted.to, act.actor.clone(), wanted.notes.clone(), act.now) {
        Verdict::AlreadyDecided(first) => return Err(already(&first).into()),
        Verdict::RegenerateNotAllowed => return Err(no_regenerate().into()),
        Verdict::Repeated => return repeat(act, before).await,
        Verdict::Decided => {}
    }
    aim(act, wanted, entity.subject_mut()).await?;
    entity.subject_mut().touch(act.now);
    let mut writes = entities.replace(&before, &entity)?;
    if wanted.to == AutomationStatus::Regenerate {
        writes.extend(entities.mark_regenerating(&entity)?);
    }
    writes.push(happened::decided(act, &entity, wanted.to, wanted.notes.as_deref())?);
    act.commit(writes, &decided(&entity)).await?;
    let owes = entity.subject().review.resume.is_some();
    Ok((entity, owes))
}

/// The same decision once more: nothing changes, but a resume that is still owed is tried now.
async fn repeat<E: Stored>(act: &Act, before: E) -> Result<(E, bool), Refused> {
    let mut entity = before.clone();
    let subject = entity.subject_mut();
    let Some(resume) = subject.review.resume.as_mut().filter(|resume| resume.may_hurry(act.now)) else {
        act.commit(Vec::new(), &decided(&before)).await?;
        return Ok((before, false));
    };
    resume.hurry(act.now);
    subject.v += 1;
    let writes = act.repos().subjects::<E>().replace(&before, &entity)?;
    act.commit(writes, &decided(&entity)).await?;
    Ok((entity, true))
}

/// Which execution the decision is for: the request's word goes before what is stored on the entity.
async fn aim(act: &Act, wanted: &Decide, subject: &mut Subject) -> Result<()> {
    if let Some(id) = wanted.installation_id {
        act.installed().get(id).await?;
    }
    subject.aim(wanted.installation_id, wanted.execution_id.clone());
    if subject.execution_id.is_some() && subject.installation_id.is_some() {
        subject.review.resume = Some(Resume::owed(act.now));
    }
    Ok(())
}

fn decided<E: Stored>(entity: &E) -> Decided {
    Decided { entity_type: E::TYPE, subject: entity.subject().clone() }
}

fn no_regenerate() -> Error {
    Error::invalid("entity_id", "was created without allow_regenerate: it can be approved or denied")
}

fn already(first: &Decision) -> Error {
    let message = format!("It was {} already. The first decision stands.", first.decision.as_str());
    let mut error = Error::new(ErrorKind::WrongState, "already_decided", message)
        .with("automation_status", first.decision.as_str())
        .with("decided_by", first.by.username.clone())
        .with("decided_at", clock::iso(first.at));
    if let Some(notes) = &first.notes {
        error = error.with("notes", notes.clone());
    }
    error
}
