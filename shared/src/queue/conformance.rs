//! What every engine of the queue must do, one rule a function. Its one rule: nothing here knows an engine, and
//! nothing here expects an order.
//!
//! [`queue_conformance!`](crate::queue_conformance) stamps a test of each for one engine. Each case needs queues that
//! are empty and its own. Time passes through [`Wait`]: one engine moves a clock, another sleeps.
#![expect(clippy::needless_pass_by_value, reason = "an assertion ends the life of the result it looks at")]

use std::pin::Pin;
use std::time::Duration;

use super::{Delivery, Depth, Outgoing, Queue, QueueError, QueueName, limits};
use crate::tenant::TenantId;

/// Lets so much time pass for the engine.
pub type Wait = Box<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A short poll of SQS asks some of its servers only, and counts are approximate; longer than this is a fault.
const LAG: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

const NAME: QueueName = QueueName::ResumeN8n;
/// Long enough for a case, for messages that are not to reappear in it.
const LONG: Duration = Duration::from_secs(300);
const SHORT: Duration = Duration::from_secs(2);
const PAST_SHORT: Duration = Duration::from_secs(3);

/// Stamps the suite: `queue_conformance!(name, async { (wait, engine) })`, optionally with attributes for every test,
/// such as `#[ignore = "needs a server"]`.
#[macro_export]
macro_rules! queue_conformance {
    (@case $make:expr, [$($attr:meta),*], $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attr])*
        async fn $case() {
            let (wait, queue) = $make.await;
            $crate::queue::conformance::$case(&queue, &wait).await;
        }
    };
    (@all $make:expr, $attrs:tt, $($case:ident)*) => {
        $($crate::queue_conformance! { @case $make, $attrs, $case })*
    };
    ($name:ident, $make:expr $(, #[$attr:meta])* $(,)?) => {
        mod $name {
            use super::*;
            $crate::queue_conformance! { @all $make, [$($attr),*],
                message_arrives_as_it_was_sent
                empty_queue_gives_nothing
                queues_are_apart
                many_messages_all_arrive
                receive_gives_no_more_than_asked
                received_message_is_hidden
                message_reappears_after_visibility
                deleted_message_never_reappears
                receipt_of_nothing_is_no_error
                delayed_message_comes_later
                released_message_comes_back_at_once
                released_message_comes_back_after_the_delay
                sixth_delivery_goes_to_dead_letters
                redriven_messages_start_afresh
                depth_counts_what_is_in_flight
                receivers_do_not_share_a_delivery
                longest_delay_is_fifteen_minutes
                bodies_have_limits
                batches_have_limits
            }
        }
    };
}

/// A message without a delay.
pub fn outgoing(body: &str) -> Outgoing {
    Outgoing { body: body.to_owned(), delay: Duration::ZERO, tenant: TenantId(1) }
}

async fn send(queue: &dyn Queue, body: &str) {
    queue.send(NAME, vec![outgoing(body)]).await.unwrap();
}

/// Receives until `n` messages have come.
async fn receive(queue: &dyn Queue, n: usize, visibility: Duration) -> Vec<Delivery> {
    let (mut all, mut waited) = (Vec::new(), Duration::ZERO);
    while all.len() < n {
        let batch = queue.receive(NAME, (n - all.len()).min(limits::BATCH), visibility).await.unwrap();
        if batch.is_empty() {
            assert!(waited < LAG, "{} of {n} messages came", all.len());
            tokio::time::sleep(POLL).await;
            waited += POLL;
        }
        all.extend(batch);
    }
    all
}

async fn receive_one(queue: &dyn Queue, visibility: Duration) -> Delivery {
    receive(queue, 1, visibility).await.remove(0)
}

async fn nothing_is_visible(queue: &dyn Queue) -> bool {
    queue.receive(NAME, 10, SHORT).await.unwrap().is_empty()
}

async fn depth_becomes(queue: &dyn Queue, expected: Depth) {
    let mut waited = Duration::ZERO;
    loop {
        let found = queue.depth(NAME).await.unwrap();
        if found == expected {
            return;
        }
        assert!(waited < LAG, "{found:?}, not {expected:?}");
        tokio::time::sleep(POLL).await;
        waited += POLL;
    }
}

fn bodies(deliveries: &[Delivery]) -> Vec<&str> {
    let mut bodies: Vec<_> = deliveries.iter().map(|delivery| delivery.body.as_str()).collect();
    bodies.sort_unstable();
    bodies
}

#[track_caller]
fn assert_invalid<T: std::fmt::Debug>(result: Result<T, QueueError>) {
    assert!(matches!(result, Err(QueueError::Invalid(_))), "{result:?}");
}

pub async fn message_arrives_as_it_was_sent(queue: &dyn Queue, _: &Wait) {
    let body = r#"{"text":"päivää 👋","lines":"a\nb","raw":"<&>"}"#.to_owned() + "\n\t\u{fffd}";
    send(queue, &body).await;
    let found = receive_one(queue, LONG).await;
    assert_eq!((found.body, found.receives), (body, 1));
}

pub async fn empty_queue_gives_nothing(queue: &dyn Queue, _: &Wait) {
    assert!(nothing_is_visible(queue).await);
    queue.send(NAME, Vec::new()).await.unwrap();
    assert!(nothing_is_visible(queue).await);
    depth_becomes(queue, Depth::default()).await;
}

pub async fn queues_are_apart(queue: &dyn Queue, _: &Wait) {
    let other = QueueName::PollExecutions;
    queue.send(other, vec![outgoing("theirs")]).await.unwrap();
    send(queue, "ours").await;
    let found = receive_one(queue, LONG).await;
    assert_eq!(found.body, "ours");
    queue.delete(NAME, &found.receipt).await.unwrap();
    assert!(nothing_is_visible(queue).await);
    assert_eq!(queue.depth(other).await.unwrap().waiting, 1);
}

pub async fn many_messages_all_arrive(queue: &dyn Queue, _: &Wait) {
    let sent: Vec<String> = (0..25).map(|i| format!("message {i:02}")).collect();
    queue.send(NAME, sent.iter().map(|body| outgoing(body)).collect()).await.unwrap();
    let found = receive(queue, 25, LONG).await;
    assert_eq!(bodies(&found), sent);
}

pub async fn receive_gives_no_more_than_asked(queue: &dyn Queue, _: &Wait) {
    queue.send(NAME, (0..12).map(|i| outgoing(&i.to_string())).collect()).await.unwrap();
    for max in [1, 3, 10] {
        assert!(queue.receive(NAME, max, Duration::ZERO).await.unwrap().len() <= max);
    }
}

pub async fn received_message_is_hidden(queue: &dyn Queue, wait: &Wait) {
    send(queue, "x").await;
    receive_one(queue, LONG).await;
    assert!(nothing_is_visible(queue).await);
    wait(SHORT).await;
    assert!(nothing_is_visible(queue).await);
}

pub async fn message_reappears_after_visibility(queue: &dyn Queue, wait: &Wait) {
    send(queue, "x").await;
    let first = receive_one(queue, SHORT).await;
    wait(PAST_SHORT).await;
    let second = receive_one(queue, LONG).await;
    assert_eq!((second.body.as_str(), second.receives), ("x", 2));
    assert_ne!(first.receipt, second.receipt);
}

pub async fn deleted_message_never_reappears(queue: &dyn Queue, wait: &Wait) {
    send(queue, "x").await;
    let found = receive_one(queue, SHORT).await;
    queue.delete(NAME, &found.receipt).await.unwrap();
    wait(PAST_SHORT).await;
    assert!(nothing_is_visible(queue).await);
    depth_becomes(queue, Depth::default()).await;
}

/// A worker that was too slow deletes or releases what another one has finished.
pub async fn receipt_of_nothing_is_no_error(queue: &dyn Queue, _: &Wait) {
    send(queue, "x").await;
    let found = receive_one(queue, LONG).await;
    queue.delete(NAME, &found.receipt).await.unwrap();
    queue.delete(NAME, &found.receipt).await.unwrap();
    queue.release(NAME, &found.receipt, Duration::ZERO).await.unwrap();
    assert!(nothing_is_visible(queue).await);
}

pub async fn delayed_message_comes_later(queue: &dyn Queue, wait: &Wait) {
    queue.send(NAME, vec![Outgoing { delay: SHORT, ..outgoing("later") }]).await.unwrap();
    assert!(nothing_is_visible(queue).await);
    wait(PAST_SHORT).await;
    assert_eq!(receive_one(queue, LONG).await.receives, 1);
}

pub async fn released_message_comes_back_at_once(queue: &dyn Queue, _: &Wait) {
    send(queue, "x").await;
    let found = receive_one(queue, LONG).await;
    queue.release(NAME, &found.receipt, Duration::ZERO).await.unwrap();
    assert_eq!(receive_one(queue, LONG).await.receives, 2);
}

pub async fn released_message_comes_back_after_the_delay(queue: &dyn Queue, wait: &Wait) {
    send(queue, "x").await;
    let found = receive_one(queue, LONG).await;
    queue.release(NAME, &found.receipt, SHORT).await.unwrap();
    assert!(nothing_is_visible(queue).await);
    wait(PAST_SHORT).await;
    assert_eq!(receive_one(queue, LONG).await.receives, 2);
}

/// Leaves one message in the dead-letter queue.
async fn spend(queue: &dyn Queue, body: &str) {
    send(queue, body).await;
    for delivery in 1..=limits::MAX_RECEIVES {
        let found = receive_one(queue, LONG).await;
        assert_eq!((found.body.as_str(), found.receives), (body, delivery));
        queue.release(NAME, &found.receipt, Duration::ZERO).await.unwrap();
    }
    assert!(nothing_is_visible(queue).await);
}

pub async fn sixth_delivery_goes_to_dead_letters(queue: &dyn Queue, _: &Wait) {
    spend(queue, "x").await;
    depth_becomes(queue, Depth { waiting: 0, dead: 1 }).await;
}

pub async fn redriven_messages_start_afresh(queue: &dyn Queue, _: &Wait) {
    assert_eq!(queue.redrive(NAME).await.unwrap(), 0);
    spend(queue, "x").await;
    depth_becomes(queue, Depth { waiting: 0, dead: 1 }).await;
    assert_eq!(queue.redrive(NAME).await.unwrap(), 1);
    let found = receive_one(queue, LONG).await;
    assert_eq!((found.body.as_str(), found.receives), ("x", 1));
    depth_becomes(queue, Depth { waiting: 1, dead: 0 }).await;
}

pub async fn depth_counts_what_is_in_flight(queue: &dyn Queue, _: &Wait) {
    queue.send(NAME, vec![outgoing("a"), outgoing("b")]).await.unwrap();
    queue.send(NAME, vec![Outgoing { delay: limits::DELAY, ..outgoing("later") }]).await.unwrap();
    depth_becomes(queue, Depth { waiting: 3, dead: 0 }).await;
    let found = receive_one(queue, LONG).await;
    depth_becomes(queue, Depth { waiting: 3, dead: 0 }).await;
    queue.delete(NAME, &found.receipt).await.unwrap();
    depth_becomes(queue, Depth { waiting: 2, dead: 0 }).await;
    assert_eq!(queue.waiting(NAME).await.unwrap(), 2, "the dead ones are not asked for");
}

pub async fn receivers_do_not_share_a_delivery(queue: &dyn Queue, _: &Wait) {
    let sent: Vec<String> = (0..40).map(|i| format!("message {i:02}")).collect();
    queue.send(NAME, sent.iter().map(|body| outgoing(body)).collect()).await.unwrap();
    let rounds = (0..8).map(|_| async { receive(queue, 5, LONG).await });
    let found = futures::future::join_all(rounds).await.concat();
    assert_eq!(bodies(&found), sent);
}

pub async fn longest_delay_is_fifteen_minutes(queue: &dyn Queue, _: &Wait) {
    let over = limits::DELAY + Duration::from_secs(1);
    assert_invalid(queue.send(NAME, vec![Outgoing { delay: over, ..outgoing("x") }]).await);
    queue.send(NAME, vec![Outgoing { delay: limits::DELAY, ..outgoing("x") }]).await.unwrap();
}

pub async fn bodies_have_limits(queue: &dyn Queue, _: &Wait) {
    let largest = "x".repeat(limits::BODY_BYTES);
    for body in [String::new(), format!("{largest}x"), "\u{0}".into(), "bell \u{7}".into()] {
        assert_invalid(queue.send(NAME, vec![outgoing(&body)]).await);
    }
    // Two of the largest cannot share a batch, but they can be sent.
    queue.send(NAME, vec![outgoing(&largest), outgoing(&largest)]).await.unwrap();
    let found = receive(queue, 2, LONG).await;
    assert!(found.iter().all(|delivery| delivery.body == largest));
}

pub async fn batches_have_limits(queue: &dyn Queue, _: &Wait) {
    assert_invalid(queue.receive(NAME, 0, SHORT).await);
    assert_invalid(queue.receive(NAME, limits::BATCH + 1, SHORT).await);
}
