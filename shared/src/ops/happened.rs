//! What becomes of entities that people review, as the log of events tells it.

use serde_json::Value;

use super::act::Act;
use crate::{
    domain::{
        api_key::ApiKey,
        event::{self, EventType, Happened},
        installation::Installation,
        invoice::Invoice,
        lead::Lead,
        media::MediaItem,
        payload::Payload,
        review::{AutomationStatus, EntityType},
        subject::Subject,
    },
    error::{Error, Result},
    ids::{ApiKeyId, Id},
    repo::subjects::Stored,
    store::{Write, encode},
};

/// What the log says of one kind of entity besides what it says of all.
pub trait Told: Stored {
    const CREATED: EventType;
    const UPDATED: EventType;
    const DELETED: EventType;

    /// What is told of a new one.
    fn made(&self, happened: Happened) -> Happened;

    /// What is told of a change besides the names of what was changed.
    fn changed(_before: &Self, _after: &Self, happened: Happened) -> Happened {
        happened
    }
}

impl Told for Lead {
    const CREATED: EventType = EventType::LeadCreated;
    const UPDATED: EventType = EventType::LeadUpdated;
    const DELETED: EventType = EventType::LeadDeleted;

    fn made(&self, happened: Happened) -> Happened {
        happened.with("status_id", self.status_id.get()).with_some("source", self.profile.lead_source.clone())
    }

    fn changed(before: &Self, after: &Self, happened: Happened) -> Happened {
        if before.status_id == after.status_id {
            return happened;
        }
        let now = happened.with("status_id", after.status_id.get());
        now.with("previous_status_id", before.status_id.get()).and(EventType::LeadStatusChanged)
    }
}

impl Told for MediaItem {
    const CREATED: EventType = EventType::MediaCreated;
    const UPDATED: EventType = EventType::MediaUpdated;
    const DELETED: EventType = EventType::MediaDeleted;

    fn made(&self, happened: Happened) -> Happened {
        happened.with("media_type", self.media_type.as_str())
    }
}

impl Told for Payload {
    const CREATED: EventType = EventType::PayloadCreated;
    const UPDATED: EventType = EventType::PayloadUpdated;
    const DELETED: EventType = EventType::PayloadDeleted;

    fn made(&self, happened: Happened) -> Happened {
        happened.with("task_type", self.task_type.as_str())
    }
}

impl Told for Invoice {
    const CREATED: EventType = EventType::InvoiceCreated;
    const UPDATED: EventType = EventType::InvoiceUpdated;
    const DELETED: EventType = EventType::InvoiceDeleted;

    fn made(&self, happened: Happened) -> Happened {
        happened.with("status", self.status.as_str())
    }

    fn changed(before: &Self, after: &Self, happened: Happened) -> Happened {
        if before.status == after.status {
            return happened;
        }
        let now = happened.with("status", after.status.as_str());
        now.with("previous_status", before.status.as_str()).and(EventType::InvoiceStatusChanged)
    }
}

/// It was made.
pub fn created<E: Told>(act: &Act, made: &E) -> Result<Write> {
    let asked = made.subject().review.human_interaction;
    act.emit(made.made(review_of(made, new(E::CREATED, made), asked)))
}

/// It was changed; the same, told as a review that is asked for, where it was not before.
///
/// None where nothing differs.
pub fn updated<E: Told>(act: &Act, before: &E, after: &E) -> Result<Option<Write>> {
    let fields = differing(before, after)?;
    let happened = new(E::UPDATED, after).with_words("changed", fields.iter().map(String::as_str));
    let waits = |entity: &E| {
        let review = &entity.subject().review;
        review.human_interaction && review.automation_status == AutomationStatus::Pending
    };
    let reposts = |entity: &E| entity.subject().review.reposts;
    if waits(after) && (!waits(before) || reposts(before) != reposts(after)) {
        return act.emit(review_of(after, happened, true)).map(Some);
    }
    if fields.is_empty() {
        return Ok(None);
    }
    act.emit(E::changed(before, after, happened)).map(Some)
}

/// It was deleted; `left` is what stays of it. Where its deletion decided on it, both are told.
pub fn deleted<E: Told>(act: &Act, before: &E, left: &Subject) -> Result<Write> {
    let denied = left.review.decision != before.subject().review.decision;
    if denied {
        return act.emit(line_of(before, new(EventType::ReviewDenied, before)).and(E::DELETED));
    }
    act.emit(new(E::DELETED, before))
}

/// A person has decided.
pub fn decided<E: Stored>(act: &Act, entity: &E, to: AutomationStatus, notes: Option<&str>) -> Result<Write> {
    let kind = match to {
        AutomationStatus::Denied => EventType::ReviewDenied,
        AutomationStatus::Regenerate => EventType::ReviewRegenerate,
        _ => EventType::ReviewApproved,
    };
    act.emit(line_of(entity, new(kind, entity)).with_some("notes", notes))
}

/// Settings of the organization were changed. None where nothing is named.
pub fn settings<'a>(act: &Act, changed: impl IntoIterator<Item = &'a str>) -> Result<Option<Write>> {
    let mut changed = changed.into_iter().peekable();
    if changed.peek().is_none() {
        return Ok(None);
    }
    let tenant = Id::from_u64(act.tenant.0).ok_or_else(|| Error::internal("a tenant without an id"))?;
    let subject = event::Subject::of("organization", tenant);
    act.emit(Happened::new(EventType::OrganizationUpdated, subject).with_words("changed", changed)).map(Some)
}

/// Something became of an API key.
pub fn key(act: &Act, kind: EventType, key: &ApiKey) -> Result<Write> {
    act.emit(key.happened(kind))
}

/// A key was made in the place of another.
pub fn rotated(act: &Act, new: &ApiKey, old: ApiKeyId) -> Result<Write> {
    act.emit(new.happened(EventType::ApiKeyRotated).with("replaced", old.get()))
}

/// Something became of an n8n instance.
pub fn installation(act: &Act, kind: EventType, installation: &Installation) -> Result<Write> {
    let happened = Happened::new(kind, event::Subject::of("installation", installation.id));
    let happened = happened.in_group(installation.group_id).with("name", installation.title.as_str());
    if kind == EventType::InstallationRegistered {
        return act.emit(happened.with("group_id", installation.group_id.get()));
    }
    act.emit(happened)
}

fn new<E: Stored>(kind: EventType, entity: &E) -> Happened {
    let subject = entity.subject();
    Happened::new(kind, event::Subject::of(name(E::TYPE), subject.id)).in_group(subject.group_id)
}

fn review_of<E: Stored>(entity: &E, happened: Happened, asked: bool) -> Happened {
    if !asked {
        return happened;
    }
    line_of(entity, happened).and(EventType::ReviewRequested)
}

/// Which execution it is of.
fn line_of<E: Stored>(entity: &E, happened: Happened) -> Happened {
    let subject = entity.subject();
    happened
        .with("entity_type", E::TYPE.as_str())
        .with_some("workflow_id", subject.workflow_id.as_deref())
        .with_some("execution_id", subject.execution_id.as_deref())
}

/// What the subject of an event is called.
fn name(kind: EntityType) -> &'static str {
    match kind {
        EntityType::CustomPayload => "payload",
        EntityType::Invoice => "invoice",
        EntityType::Lead => "lead",
        EntityType::MediaItem => "media",
    }
}

/// What is kept of an entity for the house alone.
const OWN: [&str; 9] = [
    "apart",
    "v",
    "changed_at",
    "posted_at",
    "status_history",
    "owns_email",
    "sealed_resume_url",
    "resume_suffix",
    "review",
];

/// The names of what two have not in common, one level deep.
fn differing<E: Stored>(before: &E, after: &E) -> Result<Vec<String>> {
    let (was, is) = (&before.subject().review, &after.subject().review);
    let of_review = [
        ("automation_status", was.automation_status != is.automation_status),
        ("human_interaction", was.human_interaction != is.human_interaction),
        ("allow_regenerate", was.allow_regenerate != is.allow_regenerate),
    ];
    let (before, after) = (encode(before)?, encode(after)?);
    let mut names = Vec::new();
    let all = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in all.filter(|name| !OWN.contains(&name.as_str())) {
        match (before.get(name), after.get(name)) {
            (was, is) if was == is => {}
            // How it is kept is nobody's business.
            _ if name == "body" => names.push("payload".into()),
            (Some(Value::Object(was)), Some(Value::Object(is))) => {
                let inside = was.keys().chain(is.keys().filter(|name| !was.contains_key(*name)));
                names.extend(inside.filter(|name| was.get(*name) != is.get(*name)).cloned());
            }
            _ => names.push(name.clone()),
        }
    }
    names.extend(of_review.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()));
    names.sort_unstable();
    Ok(names)
}
