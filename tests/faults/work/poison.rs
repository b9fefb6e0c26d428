//! Messages that can never be done: they cost themselves, become dead letters, and what they are about stays owed.

use std::time::Duration;

use local_host::workers::worker_of;
use serde_json::{Value, json};
use shared::{
    app::App,
    domain::chore::{Chore, What},
    lambda::batch,
    queue::{Outgoing, QueueName, Task, TaskKind, limits},
    store::{Change, Key, Write},
    work::{self, Handled, Message},
};
use standins::dump;

use harness::TestApp;
use harness::parked::{decide, parked, told};

const HIDDEN: Duration = Duration::from_secs(60);

async fn handle(app: &App, queue: QueueName, body: &str, alone: bool) -> Handled {
    let message = Message { alone, ..Message::new(body, app.now().plus(HIDDEN)) };
    let worker = worker_of(queue);
    if alone { worker.handle_alone(app, &message).await } else { worker.handle(app, &message).await }
}

/// One batch, as the event source hands it over and deletes what was done of it. Returns how many there were and how many
/// came back.
async fn batch(house: &TestApp, queue: QueueName) -> (usize, usize) {
    let app = &*house.app;
    let delivered = app.queue.receive(queue, limits::BATCH, HIDDEN).await.unwrap();
    let records = delivered.iter().map(|one| {
        json!({
            "messageId": one.receipt, "receiptHandle": one.receipt, "body": one.body,
            "attributes": { "ApproximateReceiveCount": one.receives.to_string() },
        })
    });
    let event = serde_json::from_value(json!({ "Records": Value::from_iter(records) })).unwrap();
    let work = async |body: &str, alone: bool| handle(app, queue, body, alone).await;
    let left = || Duration::from_secs(20);
    let give_up = async |body: &str, why: &str| work::give_up(app, body, why).await;
    let answer = batch::run(&*app.queue, queue, &event, left, work, give_up).await;
    let failed: Vec<_> = answer.batch_item_failures.iter().map(|failure| &failure.item_identifier).collect();
    for done in delivered.iter().filter(|one| !failed.contains(&&one.receipt)) {
        app.queue.delete(queue, &done.receipt).await.unwrap();
    }
    (delivered.len(), failed.len())
}

/// Batches until nothing comes any more.
async fn batches(house: &TestApp, queue: QueueName) {
    loop {
        house.advance(Duration::from_secs(2));
        if batch(house, queue).await.0 == 0 {
            return;
        }
    }
}

/// A chore that is owed, and whose message was sent.
async fn chore(house: &TestApp, partition: &str) -> Key {
    let (tenant, now) = (house.acme.key.tenant, house.app.now());
    let chores = house.app.repos(tenant).chores();
    let chore = Chore::new(house.app.id(), What::Purge { partition: partition.into() }, now);
    house.app.store.write(chores.insert(&chore, now).unwrap()).await.unwrap();
    let key = chores.key(chore.id);
    house.app.hint(&Task::new(TaskKind::Chore, &key, "test"), now).await;
    key
}

/// The item becomes one that no version can read.
async fn spoil(house: &TestApp, key: &Key) {
    house.app.store.write(Write::update(key.clone(), vec![Change::set("what", "?")])).await.unwrap();
}

async fn mend(house: &TestApp, key: &Key) {
    let what = json!({ "kind": "purge", "partition": "chat#old" });
    house.app.store.write(Write::update(key.clone(), vec![Change::set("what", what)])).await.unwrap();
}

async fn owed(house: &TestApp) -> usize {
    dump::items(&house.file).await.unwrap().iter().filter(|item| item.due_at.is_some()).count()
}

#[tokio::test]
async fn nine_good_messages_are_done_beside_a_poisoned_one_in_every_queue() {
    for queue in QueueName::ALL {
        let house = TestApp::new().await;
        let tenant = house.acme.key.tenant;
        let kind = TaskKind::ALL.into_iter().find(|kind| kind.queue() == queue).unwrap();
        for n in 0..9 {
            match queue {
                QueueName::Background => drop(chore(&house, &format!("chat#old{n}")).await),
                // Nothing is owed there any more, which is soon done.
                _ => {
                    let kind_of =
                        if queue == QueueName::ResumeN8n { "payload" } else { "run#0000000000000001" };
                    let task = Task::new(kind, &Key::of(tenant, kind_of, format!("{:016}", n + 1)), "test");
                    house.app.hint(&task, house.app.now()).await;
                }
            }
        }
        let poison = Outgoing { body: "{\"task\":\"poison\"}".into(), delay: Duration::ZERO, tenant };
        house.app.queue.send(queue, vec![poison]).await.unwrap();
        assert_eq!(batch(&house, queue).await, (10, 1), "{queue:?}");
        assert_eq!(house.depth(queue).await.waiting, 1, "{queue:?}: nine are done with the first batch");
        batches(&house, queue).await;
        let depth = house.depth(queue).await;
        assert_eq!((depth.waiting, depth.dead), (0, 1), "{queue:?}");
        assert_eq!(owed(&house).await, 0, "{queue:?}");
    }
}

#[tokio::test]
async fn a_debt_that_cannot_be_paid_makes_fewer_and_fewer_dead_letters_and_is_not_lost() {
    let house = TestApp::new().await;
    let key = chore(&house, "chat#old").await;
    spoil(&house, &key).await;
    batches(&house, QueueName::Background).await;
    assert_eq!(house.depth(QueueName::Background).await.dead, 1);
    let item = house.app.store.get(&key).await.unwrap().unwrap();
    assert!(item.attrs().unwrap()["given_up_why"].as_str().is_some_and(|why| !why.is_empty()), "{item:?}");
    // Ten days of sweeps, five minutes apart: without being put off, 2880 more.
    for _ in 0..10 * 24 * 12 {
        house.advance(Duration::from_secs(298));
        if house.sweep().await.sent > 0 {
            batches(&house, QueueName::Background).await;
        }
    }
    let dead = house.depth(QueueName::Background).await.dead;
    assert!((10..=20).contains(&dead), "{dead} dead letters");
    mend(&house, &key).await;
    house.advance(Duration::from_secs(24 * 3600));
    house.sweep().await;
    batches(&house, QueueName::Background).await;
    assert_eq!(owed(&house).await, 0, "the debt was there all the time, and is paid");
}

#[tokio::test]
async fn dead_letters_may_be_sent_again_twice_and_after_the_debt_was_paid() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "pending");
    house.n8n.set_down(false);
    // Five deliveries whose worker died with each of them.
    house.advance(Duration::from_secs(2));
    for _ in 0..=limits::MAX_RECEIVES {
        house.app.queue.receive(QueueName::ResumeN8n, limits::BATCH, HIDDEN).await.unwrap();
        house.advance(HIDDEN);
    }
    assert_eq!(house.depth(QueueName::ResumeN8n).await.dead, 1);
    let redrive = async || house.app.queue.redrive(QueueName::ResumeN8n).await.unwrap();
    assert_eq!((redrive().await, redrive().await), (1, 0), "the second finds nothing to send again");
    let letter = dump::messages(&house.file).await.unwrap().remove(0);
    batches(&house, QueueName::ResumeN8n).await;
    assert_eq!(told(&house).len(), 1);
    // The same letter from somewhere else, when there is nothing to pay any more.
    let calls = house.network.sent().len();
    for _ in 0..2 {
        assert_eq!(handle(&house.app, QueueName::ResumeN8n, &letter, false).await, Handled::Done);
    }
    assert_eq!((told(&house).len(), house.network.sent().len()), (1, calls));
    assert_eq!(house.depth(QueueName::ResumeN8n).await, shared::queue::Depth::default());
}

#[tokio::test]
async fn giving_up_leaves_alone_what_somebody_has_worked_on() {
    let house = TestApp::new().await;
    let key = chore(&house, "chat#old").await;
    let body = dump::messages(&house.file).await.unwrap().remove(0);
    let due = async || dump::items(&house.file).await.unwrap().iter().find_map(|item| item.due_at);
    let before = due().await.unwrap();
    work::give_up(&house.app, &body, "no").await;
    let put_off = due().await.unwrap();
    assert_eq!(put_off - before, 600_000);
    for _ in 0..2 {
        work::give_up(&house.app, &body, "no").await;
        work::give_up(&house.app, "not a task", "no").await;
    }
    assert_eq!(due().await, Some(put_off), "it is not due");
    house.app.store.write(Write::delete(key)).await.unwrap();
    house.advance(Duration::from_secs(3600));
    work::give_up(&house.app, &body, "no").await;
    assert_eq!(due().await, None, "what is gone stays gone");
}
