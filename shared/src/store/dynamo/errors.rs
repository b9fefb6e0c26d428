//! The service's refusals in the port's words, and which of them are worth another attempt.

use aws_sdk_dynamodb::Error;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::operation::{
    delete_item::DeleteItemError, put_item::PutItemError, transact_write_items::TransactWriteItemsError,
    update_item::UpdateItemError,
};
use aws_sdk_dynamodb::types::CancellationReason;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

use super::items;
use crate::store::{Label, Refusal, StoreError, UNLABELLED};

/// What a failed call means to the caller of the port, where it writes nothing or one item.
pub(super) fn refusal(error: impl Into<Error>) -> StoreError {
    refusal_of(error, &[])
}

/// Gives the refusal of a single write the name of that write.
pub(super) fn labelled(error: StoreError, label: Label) -> StoreError {
    match error {
        StoreError::ConditionFailed(refusal) => StoreError::ConditionFailed(Refusal { label, ..refusal }),
        other => other,
    }
}

/// What a failed transaction of writes with these names means to the caller of the port.
pub(super) fn refusal_of(error: impl Into<Error>, labels: &[Label]) -> StoreError {
    match error.into() {
        Error::ConditionalCheckFailedException(refused) => match refused.item.map(items::item).transpose() {
            Ok(current) => StoreError::ConditionFailed(Refusal { label: UNLABELLED, current }),
            Err(corrupt) => corrupt,
        },
        Error::TransactionCanceledException(canceled) => {
            canceled_by(canceled.cancellation_reasons.unwrap_or_default(), labels)
        }
        Error::TransactionConflictException(_) | Error::TransactionInProgressException(_) => {
            StoreError::Conflict
        }
        Error::ProvisionedThroughputExceededException(_)
        | Error::RequestLimitExceeded(_)
        | Error::ThrottlingException(_) => StoreError::Throttled,
        other => match (other.code(), other.message()) {
            (Some("ValidationException"), message) => validation(message.unwrap_or_default()),
            _ => StoreError::Unavailable(DisplayErrorContext(&other).to_string()),
        },
    }
}

/// A condition that failed decides, also beside a conflict: another attempt would meet it again.
fn canceled_by(reasons: Vec<CancellationReason>, labels: &[Label]) -> StoreError {
    match Verdict::of(&reasons) {
        Verdict::Refused => match refused(reasons, labels) {
            Ok(refused) => StoreError::Canceled(refused),
            Err(corrupt) => corrupt,
        },
        Verdict::Conflict => StoreError::Conflict,
        Verdict::Throttled => StoreError::Throttled,
        Verdict::Other => {
            let invalid = reasons.into_iter().find(|reason| reason.code() == Some("ValidationError"));
            match invalid {
                Some(reason) => validation(reason.message().unwrap_or_default()),
                None => {
                    StoreError::Unavailable("the transaction was canceled for no reason known here".into())
                }
            }
        }
    }
}

/// DynamoDB gives one reason for each write, in their order.
fn refused(reasons: Vec<CancellationReason>, labels: &[Label]) -> Result<Vec<Refusal>, StoreError> {
    let refused = reasons.into_iter().enumerate().filter(|(_, reason)| reason.code() == Some(CONDITION));
    // DynamoDB leaves the item out where there is none; a stand-in may send an empty one.
    let current =
        |reason: CancellationReason| reason.item.filter(|raw| !raw.is_empty()).map(items::item).transpose();
    let label = |at: usize| labels.get(at).copied().unwrap_or(UNLABELLED);
    refused.map(|(at, reason)| Ok(Refusal { label: label(at), current: current(reason)? })).collect()
}

/// The API reference names the reason; the texts are those of the developer guide.
fn validation(message: &str) -> StoreError {
    let about_size = ["Item size", "item size", "maximum allowed size", "aggregate size"];
    if about_size.iter().any(|words| message.contains(words)) {
        StoreError::TooLarge(message.to_owned())
    } else {
        StoreError::Invalid(message.to_owned())
    }
}

const CONDITION: &str = "ConditionalCheckFailed";

/// What the reasons of a canceled transaction come to.
#[derive(Debug, PartialEq)]
enum Verdict {
    Refused,
    Conflict,
    Throttled,
    Other,
}

impl Verdict {
    fn of(reasons: &[CancellationReason]) -> Self {
        let any = |codes: &[&str]| {
            reasons.iter().any(|reason| reason.code().is_some_and(|code| codes.contains(&code)))
        };
        if any(&[CONDITION]) {
            Self::Refused
        } else if any(&["ValidationError", "ItemCollectionSizeLimitExceeded"]) {
            Self::Other
        } else if any(&["TransactionConflict"]) {
            Self::Conflict
        } else if any(&["ProvisionedThroughputExceeded", "ThrottlingError"]) {
            Self::Throttled
        } else {
            Self::Other
        }
    }
}

/// Tells the SDK's retry strategy (backoff with full jitter, bounded, the same client token) that a conflict passes:
/// by itself it retries neither conflicts nor canceled transactions.
#[derive(Debug)]
pub(super) struct ConflictsPass;

impl ClassifyRetry for ConflictsPass {
    fn name(&self) -> &'static str {
        "DynamoDB transaction conflicts"
    }

    fn classify_retry(&self, attempt: &InterceptorContext) -> RetryAction {
        let failure =
            attempt.output_or_error().and_then(Result::err).and_then(OrchestratorError::as_operation_error);
        match failure {
            Some(error) if passes(error) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }
}

fn passes(error: &aws_smithy_runtime_api::client::interceptors::context::Error) -> bool {
    if let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.downcast_ref() {
        return matches!(
            Verdict::of(canceled.cancellation_reasons()),
            Verdict::Conflict | Verdict::Throttled
        );
    }
    error.downcast_ref().is_some_and(PutItemError::is_transaction_conflict_exception)
        || error.downcast_ref().is_some_and(UpdateItemError::is_transaction_conflict_exception)
        || error.downcast_ref().is_some_and(DeleteItemError::is_transaction_conflict_exception)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;

    fn canceled(codes: &[&str]) -> TransactionCanceledException {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build()
    }

    fn meaning(codes: &[&str]) -> StoreError {
        refusal_of(TransactWriteItemsError::TransactionCanceledException(canceled(codes)), &["a", "b", "c"])
    }

    #[test]
    fn a_failed_condition_outweighs_a_conflict() {
        let meaning = meaning(&["None", "TransactionConflict", "ConditionalCheckFailed"]);
        let expected = [Refusal { label: "c", current: None }];
        assert!(matches!(&meaning, StoreError::Canceled(refused) if *refused == expected), "{meaning:?}");
    }

    #[test]
    fn each_reason_has_its_error() {
        assert!(matches!(meaning(&["None", "TransactionConflict"]), StoreError::Conflict));
        assert!(matches!(meaning(&["ThrottlingError"]), StoreError::Throttled));
        assert!(matches!(meaning(&["ProvisionedThroughputExceeded", "None"]), StoreError::Throttled));
        assert!(matches!(meaning(&["ValidationError", "TransactionConflict"]), StoreError::Invalid(_)));
        assert!(matches!(meaning(&[]), StoreError::Unavailable(_)));
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        let verdict = |codes: &[&str]| {
            let error = TransactWriteItemsError::TransactionCanceledException(canceled(codes));
            passes(&aws_smithy_runtime_api::client::interceptors::context::Error::erase(error))
        };
        assert!(verdict(&["None", "TransactionConflict"]));
        assert!(verdict(&["ThrottlingError"]));
        assert!(!verdict(&["TransactionConflict", "ConditionalCheckFailed"]));
        assert!(!verdict(&["TransactionConflict", "ValidationError"]));
    }

    #[test]
    fn a_size_in_the_message_is_too_large() {
        let size = "Item size to update has exceeded the maximum allowed size";
        assert!(matches!(validation(size), StoreError::TooLarge(_)));
        assert!(matches!(
            validation("Transaction request cannot include multiple operations"),
            StoreError::Invalid(_)
        ));
    }
}
