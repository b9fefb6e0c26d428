//! Every file of `events/` runs through its function's handler.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use axum::body::Body;
use http::Request;
use local_host::workers::worker_of;
use serde_json::Value;
use shared::{
    clock::Millis,
    lambda::{self, batch},
    queue::{QueueName, TaskKind},
    work::Message,
};

use harness::{Answer, PASSWORD, TestApp};

fn event(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The HTTP event of a function, sent with a real key.
async fn send(house: &TestApp, function: &str) -> Answer {
    let text = event(function).replace("REPLACE-WITH-AN-API-KEY", &house.acme.text);
    house.acme.raw(request(&text)).await
}

fn request(event: &str) -> Request<Body> {
    let (parts, body) = lambda::http_request(event).unwrap().into_parts();
    Request::from_parts(parts, Body::from(body.to_vec()))
}

/// The functions with an HTTP event for a key, and how it is answered.
const HTTP: [(&str, u16); 16] = [
    ("meta", 200),
    ("token-usage", 201),
    ("payloads", 201),
    ("records", 201),
    ("n8n-nodes", 201),
    ("media", 201),
    ("leads", 201),
    ("installations", 201),
    ("triggers", 200),
    ("events", 200),
    ("workflows", 200),
    ("api-keys", 201),
    ("account", 200),
    ("team", 201),
    ("lead-setup", 201),
    // It decides on an entity that is not there.
    ("reviews", 404),
];

/// The event files that other tests here run.
const OTHERS: [&str; 6] = ["sessions", "background", "poll-executions", "resume-n8n", "tick", "tick-sweep"];

#[tokio::test]
async fn every_http_event_is_answered_as_documented() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    for (function, status) in HTTP {
        let answer = send(&house, function).await;
        assert_eq!(answer.status, status, "{function}: {answer:?}");
    }
}

#[tokio::test]
async fn a_login_through_the_gateway_knows_the_caller() {
    let house = TestApp::new().await;
    let text = event("sessions");
    let wrong = house.acme.raw(request(&text)).await;
    assert_eq!(wrong.status, 401, "{wrong:?}");
    let right = house.acme.raw(request(&text.replace("REPLACE-WITH-THE-PASSWORD", PASSWORD))).await;
    assert_eq!(right.status, 200, "{right:?}");
    assert!(right.cookies().iter().all(|(_, _, line)| line.contains("; Secure")), "{right:?}");
}

/// A worker links its steps and no others, so whatever has a queue must have one there.
#[test]
fn every_kind_of_work_is_a_step_of_its_queues_worker() {
    for queue in QueueName::ALL {
        let worker = worker_of(queue);
        assert_eq!(worker.queue, queue);
        let does: BTreeSet<_> = worker.steps.iter().map(|step| step.kind.as_str()).collect();
        let comes = TaskKind::ALL.into_iter().filter(|kind| kind.queue() == queue);
        assert_eq!(does, comes.map(TaskKind::as_str).collect(), "{queue:?}");
        assert_eq!(does.len(), worker.steps.len(), "{queue:?} does something twice");
    }
}

#[tokio::test]
async fn a_batch_loses_only_what_cannot_be_read() {
    let house = TestApp::new().await;
    for queue in QueueName::ALL {
        let name = queue.as_str();
        let batch: batch::Event = serde_json::from_str(&event(name)).unwrap();
        let end = house.app.now().plus(Duration::from_secs(30));
        let handle = async |body: &str, alone: bool| {
            let message = Message { alone, ..Message::new(body, end) };
            worker_of(queue).handle(&house.app, &message).await
        };
        let (queues, left) = (&*house.app.queue, || Duration::from_secs(30));
        let answer = batch::run(queues, queue, &batch, left, handle, async |_, _| {}).await;
        let failed: Vec<&str> =
            answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
        let unreadable: Vec<&str> = batch
            .records
            .iter()
            .filter(|record| serde_json::from_str::<Value>(&record.body).is_err())
            .map(|record| record.message_id.as_str())
            .collect();
        assert_eq!(failed, unreadable, "{name}");
        assert!(batch.records.len() > failed.len(), "{name} has something to do");
    }
}

#[tokio::test]
async fn the_schedule_ticks_and_sweeps() {
    let house = TestApp::new().await;
    house.n8n.set_down(true);
    house.register(&house.acme).await;
    house.advance(Duration::from_secs(7200));
    let tick = serde_json::from_str(&event("tick")).unwrap();
    let ticked = tick::handle(&house.app, tick, Millis(i64::MAX)).await.unwrap();
    assert_eq!((ticked.due, ticked.sent), (1, 1), "the listing that n8n did not answer is owed");
    let sweep = serde_json::from_str(&event("tick-sweep")).unwrap();
    let swept = tick::handle(&house.app, sweep, Millis(i64::MAX)).await.unwrap();
    assert_eq!((swept.due, swept.sent, swept.lagging), (1, 1, 0));
}

#[test]
fn every_event_file_is_run_by_a_test() {
    let mut found: Vec<String> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../events"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    found.sort();
    let mut run: Vec<_> = HTTP.iter().map(|(function, _)| *function).chain(OTHERS).collect();
    run.sort_unstable();
    assert_eq!(found, run);
}
