//! What a message says: which item owes work, and of which kind. The item itself is read when the message arrives.

use serde::{Deserialize, Serialize};

use super::{Outgoing, QueueName};
use crate::{
    clock::Millis,
    store::{Key, StoreError},
    tenant::TenantId,
};

/// The kinds of owed work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Tell n8n of a decision.
    ResumeN8n,
    /// Ask n8n how a run is doing.
    PollExecution,
    /// Ask n8n which workflows an installation has.
    ListWorkflows,
    /// Look at a workflow of which nothing was heard for as long as an alert allows.
    WatchWorkflow,
    /// Go on with a chore.
    Chore,
}

impl TaskKind {
    pub const ALL: [Self; 5] =
        [Self::ResumeN8n, Self::PollExecution, Self::ListWorkflows, Self::WatchWorkflow, Self::Chore];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResumeN8n => "resume_n8n",
            Self::PollExecution => "poll_execution",
            Self::ListWorkflows => "list_workflows",
            Self::WatchWorkflow => "watch_workflow",
            Self::Chore => "chore",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The queue whose worker does it.
    pub fn queue(self) -> QueueName {
        match self {
            Self::ResumeN8n => QueueName::ResumeN8n,
            Self::PollExecution | Self::ListWorkflows | Self::WatchWorkflow => QueueName::PollExecutions,
            Self::Chore => QueueName::Background,
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub task: TaskKind,
    pub pk: String,
    pub sk: String,
    /// Request that caused the work, or the tick that found it: one id from request to effect.
    pub request_id: String,
    /// Somebody wants to know now: it is looked before it is due.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
}

impl Task {
    pub fn new(task: TaskKind, key: &Key, request_id: &str) -> Self {
        Self { task, pk: key.pk().into(), sk: key.sk().into(), request_id: request_id.into(), asked: false }
    }

    /// The same, for somebody who wants to know before it is due.
    pub fn asked(self) -> Self {
        Self { asked: true, ..self }
    }

    pub fn key(&self) -> Key {
        Key::from_parts(&self.pk, &self.sk)
    }

    /// The tenant that owns the item. A message without one was not written by this code.
    pub fn tenant(&self) -> Result<TenantId, StoreError> {
        self.key()
            .tenant()
            .ok_or_else(|| StoreError::Corrupt(format!("a task for {} has no tenant", self.key())))
    }

    /// The message, to arrive at `due` or as close to it as a queue's delay allows.
    pub fn at(&self, due: Millis, now: Millis) -> Result<Outgoing, StoreError> {
        Ok(Outgoing {
            body: serde_json::to_string(self).map_err(|e| StoreError::Invalid(e.to_string()))?,
            delay: due.since(now).min(super::limits::DELAY),
            tenant: self.tenant()?,
        })
    }
}
