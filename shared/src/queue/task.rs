//! What a message says: which item owes work, and of which kind. The item itself is read when the message arrives.

use serde::{Deserialize, Serialize};

use super::{Outgoing, TaskKind};
use crate::{
    clock::Millis,
    store::{Key, StoreError},
    tenant::TenantId,
};

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
