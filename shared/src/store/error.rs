//! What the store refuses, and in whose words.

use super::{Item, Label};
use crate::error::{Error, ErrorKind};

/// A write whose condition did not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// [`Write::label`](super::Write::label).
    pub label: Label,
    /// The item as it stands, where there is one.
    pub current: Option<Item>,
}

/// Why the store refused. The names in the comments are DynamoDB's own.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `ConditionalCheckFailedException` of a single write.
    #[error("condition of {} failed", .0.label)]
    ConditionFailed(Refusal),
    /// `TransactionCanceledException` by conditions: the writes that refused, in the order in which they were given.
    #[error("transaction canceled by the condition(s) of {}", labels(.0))]
    Canceled(Vec<Refusal>),
    /// `TransactionConflictException` that outlived the engine's own retries.
    #[error("transaction conflict")]
    Conflict,
    /// `ValidationException`: size limits.
    #[error("too large: {0}")]
    TooLarge(String),
    /// `ValidationException`: everything else (empty keys, two writes on one item, ...).
    #[error("invalid: {0}")]
    Invalid(String),
    /// `ProvisionedThroughputExceededException`, `ThrottlingException`.
    #[error("throttled")]
    Throttled,
    /// Not reachable, timed out, or an internal fault of the engine. The write may or may not have happened.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A stored item that the code cannot read.
    #[error("corrupt item: {0}")]
    Corrupt(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled | StoreError::Unavailable(_) | StoreError::Conflict => {
                Self::unavailable(error)
            }
            // A condition that the caller of the store did not expect: somebody else was quicker.
            StoreError::ConditionFailed(_) | StoreError::Canceled(_) => Self::new(
                ErrorKind::Conflict,
                "changed_meanwhile",
                "It was changed by somebody else at the same moment. Read it again and repeat.",
            )
            .caused_by(error),
            StoreError::TooLarge(_) => {
                Self::new(ErrorKind::TooLarge, "too_large", "The record is larger than can be stored.")
                    .caused_by(error)
            }
            StoreError::Corrupt(_) => Self::unreadable(error),
            StoreError::Invalid(_) => Self::internal(error),
        }
    }
}

impl StoreError {
    /// The writes whose conditions did not hold; none where something else is wrong.
    pub fn refusals(&self) -> &[Refusal] {
        match self {
            Self::ConditionFailed(refusal) => std::slice::from_ref(refusal),
            Self::Canceled(all) => all,
            _ => &[],
        }
    }

    /// Whether a condition did not hold: somebody else was quicker, and nothing was written.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::ConditionFailed(_) | Self::Canceled(_))
    }

    /// Whether a write of this name refused, and the item that stood in its way.
    pub fn refused_by(&self, label: &str) -> Option<Option<&Item>> {
        self.refusals().iter().find(|refusal| refusal.label == label).map(|refusal| refusal.current.as_ref())
    }
}

fn labels(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| refusal.label).collect::<Vec<_>>().join(", ")
}
