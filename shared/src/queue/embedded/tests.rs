//! What the embedded queue does beside what the conformance suite asks of every engine.

use super::*;
use crate::clock::FixedClock;
use crate::queue::conformance::{Wait, outgoing};

fn engine() -> (Arc<FixedClock>, SqliteQueue) {
    let clock = Arc::new(FixedClock::at(Millis(1_750_000_000_000)));
    (Arc::clone(&clock), SqliteQueue::new(&Sqlite::memory().unwrap(), clock))
}

crate::queue_conformance!(in_memory, async {
    let (clock, queue) = engine();
    let wait: Wait = Box::new(move |span| {
        clock.advance(span);
        Box::pin(std::future::ready(()))
    });
    (wait, queue)
});

#[tokio::test]
async fn messages_survive_the_end_of_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Sqlite::open(dir.path().join("store.db")).unwrap();
    let clock = Arc::new(FixedClock::at(Millis(0)));
    let queue = SqliteQueue::new(&open(), clock.clone());
    queue.send(QueueName::ResumeN8n, vec![outgoing("kept")]).await.unwrap();
    drop(queue);
    let queue = SqliteQueue::new(&open(), clock);
    let found = queue.receive(QueueName::ResumeN8n, 10, Duration::ZERO).await.unwrap();
    assert_eq!(found[0].body, "kept");
}

#[tokio::test]
async fn receipt_from_before_a_redelivery_deletes_nothing() {
    let (clock, queue) = engine();
    let name = QueueName::ResumeN8n;
    queue.send(name, vec![outgoing("x")]).await.unwrap();
    let first = queue.receive(name, 1, Duration::from_secs(1)).await.unwrap().remove(0);
    clock.advance(Duration::from_secs(1));
    queue.receive(name, 1, Duration::from_secs(1)).await.unwrap();
    queue.delete(name, &first.receipt).await.unwrap();
    assert_eq!(queue.depth(name).await.unwrap().waiting, 1);
}

#[tokio::test]
async fn a_clock_that_is_set_back_hides_no_message_for_longer() {
    let (clock, queue) = engine();
    let name = QueueName::ResumeN8n;
    let received = async || queue.receive(name, 10, Duration::from_secs(120)).await.unwrap().len();
    assert_eq!(received().await, 0);
    let delayed = Outgoing { delay: Duration::from_secs(10), ..outgoing("delayed") };
    queue.send(name, vec![outgoing("under way"), delayed]).await.unwrap();
    assert_eq!(received().await, 1);
    clock.set_back(Duration::from_secs(3600));
    clock.advance(Duration::from_secs(9));
    assert_eq!(received().await, 0, "not before its time either");
    clock.advance(Duration::from_secs(1));
    assert_eq!(received().await, 1);
    clock.advance(Duration::from_secs(110));
    assert_eq!(received().await, 1, "the one whose work never ended");
}

#[tokio::test]
async fn a_clock_that_was_set_back_before_the_start_hides_no_message_for_longer_either() {
    let (clock, queue) = engine();
    let name = QueueName::ResumeN8n;
    queue.send(name, vec![outgoing("x")]).await.unwrap();
    assert_eq!(queue.receive(name, 1, Duration::from_secs(120)).await.unwrap().len(), 1);
    clock.set_back(Duration::from_secs(3600));
    let restarted = SqliteQueue::new(&queue.file, clock);
    assert_eq!(restarted.receive(name, 1, Duration::from_secs(120)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn spent_messages_do_not_hide_good_ones() {
    let (_clock, queue) = engine();
    let name = QueueName::ResumeN8n;
    queue.send(name, (0..25).map(|i| outgoing(&format!("spent {i}"))).collect()).await.unwrap();
    queue
        .file
        .write_job(|conn| Ok::<_, QueueError>(conn.execute("UPDATE messages SET receives = 5", ())?))
        .await
        .unwrap();
    queue.send(name, vec![outgoing("good")]).await.unwrap();
    let mut found = queue.receive(name, 10, Duration::from_secs(1)).await.unwrap();
    found.extend(queue.receive(name, 10, Duration::from_secs(1)).await.unwrap());
    assert_eq!(found.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["good"]);
    assert_eq!(queue.depth(name).await.unwrap(), Depth { waiting: 1, dead: 25 });
}

fn of(tenant: u64, body: &str) -> Outgoing {
    Outgoing { tenant: TenantId(tenant), ..outgoing(body) }
}

fn bodies(found: Vec<Delivery>) -> Vec<String> {
    found.into_iter().map(|message| message.body).collect()
}

#[tokio::test]
async fn messages_of_others_are_found_behind_any_number_of_a_tenants() {
    let (clock, queue) = engine();
    let (name, hidden) = (QueueName::ResumeN8n, Duration::from_secs(60));
    queue.send(name, (0..300).map(|n| of(1, &format!("a{n}"))).collect()).await.unwrap();
    clock.advance(Duration::from_secs(1));
    queue.send(name, vec![of(u64::MAX, "b"), of(3, "c")]).await.unwrap();
    let later = Outgoing { delay: Duration::from_secs(9), ..of(3, "later") };
    queue.send(name, vec![later]).await.unwrap();
    queue.send(QueueName::Background, vec![of(4, "elsewhere")]).await.unwrap();
    let full = [TenantId(1)];
    assert_eq!(bodies(queue.receive_beside(name, 10, hidden, &full).await.unwrap()), ["b", "c"]);
    assert!(queue.receive_beside(name, 10, hidden, &full).await.unwrap().is_empty());
    let full = [TenantId(3), TenantId(u64::MAX)];
    assert_eq!(bodies(queue.receive_beside(name, 3, hidden, &full).await.unwrap()), ["a0", "a1", "a2"]);
    assert_eq!(bodies(queue.receive(name, 2, hidden).await.unwrap()), ["a3", "a4"]);
}

#[tokio::test]
async fn what_a_process_had_received_is_taken_over_at_once_and_counts_as_delivered() {
    let (_clock, queue) = engine();
    let name = QueueName::ResumeN8n;
    let later = Outgoing { delay: Duration::from_secs(9), ..outgoing("later") };
    queue.send(name, vec![outgoing("held"), later]).await.unwrap();
    queue.receive(name, 10, Duration::from_secs(60)).await.unwrap();
    assert!(queue.receive(name, 10, Duration::from_secs(60)).await.unwrap().is_empty());
    assert_eq!(queue.take_over().await.unwrap(), 1);
    let found = queue.receive(name, 10, Duration::from_secs(60)).await.unwrap();
    assert_eq!((found.len(), found[0].receives, found[0].body.as_str()), (1, 2, "held"));
}
