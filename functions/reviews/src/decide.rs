use serde::Serialize;
use shared::{
    domain::review::{AutomationStatus, EntityType, ResumeState},
    error::{Error, Result},
    http::{ctx::Ctx, fields::Fields, reply::Reply},
    ids::Id,
    ops::reviews::{self, Decide, Decided},
};
use utoipa::ToSchema;

/// What to decide on.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `read` reads leniently")]
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
    let wanted = read(fields, to)?;
    ctx.answer(reviewed, async |act| reviews::decide(act, wanted).await).await
}

fn reviewed(Decided { entity_type, subject }: &Decided) -> Result<Reply> {
    let review = &subject.review;
    let state = review.resume.as_ref().map(|resume| resume.state);
    let decision = review.decision.as_ref().map_or(review.automation_status, |made| made.decision);
    Reply::ok(&Reviewed {
        success: true,
        entity_id: subject.id,
        entity_type: entity_type.as_str(),
        action: decision.as_str(),
        automation_status: review.automation_status.as_str(),
        n8n_resumed: state == Some(ResumeState::Resumed),
        resume_state: state.map(ResumeState::as_str),
    })
}

fn read(mut fields: Fields, to: AutomationStatus) -> Result<Decide> {
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
    Ok(Decide { entity_id, entity_type, to, execution_id, installation_id, notes })
}
