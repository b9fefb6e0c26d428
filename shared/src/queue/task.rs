//! What a message says: which item owes work, and of which kind. The item itself is read when the message arrives.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Outgoing, TaskKind, limits};
use crate::{
    clock::Millis,
    store::{Key, StoreError},
    tenant::TenantId,
};

/// Before a message comes again for the first time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

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
    /// How often its work was put off because our own house could not do it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub put_off: u32,
}

fn is_none(times: &u32) -> bool {
    *times == 0
}

impl Task {
    pub fn new(task: TaskKind, key: &Key, request_id: &str) -> Self {
        Self {
            task,
            pk: key.pk().into(),
            sk: key.sk().into(),
            request_id: request_id.into(),
            asked: false,
            put_off: 0,
        }
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

    /// The message that takes this one's place when our own house cannot do its work: after five seconds, doubling to a quarter of an
    /// hour, and no sooner than `after`. None when it was put off for half an hour: the sweep hands the debt over again.
    pub fn again(&self, after: Duration) -> Result<Option<Outgoing>, StoreError> {
        let pause = FIRST_PAUSE * (1 << self.put_off.min(10));
        if pause > 2 * limits::DELAY {
            return Ok(None);
        }
        let task = Self { put_off: self.put_off + 1, ..self.clone() };
        task.after(pause.max(after)).map(Some)
    }

    /// The message, to arrive at `due` or as close to it as a queue's delay allows.
    pub fn at(&self, due: Millis, now: Millis) -> Result<Outgoing, StoreError> {
        self.after(due.since(now))
    }

    fn after(&self, pause: Duration) -> Result<Outgoing, StoreError> {
        Ok(Outgoing {
            body: serde_json::to_string(self).map_err(|e| StoreError::Invalid(e.to_string()))?,
            delay: pause.min(limits::DELAY),
            tenant: self.tenant()?,
        })
    }
}
