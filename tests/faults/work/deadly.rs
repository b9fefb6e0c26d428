//! Work that ends the process, over and over: it is found out, put off and tried again, and stops nobody.

use std::time::Duration;

use serde_json::json;
use shared::{
    domain::chore::{Chore, What},
    queue::{QueueName, Task, TaskKind, limits},
    repo::chores::Chores,
    store::Key,
    work::{self, Handled, Message},
};
use standins::{Plan, dump};

use harness::parked::{RESUME_URL, decide, parked, resume_of, told};
use harness::{TestApp, work_on, worker_for};

const SECOND: Duration = Duration::from_secs(1);
const HIDDEN: Duration = Duration::from_secs(120);

/// What the workers of one life do until one of the messages ends it: suspects last, one at a time, as both hosts do.
/// Returns how often the process died.
async fn lives(house: &mut TestApp, queue: QueueName, deadly: &str, most: usize) -> usize {
    for died in 0..most {
        if !Box::pin(dies(house, queue, deadly)).await {
            return died;
        }
        house.restart();
        // The next process takes over what this one had received.
        house.advance(HIDDEN);
    }
    most
}

async fn dies(house: &TestApp, queue: QueueName, deadly: &str) -> bool {
    let mut suspects = Vec::new();
    loop {
        let received = house.app.queue.receive(queue, limits::BATCH, HIDDEN).await.unwrap();
        if received.is_empty() {
            break;
        }
        for one in received {
            let outcome = match work::is_suspect(one.receives) {
                true => Handled::Alone,
                false => match survives(house, deadly, work_on(&house.app, &one.body)).await {
                    Some(outcome) => outcome,
                    None => return true,
                },
            };
            match outcome {
                Handled::Alone => suspects.push(one),
                Handled::Done => house.app.queue.delete(queue, &one.receipt).await.unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }
    for one in suspects {
        let message = Message::new(&one.body, house.app.now().plus(HIDDEN));
        match survives(house, deadly, worker_for(&one.body).handle_alone(&house.app, &message)).await {
            Some(outcome) => assert_eq!(outcome, Handled::Done),
            None => return true,
        }
        house.app.queue.delete(queue, &one.receipt).await.unwrap();
    }
    false
}

/// Runs work that dies at its first call of this name.
async fn survives<T>(house: &TestApp, deadly: &str, work: impl Future<Output = T>) -> Option<T> {
    house.faults.set(Plan::DieAtCall(deadly.to_owned()));
    // On the heap: what is nested here does not fit on the stack of a test's thread.
    let outcome = house.faults.survive(Box::pin(work)).await;
    house.faults.set(Plan::Calm);
    outcome
}

async fn given_up(house: &TestApp) -> Vec<String> {
    let items = dump::items(&house.file).await.unwrap();
    items.into_iter().filter(|item| item.body.contains("given_up_why")).map(|item| item.body).collect()
}

/// A listing that is owed, of an n8n whose answer is deadly.
async fn owes_a_listing(house: &TestApp) {
    house.n8n.set_down(true);
    house.register(&house.acme).await;
    house.n8n.set_down(false);
    house.advance(20 * SECOND);
}

#[tokio::test]
async fn a_listing_that_kills_is_put_off_after_two_deaths_and_listed_when_it_does_not() {
    let mut house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Report", "report");
    owes_a_listing(&house).await;
    let deaths = lives(&mut house, QueueName::PollExecutions, "http.send /api/v1/workflows", 9).await;
    assert_eq!(deaths, 2);
    let lists = async |house: &TestApp| house.network.sent_to("/api/v1/workflows").len();
    let before = lists(&house).await;
    let why = given_up(&house).await;
    assert!(why.len() == 1 && why[0].contains("the process has died of it"), "{why:?}");
    house.live(300 * SECOND).await;
    assert_eq!(lists(&house).await, before, "it is put off");
    // When its time has come, it is tried alone, once.
    house.advance(400 * SECOND);
    house.sweep().await;
    let deaths = lives(&mut house, QueueName::PollExecutions, "http.send /api/v1/workflows", 9).await;
    assert_eq!(deaths, 1);
    house.advance(1300 * SECOND);
    house.sweep().await;
    house.drain().await;
    assert_eq!(lists(&house).await, before + 1);
    assert!(given_up(&house).await.is_empty(), "what was done is forgiven");
}

#[tokio::test]
async fn a_decision_whose_telling_kills_is_put_off_after_two_deaths_and_told_when_it_does_not() {
    let mut house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.set_down(true);
    assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "pending");
    house.n8n.set_down(false);
    house.advance(2 * SECOND);
    let deaths = async |house: &mut TestApp| {
        let mut deaths = 0;
        for _ in 0..6 {
            deaths += lives(house, QueueName::ResumeN8n, "http.send /api/v1/executions/7", 9).await;
            house.advance(71 * SECOND);
            house.sweep().await;
        }
        deaths
    };
    assert_eq!(deaths(&mut house).await, 2);
    let resume = resume_of(&house, entity).await;
    assert!(
        resume["last_error"].as_str().is_some_and(|why| why.contains("the process has died")),
        "{resume}"
    );
    assert_eq!(resume["state"], "pending", "it is owed all the same");
    house.advance(600 * SECOND);
    house.sweep().await;
    house.drain().await;
    assert_eq!((told(&house).len(), resume_of(&house, entity).await["state"].as_str()), (1, Some("resumed")));
}

#[tokio::test]
async fn those_who_were_under_way_beside_a_killer_are_done_and_not_blamed() {
    let mut house = TestApp::new().await;
    owes_a_listing(&house).await;
    let (tenant, now) = (house.acme.key.tenant, house.app.now());
    // Runs that are followed lie in the same queue; they were received, and died with the listing.
    let installation = house.register(&house.acme).await;
    house.n8n.set_down(true);
    house.register(&house.acme).await;
    house.n8n.set_down(false);
    let endpoint = format!("https://n8n.example.com/webhook/invokati-trigger/{installation}/wf1");
    let mut runs = Vec::new();
    for _ in 0..5 {
        house.advance(SECOND);
        let triggered = house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
        assert_eq!(triggered.status, 200, "{triggered:?}");
        runs.push(triggered);
    }
    house.advance(20 * SECOND);
    house.sweep().await;
    let received = house.app.queue.receive(QueueName::PollExecutions, limits::BATCH, HIDDEN).await.unwrap();
    assert!(received.len() >= 5, "{received:?}");
    house.restart();
    house.advance(HIDDEN);
    let deaths = lives(&mut house, QueueName::PollExecutions, "http.send /api/v1/workflows", 9).await;
    assert!((1..=2).contains(&deaths), "{deaths}");
    assert_eq!(given_up(&house).await.len(), 1, "the listing alone");
    let followed = house.network.sent_to("/api/v1/executions").len();
    assert!(followed >= 5, "{followed} looks at {} runs of {tenant} since {now:?}", runs.len());
}

#[tokio::test]
async fn what_fails_alone_without_dying_is_not_blamed() {
    let house = TestApp::new().await;
    let (store, tenant, now) = (&*house.app.store, house.acme.key.tenant, house.app.now());
    let chores = Chores::new(store, tenant);
    let chore = Chore::new(house.app.id(), What::Purge { partition: "chat#old".into() }, now);
    store.write(chores.insert(&chore, now).unwrap()).await.unwrap();
    let body = serde_json::to_string(&Task::new(TaskKind::Chore, &chores.key(chore.id), "test")).unwrap();
    let alone = async || {
        worker_for(&body).handle_alone(&house.app, &Message::new(&body, house.app.now().plus(HIDDEN))).await
    };
    for _ in 0..5 {
        // It cannot be done, and the message comes back.
        spoil(&house, &chores.key(chore.id)).await;
        assert!(matches!(alone().await, Handled::Fail(_)));
        assert!(given_up(&house).await.is_empty());
    }
}

async fn spoil(house: &TestApp, key: &Key) {
    let change = vec![shared::store::Change::set("what", "?")];
    house.app.store.write(shared::store::Write::update(key.clone(), change)).await.unwrap();
}
