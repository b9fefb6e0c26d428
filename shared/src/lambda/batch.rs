//! A batch of messages, and which of them must come again.
//!
//! Its one rule: a message is answered for itself, and one that fails, panics or takes too long costs itself and not the nine
//! beside it. A batch is not one tenant's: what is over its share does not hold the others.

mod order;

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::join_all};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, time::timeout};
use tracing::Instrument;

use crate::{
    queue::{Queue, QueueName, Task, limits},
    tenant::TenantId,
    work::{self, Handled},
};

/// A message that cannot be done comes back after this, until the queue sets it aside among its dead letters: soon,
/// because waiting does not mend it and an operator should hear of it.
const HOPELESS: Duration = Duration::from_secs(1);
/// Messages of one tenant that a batch has under way at once.
const SHARE: usize = 4;
/// One that is over the share waits so long for those before it, and then goes back for so long.
const PATIENCE: Duration = Duration::from_secs(2);
const BACK: Duration = Duration::from_secs(5);
/// With less time left than this, a message that must be worked on alone is left to the next batch.
const ALONE: Duration = Duration::from_secs(10);

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
    /// How often it was delivered; once where the event does not tell.
    fn receives(&self) -> u32 {
        self.attributes.receives.parse().unwrap_or(1)
    }

    fn tenant(&self) -> Option<TenantId> {
        crate::json::from_str::<Task>(&self.body).ok()?.tenant().ok()
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

/// Works on all messages while there is time, which `left` tells; what is unfinished then comes again. First on the new ones
/// side by side, then on those that the process may have died of, one after the other: `handle` is told whether a message is
/// alone. `give_up` is told of a message that cannot be done and was delivered for the last time, and why.
pub async fn run<L, H, G>(
    queue: &dyn Queue,
    name: QueueName,
    event: &Event,
    left: L,
    handle: H,
    give_up: G,
) -> Answer
where
    L: Fn() -> Duration,
    H: AsyncFn(&str, bool) -> Handled,
    G: AsyncFn(&str, &str),
{
    let batch = Batch { queue, name, left, handle, give_up };
    let (suspects, new): (Vec<_>, Vec<_>) =
        event.records.iter().partition(|record| work::is_suspect(record.receives()));
    let mut shares: HashMap<Option<TenantId>, Arc<Semaphore>> = HashMap::new();
    let beside = new.iter().map(|record| {
        let share = shares.entry(record.tenant()).or_insert_with(|| Arc::new(Semaphore::new(SHARE))).clone();
        batch.beside_others(record, share).instrument(span(record))
    });
    let ended = join_all(beside.collect::<Vec<_>>()).await;
    let mut alone = suspects;
    let mut failures = Vec::new();
    for (record, end) in new.into_iter().zip(ended) {
        match end {
            End::Answered(failure) => failures.extend(failure),
            End::Alone => alone.push(record),
        }
    }
    for record in order::fewest_first(alone) {
        failures.extend(batch.alone(record).instrument(span(record)).await);
    }
    Answer { batch_item_failures: failures }
}

fn span(record: &Record) -> tracing::Span {
    tracing::info_span!("message", id = record.message_id)
}

struct Batch<'a, L, H, G> {
    queue: &'a dyn Queue,
    name: QueueName,
    left: L,
    handle: H,
    give_up: G,
}

/// How a message ended among others.
enum End {
    /// With what the event source is to be told.
    Answered(Option<Failure>),
    /// It must be worked on alone.
    Alone,
}

impl<L, H, G> Batch<'_, L, H, G>
where
    L: Fn() -> Duration,
    H: AsyncFn(&str, bool) -> Handled,
    G: AsyncFn(&str, &str),
{
    async fn beside_others(&self, record: &Record, share: Arc<Semaphore>) -> End {
        let Ok(Ok(_place)) = timeout(PATIENCE, share.acquire()).await else {
            return End::Answered(Some(self.again(record, BACK).await));
        };
        match self.work(record, false).await {
            Handled::Alone => End::Alone,
            outcome => End::Answered(self.answer(record, outcome).await),
        }
    }

    async fn alone(&self, record: &Record) -> Option<Failure> {
        if (self.left)() < ALONE {
            return Some(self.again(record, HOPELESS).await);
        }
        let outcome = self.work(record, true).await;
        self.answer(record, outcome).await
    }

    async fn work(&self, record: &Record, alone: bool) -> Handled {
        let work = AssertUnwindSafe((self.handle)(&record.body, alone)).catch_unwind();
        match timeout((self.left)(), work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Handled::Fail("it panicked".into()),
            Err(_) => {
                tracing::warn!("a message was not done in time");
                Handled::Alone
            }
        }
    }

    async fn answer(&self, record: &Record, outcome: Handled) -> Option<Failure> {
        let after = match outcome {
            Handled::Done => return None,
            Handled::Retry(after) if work::again(self.queue, self.name, &record.body, after).await => {
                return None;
            }
            Handled::Retry(after) => after,
            Handled::Alone => HOPELESS,
            Handled::Fail(why) => {
                tracing::error!(why, "a message cannot be done");
                // The queue sets it aside when it comes back now.
                if record.receives() >= limits::MAX_RECEIVES {
                    (self.give_up)(&record.body, &why).await;
                }
                HOPELESS
            }
        };
        Some(self.again(record, after).await)
    }

    async fn again(&self, record: &Record, after: Duration) -> Failure {
        // Without this it would come back too, only later: when its visibility time is over.
        if let Err(error) = self.queue.release(self.name, &record.receipt_handle, after).await {
            tracing::warn!(%error, "a message's return could not be timed");
        }
        Failure { item_identifier: record.message_id.clone() }
    }
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
        async fn waiting(&self, _: QueueName) -> Result<usize, QueueError> {
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
        let handle = async |body: &str, _: bool| match body {
            "retry" => Handled::Retry(Duration::from_secs(7)),
            "fail" => Handled::Fail("no".into()),
            "panic" => panic!("poisoned"),
            "hang" => std::future::pending().await,
            _ => Handled::Done,
        };
        let (name, left) = (QueueName::ResumeN8n, || Duration::from_secs(20));
        let answer = run(queue, name, &event(bodies), left, handle, async |_, _| {}).await;
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
        let handle = async |_: &str, _: bool| Handled::Fail("no".into());
        for receives in ["1", "4", "5", ""] {
            let mut event = event(&[receives]);
            event.records[0].attributes.receives = receives.into();
            let (queue, left) = (Releases::default(), || Duration::from_secs(10));
            run(&queue, QueueName::ResumeN8n, &event, left, handle, give_up).await;
        }
        assert_eq!(*given_up.lock().unwrap(), ["5: no"]);
    }

    fn task(tenant: u64) -> String {
        let key = crate::store::Key::of(TenantId(tenant), "payload", "1");
        serde_json::to_string(&Task::new(crate::queue::TaskKind::ResumeN8n, &key, "test")).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_a_tenants_share_goes_back_and_does_not_hold_the_others() {
        let (hanging, well) = (task(1), task(2));
        let mut bodies = vec![hanging.as_str(); 8];
        bodies.extend([well.as_str(), well.as_str()]);
        let begun = Mutex::new(Vec::new());
        let handle = async |body: &str, _: bool| {
            begun.lock().unwrap().push(body.to_owned());
            if body == hanging {
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
            Handled::Done
        };
        let queue = Releases::default();
        let left = || Duration::from_secs(20);
        let answer = run(&queue, QueueName::ResumeN8n, &event(&bodies), left, handle, async |_, _| {}).await;
        let back: Vec<_> =
            answer.batch_item_failures.iter().map(|one| one.item_identifier.as_str()).collect();
        assert_eq!(back, ["m4", "m5", "m6", "m7"]);
        assert!(queue.seen.lock().unwrap().iter().all(|(_, after)| *after == BACK));
        let begun = begun.lock().unwrap();
        assert_eq!((begun.len(), begun.iter().filter(|body| **body == well).count()), (SHARE + 2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn suspects_are_worked_on_after_the_others_one_at_a_time() {
        let (begun, under_way) = (Mutex::new(Vec::new()), Mutex::new(0));
        let handle = async |body: &str, alone: bool| {
            if body == "asks" && !alone {
                return Handled::Alone;
            }
            begun.lock().unwrap().push((body.to_owned(), alone));
            *under_way.lock().unwrap() += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let beside = std::mem::replace(&mut *under_way.lock().unwrap(), 0);
            assert!(!alone || beside == 1, "{beside} at once");
            Handled::Done
        };
        let mut event = event(&["came before", "new", "asks", "came before too", "new too"]);
        for at in [0, 3] {
            event.records[at].attributes.receives = "2".into();
        }
        let (queue, left) = (Releases::default(), || Duration::from_secs(20));
        let answer = run(&queue, QueueName::ResumeN8n, &event, left, handle, async |_, _| {}).await;
        assert_eq!(answer, Answer::default());
        let expected = [
            ("new", false),
            ("new too", false),
            ("came before", true),
            ("came before too", true),
            ("asks", true),
        ];
        assert_eq!(*begun.lock().unwrap(), expected.map(|(body, alone)| (body.to_owned(), alone)));
        // Without time, they are left to the next batch.
        let left = || ALONE / 2;
        let none = async |_: &str, alone: bool| if alone { panic!("begun") } else { Handled::Done };
        let answer = run(&queue, QueueName::ResumeN8n, &event, left, none, async |_, _| {}).await;
        assert_eq!(answer.batch_item_failures.len(), 2);
    }

    #[tokio::test]
    async fn the_answer_is_spelled_as_the_event_source_reads_it() {
        let handle = async |_: &str, _: bool| Handled::Fail("no".into());
        let (queue, left) = (Releases::default(), || Duration::from_secs(1));
        let answer = run(&queue, QueueName::ResumeN8n, &event(&["x"]), left, handle, async |_, _| {}).await;
        assert_eq!(
            serde_json::to_value(&answer).unwrap(),
            json!({ "batchItemFailures": [{ "itemIdentifier": "m0" }] })
        );
        assert_eq!(serde_json::to_value(Answer::default()).unwrap(), json!({ "batchItemFailures": [] }));
    }
}
