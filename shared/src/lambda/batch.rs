//! A batch of messages, and which of them must come again.
//!
//! Its one rule: a message is answered for itself. One that fails, panics or takes too long costs itself and not the
//! nine beside it.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::{FutureExt, future::join_all};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use crate::{
    queue::{Queue, QueueName, limits},
    work::Outcome,
};

/// A message that cannot be done comes back after this, until the queue sets it aside among its dead letters: soon,
/// because waiting does not mend it and an operator should hear of it.
const HOPELESS: Duration = Duration::from_secs(1);

/// What the event source hands over.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One message of it, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub message_id: String,
    pub receipt_handle: String,
    pub body: String,
    #[serde(default)]
    pub attributes: Attributes,
}

/// What the queue knows of a message.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Attributes {
    /// How often it was delivered, this time included: a number, as text.
    #[serde(rename = "ApproximateReceiveCount", default)]
    pub receives: String,
}

impl Record {
    /// Whether the queue sets the message aside when it comes back now.
    fn is_last(&self) -> bool {
        self.attributes.receives.parse().is_ok_and(|receives: u32| receives >= limits::MAX_RECEIVES)
    }
}

/// What the event source is told: the messages that are not to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub item_identifier: String,
}

/// Works on all messages at once, for at most `time`. What is unfinished then comes again. `give_up` is told of a message
/// that cannot be done and was delivered for the last time, and why.
pub async fn run<H, G>(
    queue: &dyn Queue,
    name: QueueName,
    event: &Event,
    time: Duration,
    handle: H,
    give_up: G,
) -> Answer
where
    H: AsyncFn(&str) -> Outcome,
    G: AsyncFn(&str, &str),
{
    let answers = event.records.iter().map(|record| {
        let span = tracing::info_span!("message", id = record.message_id);
        one(queue, name, record, time, &handle, &give_up).instrument(span)
    });
    Answer { batch_item_failures: join_all(answers).await.into_iter().flatten().collect() }
}

async fn one<H, G>(
    queue: &dyn Queue,
    name: QueueName,
    record: &Record,
    time: Duration,
    handle: &H,
    give_up: &G,
) -> Option<Failure>
where
    H: AsyncFn(&str) -> Outcome,
    G: AsyncFn(&str, &str),
{
    let work = AssertUnwindSafe(handle(&record.body)).catch_unwind();
    let outcome = match tokio::time::timeout(time, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Outcome::Fail("it panicked".into()),
        Err(_) => {
            tracing::warn!("a message was not done in time");
            Outcome::Retry(HOPELESS)
        }
    };
    let after = match outcome {
        Outcome::Done => return None,
        Outcome::Retry(after) => after,
        Outcome::Fail(why) => {
            tracing::error!(why, "a message cannot be done");
            if record.is_last() {
                give_up(&record.body, &why).await;
            }
            HOPELESS
        }
    };
    // Without this it would come back too, only later: when its visibility time is over.
    if let Err(error) = queue.release(name, &record.receipt_handle, after).await {
        tracing::warn!(%error, "a message's return could not be timed");
    }
    Some(Failure { item_identifier: record.message_id.clone() })
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use async_trait::async_trait;
    use serde_json::json;

    use super::*;
    use crate::queue::{Delivery, Depth, Outgoing, QueueError};

    /// Remembers what was released, and fails to when told to.
    #[derive(Default)]
    struct Releases {
        seen: Mutex<Vec<(String, Duration)>>,
        broken: bool,
    }

    #[async_trait]
    impl Queue for Releases {
        async fn send(&self, _: QueueName, _: Vec<Outgoing>) -> Result<(), QueueError> {
            unreachable!("a batch sends nothing")
        }
        async fn receive(&self, _: QueueName, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
            unreachable!("Lambda receives")
        }
        async fn delete(&self, _: QueueName, _: &str) -> Result<(), QueueError> {
            unreachable!("Lambda deletes")
        }
        async fn release(&self, queue: QueueName, receipt: &str, delay: Duration) -> Result<(), QueueError> {
            assert_eq!(queue, QueueName::ResumeN8n);
            if self.broken {
                return Err(QueueError::Unavailable("down".into()));
            }
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push((receipt.to_owned(), delay));
            Ok(())
        }
        async fn depth(&self, _: QueueName) -> Result<Depth, QueueError> {
            unreachable!("a batch does not count")
        }
        async fn redrive(&self, _: QueueName) -> Result<usize, QueueError> {
            unreachable!("operators redrive")
        }
    }

    fn event(bodies: &[&str]) -> Event {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(n, body)| json!({ "messageId": format!("m{n}"), "receiptHandle": format!("r{n}"), "body": body, "attributes": {} }))
            .collect();
        crate::json::from_str(&json!({ "Records": records }).to_string()).unwrap()
    }

    async fn answer(queue: &Releases, bodies: &[&str]) -> Vec<String> {
        let handle = async |body: &str| match body {
            "retry" => Outcome::Retry(Duration::from_secs(7)),
            "fail" => Outcome::Fail("no".into()),
            "panic" => panic!("poisoned"),
            "hang" => std::future::pending().await,
            _ => Outcome::Done,
        };
        let (name, time) = (QueueName::ResumeN8n, Duration::from_secs(20));
        let answer = run(queue, name, &event(bodies), time, handle, async |_, _| {}).await;
        answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn one_poisoned_message_does_not_fail_the_other_nine() {
        let queue = Releases::default();
        let bodies = ["ok", "ok", "ok", "panic", "ok", "ok", "ok", "ok", "ok", "ok"];
        assert_eq!(answer(&queue, &bodies).await, ["m3"]);
        assert_eq!(*queue.seen.lock().unwrap(), [("r3".to_owned(), HOPELESS)]);
    }

    #[tokio::test]
    async fn a_retry_comes_back_when_it_asked_to() {
        let queue = Releases::default();
        assert_eq!(answer(&queue, &["retry", "ok", "fail"]).await, ["m0", "m2"]);
        let seen = queue.seen.lock().unwrap();
        assert_eq!(*seen, [("r0".to_owned(), Duration::from_secs(7)), ("r2".to_owned(), HOPELESS)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_done_in_time_comes_again_and_the_rest_stays_done() {
        assert_eq!(answer(&Releases::default(), &["ok", "hang", "ok"]).await, ["m1"]);
    }

    #[tokio::test]
    async fn a_message_that_cannot_be_released_still_comes_again() {
        let queue = Releases { broken: true, ..Releases::default() };
        assert_eq!(answer(&queue, &["retry"]).await, ["m0"]);
    }

    #[tokio::test]
    async fn a_message_is_given_up_with_its_last_delivery() {
        let given_up = Mutex::new(Vec::new());
        let give_up = async |body: &str, why: &str| given_up.lock().unwrap().push(format!("{body}: {why}"));
        let handle = async |_: &str| Outcome::Fail("no".into());
        for receives in ["1", "4", "5", ""] {
            let mut event = event(&[receives]);
            event.records[0].attributes.receives = receives.into();
            let (queue, time) = (Releases::default(), Duration::from_secs(1));
            run(&queue, QueueName::ResumeN8n, &event, time, handle, give_up).await;
        }
        assert_eq!(*given_up.lock().unwrap(), ["5: no"]);
    }

    #[tokio::test]
    async fn the_answer_is_spelled_as_the_event_source_reads_it() {
        let handle = async |_: &str| Outcome::Fail("no".into());
        let (queue, time) = (Releases::default(), Duration::from_secs(1));
        let answer = run(&queue, QueueName::ResumeN8n, &event(&["x"]), time, handle, async |_, _| {}).await;
        assert_eq!(
            serde_json::to_value(&answer).unwrap(),
            json!({ "batchItemFailures": [{ "itemIdentifier": "m0" }] })
        );
        assert_eq!(serde_json::to_value(Answer::default()).unwrap(), json!({ "batchItemFailures": [] }));
    }
}
