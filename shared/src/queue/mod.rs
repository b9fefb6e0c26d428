//! The queue port: at-least-once messages with a delay, a visibility time and a dead-letter queue.
//!
//! Its one rule: a message is only a hint that a debt is due. The item that owes it is the truth, so a message that is
//! lost, doubled or late costs time and nothing else.

use std::time::Duration;

use async_trait::async_trait;

use crate::{error::Error, tenant::TenantId};

#[cfg(any(feature = "aws", feature = "embedded"))]
mod check;
#[cfg(test)]
pub mod conformance;
#[cfg(feature = "embedded")]
pub mod embedded;
mod kinds;
#[cfg(feature = "aws")]
pub mod sqs;
mod task;

pub use kinds::{KindSpec, QueueName, QueueSpec, TaskKind};
pub use task::Task;

/// SQS's limits (developer guide, "Message quotas"), kept by both engines.
pub mod limits {
    use std::time::Duration;

    pub const BATCH: usize = 10;
    pub const BODY_BYTES: usize = 1024 * 1024;
    pub const DELAY: Duration = Duration::from_secs(900);
    /// Longest time a message stays hidden after a receive.
    pub const VISIBILITY: Duration = Duration::from_secs(12 * 3600);
    /// Deliveries of one message before it goes to the dead-letter queue.
    pub const MAX_RECEIVES: u32 = 5;
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub body: String,
    /// At most 15 minutes; longer waits live in the due index.
    pub delay: Duration,
    /// Fair-queue group: one tenant's backlog does not delay another's messages.
    pub tenant: TenantId,
}

/// A message received and not yet deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub body: String,
    /// Names this delivery; valid until the visibility time is over.
    pub receipt: String,
    /// How often the message was delivered, this time included.
    pub receives: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Over a limit of the service: body size, delay.
    #[error("invalid message: {0}")]
    Invalid(String),
    #[error("queue unavailable: {0}")]
    Unavailable(String),
}

impl From<QueueError> for Error {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Invalid(_) => Self::internal(error),
            QueueError::Unavailable(_) => Self::unavailable(error),
        }
    }
}

/// Sends everywhere; receives on the local host only (in AWS the event source mapping receives).
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Sends all messages, in batches of ten. An error means that some may not have been sent.
    async fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Result<(), QueueError>;

    /// Up to `max` (≤ 10) visible messages, hidden from others for `visibility`. Does not wait.
    async fn receive(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, QueueError>;

    /// The same, except for messages of these tenants, which have their share under way. An engine that is fair to tenants by
    /// itself need not heed them.
    async fn receive_beside(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
        _full: &[TenantId],
    ) -> Result<Vec<Delivery>, QueueError> {
        self.receive(queue, max, visibility).await
    }

    /// Done with it. A receipt that is no longer valid is not an error.
    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError>;

    /// Makes the message visible again after `delay`.
    async fn release(&self, queue: QueueName, receipt: &str, delay: Duration) -> Result<(), QueueError>;

    /// About how many messages wait or are in flight, and how many are in the dead-letter queue.
    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError>;

    /// About how many messages wait or are in flight.
    async fn waiting(&self, queue: QueueName) -> Result<usize, QueueError>;

    /// Moves every message of the dead-letter queue back. Returns how many.
    async fn redrive(&self, queue: QueueName) -> Result<usize, QueueError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    pub waiting: usize,
    pub dead: usize,
}
