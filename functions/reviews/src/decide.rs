use serde::Serialize;
use shared::{
    domain::review::{AutomationStatus, EntityType, ResumeState},
    error::{Error, Result},
    http::{
        ctx::Ctx,
        input::{Foreign, InBody, Text, Word},
        reply::Reply,
    },
    ids::{Id, InstallationId, InvoiceId, LeadId, MediaId, PayloadId},
    ops::reviews::{self, Decide, Decided},
};
use utoipa::ToSchema;

shared::input! {
    /// What to decide on.
    pub struct ReviewRequest {
        /// The entity, as a number or as text.
        #[example(42)]
        entity_id: Id,
        /// `lead`, `media_item`, `custom_payload` or `invoice`.
        #[example("custom_payload")]
        entity_type: Word<EntityType>,
        /// n8n execution to resume, when it is not the one stored on the entity.
        #[example("exec-789")]
        execution_id: Option<Foreign<200>>,
        /// Its n8n instance, when it is not the one stored on the entity.
        #[example(45)]
        installation_id: Option<InstallationId>,
        /// Kept with the decision and passed on to n8n.
        #[example("Looks good, approved for production.")]
        notes: Option<Text<5000>>,
    }
    then(fields) {
        /// Whether the id is none of another kind (`pay_…` where a lead is meant): such a one names nothing.
        of_its_kind: bool = match entity_type? {
            EntityType::Lead => fields.peek::<LeadId>("entity_id").is_some(),
            EntityType::MediaItem => fields.peek::<MediaId>("entity_id").is_some(),
            EntityType::CustomPayload => fields.peek::<PayloadId>("entity_id").is_some(),
            EntityType::Invoice => fields.peek::<InvoiceId>("entity_id").is_some(),
        },
    }
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
#[utoipa::path(post, path = "/automation/approve", operation_id = "approve",
    request_body = ReviewRequest, responses((status = 200, description = "Decided.", body = Reviewed)))]
pub async fn approve(ctx: Ctx, InBody(sent): InBody<ReviewRequest>) -> Result<Reply> {
    decide(&ctx, AutomationStatus::Approved, sent).await
}

/// Denies an entity and resumes its n8n execution. See *approve*.
#[utoipa::path(post, path = "/automation/deny", operation_id = "deny",
    request_body = ReviewRequest, responses((status = 200, description = "Decided.", body = Reviewed)))]
pub async fn deny(ctx: Ctx, InBody(sent): InBody<ReviewRequest>) -> Result<Reply> {
    decide(&ctx, AutomationStatus::Denied, sent).await
}

/// Sends an entity back to its workflow for another attempt and resumes the n8n execution. See *approve*.
///
/// Only for entities created with `allow_regenerate`. When the workflow posts again, the entity is pending once more.
#[utoipa::path(post, path = "/automation/regenerate", operation_id = "regenerate",
    request_body = ReviewRequest, responses((status = 200, description = "Decided.", body = Reviewed)))]
pub async fn regenerate(ctx: Ctx, InBody(sent): InBody<ReviewRequest>) -> Result<Reply> {
    decide(&ctx, AutomationStatus::Regenerate, sent).await
}

async fn decide(ctx: &Ctx, to: AutomationStatus, sent: ReviewRequest) -> Result<Reply> {
    let ReviewRequest { entity_id, entity_type, execution_id, installation_id, notes, of_its_kind } = sent;
    if !of_its_kind {
        return Err(Error::not_found(entity_type.as_str()));
    }
    let wanted = Decide { entity_id, entity_type, to, execution_id, installation_id, notes };
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
