//! What callers see of a payload.

use serde::Serialize;
use serde_json::Value;
use shared::{
    clock,
    domain::{
        payload::{Body, Payload},
        review::{HistoryEntry, Resume},
    },
    ids::Id,
};
use utoipa::ToSchema;

/// One payload.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayloadOut {
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Monthly SEO Report")]
    title: String,
    #[schema(example = "seo-report")]
    task_type: String,
    /// The content as it was sent. In lists it is null when it is larger than 64 KB; the single record has it whole.
    #[schema(value_type = Object)]
    payload: Value,
    /// Size of the content in bytes, when it is kept apart because it is larger than 64 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_bytes: Option<u64>,
    #[schema(value_type = Option<u64>, example = 45)]
    installation_id: Option<Id>,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the installation is known.
    #[schema(value_type = Option<u64>)]
    nid: Option<Id>,
    #[schema(example = "exec-789")]
    execution_id: Option<String>,
    #[schema(value_type = u64)]
    group_id: Id,
    human_interaction: bool,
    allow_regenerate: bool,
    /// `pending`, `approved`, `denied` or `regenerate`.
    #[schema(example = "pending")]
    automation_status: &'static str,
    /// Free status that the workflow sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// The decision that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionOut>,
    /// How far n8n has been told of the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<ResumeOut>,
    /// Who changed the review when, from which state; oldest first.
    history: Vec<HistoryOut>,
    /// Unix seconds.
    #[schema(example = 1_710_000_000)]
    created: i64,
    #[schema(example = 1_710_100_000)]
    changed: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct DecisionOut {
    #[schema(example = "approved")]
    decision: &'static str,
    notes: Option<String>,
    by: String,
    #[schema(value_type = u64)]
    user_id: Id,
    at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ResumeOut {
    /// `pending`, `resumed`, `finished`, `gone`, `superseded` or `failed`.
    #[schema(example = "resumed")]
    state: &'static str,
    attempts: u32,
    next_attempt_at: Option<String>,
    resumed_at: Option<String>,
    last_error: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct HistoryOut {
    at: String,
    by: String,
    from: &'static str,
    to: &'static str,
    notes: Option<String>,
}

impl PayloadOut {
    /// `content` is null in lists when it lies apart.
    pub fn new(payload: Payload, nid: Option<Id>, content: Value) -> Self {
        let review = payload.review;
        let payload_bytes = match payload.body {
            Body::Inline(_) => None,
            Body::Blob { bytes, .. } => Some(bytes),
        };
        Self {
            id: payload.id,
            title: payload.title,
            task_type: payload.task_type,
            payload: content,
            payload_bytes,
            installation_id: payload.installation_id,
            workflow_id: payload.workflow_id,
            nid,
            execution_id: payload.execution_id,
            group_id: payload.group_id,
            human_interaction: review.human_interaction,
            allow_regenerate: review.allow_regenerate,
            automation_status: review.automation_status.as_str(),
            status: payload.status,
            decision: review.decision.map(|decision| DecisionOut {
                decision: decision.decision.as_str(),
                notes: decision.notes,
                by: decision.by.username,
                user_id: decision.by.user_id,
                at: clock::iso(decision.at),
            }),
            resume: review.resume.map(ResumeOut::from),
            history: review.history.into_iter().map(HistoryOut::from).collect(),
            created: payload.created_at.seconds(),
            changed: payload.changed_at.seconds(),
        }
    }
}

impl From<Resume> for ResumeOut {
    fn from(resume: Resume) -> Self {
        Self {
            state: resume.state.as_str(),
            attempts: resume.attempts,
            next_attempt_at: resume.next_attempt_at.map(clock::iso),
            resumed_at: resume.resumed_at.map(clock::iso),
            last_error: resume.last_error,
        }
    }
}

impl From<HistoryEntry> for HistoryOut {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            at: clock::iso(entry.at),
            by: entry.by.username,
            from: entry.from.as_str(),
            to: entry.to.as_str(),
            notes: entry.notes,
        }
    }
}
