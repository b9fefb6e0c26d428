use std::time::Duration;

use serde::Serialize;
use shared::{
    clock::Deadline,
    domain::{
        invoice::Invoice,
        lead::Lead,
        media::MediaItem,
        payload::Payload,
        review::{AutomationStatus, Decision, EntityType, Resume, ResumeState, Verdict},
        subject::Subject,
    },
    error::{Error, ErrorKind, LogFailure, OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        fields::Fields,
        reply::Reply,
    },
    ids::Id,
    n8n::client::Turn,
    repo::subjects::Stored,
    work,
};
use utoipa::ToSchema;

/// What to decide on.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `Input` reads leniently")]
pub struct ReviewRequest {
    /// The entity, as a number or as text.
    #[schema(example = 42)]
    entity_id: u64,
    /// `lead`, `media_item`, `custom_payload` or `invoice`.
    #[schema(example = "custom_payload")]
    entity_type: String,
    /// n8n execution to resume, when it is not the one stored on the entity.
    #[schema(max_length = 200, example = "exec-789")]
    execution_id: Option<String>,
    /// Its n8n instance, when it is not the one stored on the entity.
    #[schema(example = 45)]
    installation_id: Option<u64>,
    /// Kept with the decision and passed on to n8n.
    #[schema(max_length = 5000, example = "Looks good, approved for production.")]
    notes: Option<String>,
}

/// The decision is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reviewed {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    entity_id: Id,
    #[schema(example = "custom_payload")]
    entity_type: &'static str,
    #[schema(example = "approved")]
    action: &'static str,
    #[schema(example = "approved")]
    automation_status: &'static str,
    /// Whether n8n has taken the decision. While it is false and `resume_state` is `pending`, Baton keeps trying for a
    /// week.
    n8n_resumed: bool,
    /// `pending`, `resumed`, `finished`, `gone`, `superseded`, `failed`, or null when there is nothing to resume.
    #[schema(example = "resumed")]
    resume_state: Option<&'static str>,
}

struct Input {
    entity_id: Id,
    entity_type: EntityType,
    execution_id: Option<String>,
    installation_id: Option<Id>,
    notes: Option<String>,
}

/// Approves an entity and resumes its n8n execution.
///
/// The decision is stored first; n8n is then told at once if it answers within a second, and otherwise again and again for a
/// week. Approving twice changes nothing and answers 200, and sends again what n8n has not taken; another decision answers
/// 409 with the first one.
#[utoipa::path(post, path = "/automation/approve", operation_id = "approve", tag = "reviews",
    request_body = ReviewRequest, responses((status = 200, description = "Decided.", body = Reviewed)))]
pub async fn approve(ctx: Ctx, fields: Fields) -> Result<Reply> {
    decide(&ctx, AutomationStatus::Approved, fields).await
}

/// Denies an entity and resumes its n8n execution. See *approve*.
#[utoipa::path(post, path = "/automation/deny", operation_id = "deny", tag = "reviews",
    request_body = ReviewRequest, responses((status = 200, description = "Decided.", body = Reviewed)))]
pub async fn deny(ctx: Ctx, fields: Fields) -> Result<Reply> {
    decide(&ctx, AutomationStatus::Denied, fields).await
}

/// Sends an entity back to its workflow for another attempt and resumes the n8n execution. See *approve*.
///
/// Only for entities created with `allow_regenerate`. When the workflow posts again, the entity is pending once more.
#[utoipa::path(post, path = "/automation/regenerate", operation_id = "regenerate", tag = "reviews",
    request_body = ReviewRequest, responses((status = 200, description = "Decided.", body = Reviewed)))]
pub async fn regenerate(ctx: Ctx, fields: Fields) -> Result<Reply> {
    decide(&ctx, AutomationStatus::Regenerate, fields).await
}

async fn decide(ctx: &Ctx, to: AutomationStatus, fields: Fields) -> Result<Reply> {
    let input = read(fields)?;
    match input.entity_type {
        EntityType::CustomPayload => decide_on::<Payload>(ctx, to, &input).await,
        EntityType::Invoice => decide_on::<Invoice>(ctx, to, &input).await,
        EntityType::Lead => decide_on::<Lead>(ctx, to, &input).await,
        EntityType::MediaItem => decide_on::<MediaItem>(ctx, to, &input).await,
    }
}

async fn decide_on<E: Stored>(ctx: &Ctx, to: AutomationStatus, input: &Input) -> Result<Reply> {
    loop {
        let entity = ctx.subjects::<E>().get(input.entity_id).await?.or_not_found(E::TYPE.as_str())?;
        match step(ctx, to, input, entity).await {
            // Somebody changed the entity between reading and writing: decide again on what stands there now.
            Err(Refused::Write(..)) => {}
            Err(refused) => return Err(refused.into()),
            Ok(reply) => return Ok(reply),
        }
    }
}

async fn step<E: Stored>(
    ctx: &Ctx,
    to: AutomationStatus,
    input: &Input,
    before: E,
) -> Result<Reply, Refused> {
    let mut entity = before.clone();
    match entity.subject_mut().review.decide(to, ctx.actor(), input.notes.clone(), ctx.now) {
        Verdict::Repeated => repeat(ctx, before).await,
        Verdict::AlreadyDecided(first) => Err(Refused::Error(already(&first))),
        Verdict::RegenerateNotAllowed => Err(Refused::Error(Error::invalid(
            "entity_id",
            "was created without allow_regenerate: it can be approved or denied",
        ))),
        Verdict::Decided => {
            aim(ctx, input, entity.subject_mut()).await.map_err(Refused::Error)?;
            store(ctx, &before, entity).await
        }
    }
}

/// Which execution the decision is for: the request's word goes before what is stored on the entity.
async fn aim(ctx: &Ctx, input: &Input, subject: &mut Subject) -> Result<()> {
    if let Some(id) = input.installation_id {
        ctx.installed().get(id).await?;
    }
    subject.aim(input.installation_id, input.execution_id.clone());
    if subject.execution_id.is_some() && subject.installation_id.is_some() {
        subject.review.resume = Some(Resume::owed(ctx.now));
    }
    Ok(())
}

/// Stores the decision together with the debt to n8n, then pays it at once if n8n answers.
async fn store<E: Stored>(ctx: &Ctx, before: &E, mut entity: E) -> Result<Reply, Refused> {
    let entities = ctx.subjects::<E>();
    entity.subject_mut().touch(ctx.now);
    let mut writes = entities.replace(before, &entity)?;
    if entity.subject().review.automation_status == AutomationStatus::Regenerate {
        writes.extend(entities.mark_regenerating(&entity)?);
    }
    let stored = ctx.commit(writes, reviewed(&entity)?).await?;
    if stored.replayed || entity.subject().review.resume.is_none() {
        return Ok(stored);
    }
    answer(ctx, entity).await
}

/// The same decision once more: nothing changes, but a resume that is still owed is tried now.
async fn repeat<E: Stored>(ctx: &Ctx, before: E) -> Result<Reply, Refused> {
    let mut entity = before.clone();
    let subject = entity.subject_mut();
    let Some(resume) = subject.review.resume.as_mut().filter(|resume| resume.may_hurry(ctx.now)) else {
        return ctx.commit(Vec::new(), reviewed(&before)?).await;
    };
    resume.hurry(ctx.now);
    subject.v += 1;
    let writes = ctx.subjects::<E>().replace(&before, &entity)?;
    let stored = ctx.commit(writes, reviewed(&entity)?).await?;
    if stored.replayed {
        return Ok(stored);
    }
    answer(ctx, entity).await
}

/// What n8n is given while the reviewer waits: an answer comes within a second. What takes longer is the worker's.
const PATIENCE: Duration = Duration::from_millis(800);

/// Tells n8n now. The decision stands whatever becomes of it: what could not be stored is found again by the sweep.
async fn answer<E: Stored>(ctx: &Ctx, entity: E) -> Result<Reply, Refused> {
    let turn = Turn::urgent(ctx.deadline().min(Deadline::brief(ctx.now.plus(PATIENCE))));
    let paid = work::resume::pay(&ctx.app, ctx.tenant(), entity.clone(), &ctx.cause, turn).await;
    let entity = paid.log_failure("the end of a resume attempt could not be stored").unwrap_or(entity);
    let reply = reviewed(&entity)?;
    ctx.amend(&reply).await;
    Ok(reply)
}

fn already(first: &Decision) -> Error {
    let message = format!("It was {} already. The first decision stands.", first.decision.as_str());
    let mut error = Error::new(ErrorKind::WrongState, "already_decided", message)
        .with("automation_status", first.decision.as_str())
        .with("decided_by", first.by.username.clone())
        .with("decided_at", shared::clock::iso(first.at));
    if let Some(notes) = &first.notes {
        error = error.with("notes", notes.clone());
    }
    error
}

fn reviewed<E: Stored>(entity: &E) -> Result<Reply, Refused> {
    let Subject { id, review, .. } = entity.subject();
    let state = review.resume.as_ref().map(|resume| resume.state);
    let decision = review.decision.as_ref().map_or(review.automation_status, |made| made.decision);
    Reply::ok(&Reviewed {
        success: true,
        entity_id: *id,
        entity_type: E::TYPE.as_str(),
        action: decision.as_str(),
        automation_status: review.automation_status.as_str(),
        n8n_resumed: state == Some(ResumeState::Resumed),
        resume_state: state.map(ResumeState::as_str),
    })
    .map_err(Refused::Error)
}

fn read(mut fields: Fields) -> Result<Input> {
    let entity_id = fields.required_id("entity_id");
    if !fields.has("entity_type") {
        fields.refuse("entity_type", "is required");
    }
    let entity_type = fields.one_of("entity_type", &EntityType::ALL, EntityType::parse);
    if entity_type.is_none() && !fields.is_refused("entity_type") {
        fields.refuse("entity_type", "is required");
    }
    let execution_id = fields.foreign_id("execution_id", 200);
    let installation_id = fields.id("installation_id");
    let notes = fields.text("notes", 5000);
    fields.finish()?;
    let (Some(entity_id), Some(entity_type)) = (entity_id, entity_type) else {
        return Err(Error::internal("a refused field passed"));
    };
    Ok(Input { entity_id, entity_type, execution_id, installation_id, notes })
}
