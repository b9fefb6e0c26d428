//! What callers see of the common part of leads, media items and payloads.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock,
    domain::{
        n8n_workflow,
        review::{HistoryEntry, Resume},
        subject::{ExecutionState, Subject},
    },
    ids::{GroupId, Id, InstallationId, Nid, UserId},
    tenant::TenantId,
};

/// The common part of an entity, shown among its own fields.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubjectOut {
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(value_type = u64)]
    group_id: GroupId,
    #[schema(value_type = Option<u64>, example = 45)]
    installation_id: Option<InstallationId>,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the installation is known.
    #[schema(value_type = Option<u64>)]
    nid: Option<Nid>,
    #[schema(example = "exec-789")]
    execution_id: Option<String>,
    /// How the execution stands, as far as pushes, polls and decisions have told: `ended` or `failed` without a decision,
    /// `gone` (n8n does not know it any more), `passed` (it went on without waiting for this). Absent while nothing has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "failed")]
    execution_state: Option<&'static str>,
    human_interaction: bool,
    allow_regenerate: bool,
    /// `pending`, `approved`, `denied` or `regenerate`.
    #[schema(example = "pending", extensions(("x-words" = json!(crate::domain::review::AutomationStatus::ALL))))]
    automation_status: &'static str,
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
    user_id: UserId,
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

impl SubjectOut {
    pub fn new(tenant: TenantId, subject: Subject) -> Self {
        let nid = subject.installation_id.zip(subject.workflow_id.as_deref());
        let nid = nid.map(|(installation, workflow)| n8n_workflow::nid(tenant, installation, workflow));
        let review = subject.review;
        Self {
            id: subject.id,
            group_id: subject.group_id,
            installation_id: subject.installation_id,
            workflow_id: subject.workflow_id,
            nid,
            execution_id: subject.execution_id,
            execution_state: subject.execution_state.map(ExecutionState::as_str),
            human_interaction: review.human_interaction,
            allow_regenerate: review.allow_regenerate,
            automation_status: review.automation_status.as_str(),
            decision: review.decision.map(|decision| DecisionOut {
                decision: decision.decision.as_str(),
                notes: decision.notes,
                by: decision.by.username,
                user_id: decision.by.user_id,
                at: clock::iso(decision.at),
            }),
            resume: review.resume.map(ResumeOut::from),
            history: review.history.into_iter().map(HistoryOut::from).collect(),
            created: subject.created_at.seconds(),
            changed: subject.changed_at.seconds(),
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
