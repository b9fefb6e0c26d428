//! When n8n is told, and how often.

use std::time::Duration;

use serde_json::json;
use shared::queue::QueueName;
use standins::dump;

use harness::parked::{EXECUTION, RESUME_URL, decide, parked, resume_of, told};
use harness::{TestApp, work_on};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_decision_reaches_n8n_at_once() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    let decided = decide(&house, "approve", entity).await;
    assert_eq!((decided.status, decided.json["n8n_resumed"].as_bool()), (200, Some(true)), "{decided:?}");
    assert_eq!(
        told(&house),
        [
            json!({ "decision": "approved", "notes": "ok", "entity_id": entity, "entity_type": "custom_payload" })
        ]
    );
}

#[tokio::test]
async fn a_decision_waits_for_n8n_to_come_back() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    let decided = decide(&house, "deny", entity).await;
    assert_eq!(
        (decided.status, decided.json["resume_state"].as_str(), decided.json["n8n_resumed"].as_bool()),
        (200, Some("pending"), Some(false)),
        "{decided:?}"
    );
    house.live(Duration::from_secs(100)).await;
    assert_eq!(told(&house).len(), 0);
    house.n8n.set_down(false);
    house.live(Duration::from_secs(200)).await;
    assert_eq!(told(&house).len(), 1);
    assert_eq!(resume_of(&house, entity).await["state"], "resumed");
}

#[tokio::test]
async fn attempts_come_after_a_second_doubling_to_five_minutes() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    let before = house.network.sent().len();
    decide(&house, "approve", entity).await;
    let mut attempts = house.network.sent().len() - before;
    assert_eq!(attempts, 1, "the first attempt is made in the request");
    let (mut pauses, mut since) = (Vec::new(), 0);
    while pauses.len() < 11 {
        house.advance(Duration::from_secs(1));
        since += 1;
        house.tick().await;
        house.drain().await;
        let now = house.network.sent().len() - before;
        if now > attempts {
            pauses.push(since);
            (attempts, since) = (now, 0);
        }
        assert!(since < 400, "no attempt for {since} seconds after {pauses:?}");
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
}

#[tokio::test]
async fn a_decision_is_given_up_after_seven_days() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    for _ in 0..27 {
        house.advance(6 * HOUR);
        house.tick().await;
        house.drain().await;
    }
    let resume = resume_of(&house, entity).await;
    assert_eq!(resume["state"], "pending", "for 6 days and 18 hours: {resume}");
    house.advance(6 * HOUR);
    house.tick().await;
    house.drain().await;
    let resume = resume_of(&house, entity).await;
    assert_eq!(resume["state"], "failed", "{resume}");
    assert!(resume["last_error"].as_str().unwrap().contains("cannot be reached"), "{resume}");
    house.n8n.set_down(false);
    house.advance(6 * HOUR);
    assert_eq!(house.sweep().await.due, 0, "nothing is owed any more");
    assert_eq!(told(&house).len(), 0);
}

#[tokio::test]
async fn repeating_the_decision_sends_what_was_given_up() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.advance(24 * 7 * HOUR);
    house.tick().await;
    house.drain().await;
    assert_eq!(resume_of(&house, entity).await["state"], "failed");
    house.n8n.set_down(false);
    let repeated = decide(&house, "approve", entity).await;
    assert_eq!((repeated.status, repeated.json["n8n_resumed"].as_bool()), (200, Some(true)), "{repeated:?}");
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn what_is_given_up_is_owed_for_another_week_when_the_decision_is_repeated() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.advance(24 * 7 * HOUR);
    house.tick().await;
    house.drain().await;
    let repeated = decide(&house, "approve", entity).await;
    assert_eq!(repeated.json["resume_state"], "pending", "{repeated:?}");
    house.n8n.set_down(false);
    house.live(Duration::from_secs(320)).await;
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn repeating_a_pending_decision_tries_at_once() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.n8n.set_down(false);
    let repeated = decide(&house, "approve", entity).await;
    assert_eq!(repeated.json["n8n_resumed"], true, "{repeated:?}");
    house.live(Duration::from_secs(120)).await;
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn repeating_a_decision_that_n8n_took_sends_nothing() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    decide(&house, "approve", entity).await;
    let before = house.network.sent().len();
    let repeated = decide(&house, "approve", entity).await;
    assert_eq!((repeated.status, repeated.json["n8n_resumed"].as_bool()), (200, Some(true)), "{repeated:?}");
    assert_eq!(house.network.sent().len(), before);
}

#[tokio::test]
async fn an_early_call_is_repeated_within_milliseconds() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    for _ in 0..3 {
        house.n8n.answer_next_resume(Ok((409, r#"{"message":"The execution \"7\" is running already."}"#)));
    }
    let before = house.app.now();
    let decided = decide(&house, "approve", entity).await;
    assert_eq!(decided.json["n8n_resumed"], true, "{decided:?}");
    assert_eq!(house.app.now().since(before), Duration::from_millis(50 + 100 + 200));
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 4);
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn an_execution_that_keeps_running_is_told_later() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_status(EXECUTION, "running");
    let decided = decide(&house, "approve", entity).await;
    assert_eq!(
        (decided.json["n8n_resumed"].as_bool(), decided.json["resume_state"].as_str()),
        (Some(false), Some("pending")),
        "{decided:?}"
    );
    house.n8n.set_status(EXECUTION, "waiting");
    house.live(Duration::from_secs(3)).await;
    assert_eq!(told(&house).len(), 1);
    assert_eq!(resume_of(&house, entity).await["state"], "resumed");
}

#[tokio::test]
async fn a_message_may_come_twice_and_late() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    let message = dump::messages(&house.file).await.unwrap().remove(0);
    house.n8n.set_down(false);
    house.advance(Duration::from_secs(1));
    let (first, second, third) = tokio::join!(
        work_on(&house.app, &message),
        work_on(&house.app, &message),
        work_on(&house.app, &message),
    );
    for outcome in [first, second, third, work_on(&house.app, &message).await] {
        assert_eq!(outcome, shared::work::Handled::Done);
    }
    house.advance(HOUR);
    assert_eq!(work_on(&house.app, &message).await, shared::work::Handled::Done);
    house.live(Duration::from_secs(60)).await;
    assert_eq!(told(&house).len(), 1);
    assert_eq!(house.depth(QueueName::ResumeN8n).await, Default::default());
}

#[tokio::test]
async fn a_message_before_its_time_changes_nothing() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    let message = dump::messages(&house.file).await.unwrap().remove(0);
    let before = resume_of(&house, entity).await;
    assert_eq!(work_on(&house.app, &message).await, shared::work::Handled::Done);
    assert_eq!(resume_of(&house, entity).await, before);
}

#[tokio::test]
async fn a_decision_without_an_execution_owes_nothing() {
    let house = TestApp::new().await;
    let made = house.acme.post("/automation/payload/create", json!({ "title": "Alone" })).await;
    let decided = decide(&house, "approve", made.id()).await;
    assert_eq!(
        (decided.status, decided.json["n8n_resumed"].as_bool(), decided.json["resume_state"].is_null()),
        (200, Some(false), true),
        "{decided:?}"
    );
    house.advance(HOUR);
    assert_eq!(house.sweep().await.due, 0);
}
