//! Ports that refuse now and then. A caller gets what was asked for or a 503 to repeat, and never half of it.

use serde_json::{Value, json};
use standins::Plan;

use harness::{Answer, TestApp};
use harness::{
    footprint::footprint,
    pass,
    stories::{Bill, Create, Decide, Message, Push, Register, Repost, Story, Usage},
};

/// Repeats until it is done, as a client does, and returns the last reply and how often it was sent.
async fn insist(story: &impl Story, house: &TestApp, at: &Value) -> (Answer, usize) {
    for tries in 1..200 {
        let reply = story.act(house, at).await;
        if reply.status < 300 {
            return (reply, tries);
        }
        assert_eq!(reply.status, 503, "{reply:?}");
        assert!(reply.header("retry-after").is_some(), "{reply:?}");
        house.advance(std::time::Duration::from_secs(1));
    }
    panic!("the client gave up");
}

async fn survives(story: impl Story) {
    let house = TestApp::new().await;
    let at = story.set_up(&house).await;
    story.act(&house, &at).await;
    pass(&house, 120).await;
    let (expected, items) = (story.state(&house, &at).await, footprint(&house).await);
    let mut repeats = 0;
    for seed in 0..8 {
        for lost in [false, true] {
            let mut house = TestApp::new().await;
            let at = story.set_up(&house).await;
            house.restart();
            house.faults.set(match lost {
                false => Plan::Throttle { percent: 30, seed },
                true => Plan::LoseAnswers { percent: 30, seed },
            });
            let (_, tries) = insist(&story, &house, &at).await;
            repeats += tries - 1;
            house.faults.set(Plan::Calm);
            pass(&house, 120).await;
            assert_eq!(story.state(&house, &at).await, expected, "seed {seed}, answers lost: {lost}");
            assert_eq!(footprint(&house).await, items, "seed {seed}, answers lost: {lost}");
        }
    }
    assert!(repeats > 4, "hardly anything was refused");
}

#[tokio::test]
async fn decisions_survive_throttles() {
    survives(Decide("approve")).await;
}

#[tokio::test]
async fn creates_survive_throttles() {
    survives(Create { bytes: 100_000 }).await;
}

#[tokio::test]
async fn posting_again_survives_throttles() {
    survives(Repost).await;
}

#[tokio::test]
async fn pushes_survive_throttles() {
    survives(Push).await;
}

#[tokio::test]
async fn registrations_survive_throttles() {
    survives(Register).await;
}

#[tokio::test]
async fn token_usage_survives_throttles() {
    survives(Usage { pushed: false }).await;
    survives(Usage { pushed: true }).await;
}

#[tokio::test]
async fn chat_messages_survive_throttles() {
    survives(Message { first: true }).await;
    survives(Message { first: false }).await;
}

#[tokio::test]
async fn invoices_survive_throttles() {
    survives(Bill { taken: false }).await;
    survives(Bill { taken: true }).await;
}

#[tokio::test]
async fn workers_go_on_through_throttles() {
    let house = TestApp::new().await;
    let at = Decide("approve").set_up(&house).await;
    house.n8n.set_down(true);
    assert_eq!(Decide("approve").act(&house, &at).await.json["resume_state"], json!("pending"));
    house.n8n.set_down(false);
    house.faults.set(Plan::Throttle { percent: 30, seed: 5 });
    for _ in 0..60 {
        // A tick that is refused is a tick that comes later.
        let _ = shared::work::due::tick(
            &house.app,
            std::time::Duration::from_secs(1),
            shared::clock::Millis(i64::MAX),
        )
        .await;
        house.drain().await;
        house.advance(std::time::Duration::from_secs(5));
    }
    house.faults.set(Plan::Calm);
    pass(&house, 120).await;
    Decide("approve").state(&house, &at).await;
}

#[tokio::test]
async fn writes_that_an_engine_repeats_count_once() {
    let house = TestApp::new().await;
    let at = Decide("approve").set_up(&house).await;
    house.faults.set(Plan::RepeatWrites);
    let content = |letter: &str| json!({ "text": letter.repeat(100_000) });
    let made = house.acme.post("/api/payloads", json!({ "title": "First", "payload": content("x") })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/api/payloads/{}", made.id());
    assert_eq!(house.acme.get(&path).await.json["payload"], content("x"));
    let changed = house.acme.patch(&path, json!({ "payload": content("y") })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(house.acme.get(&path).await.json["payload"], content("y"));
    // Without an `Idempotency-Key`, so that a decision is a single write too.
    let body = json!({ "entity_id": at["entity"], "entity_type": "custom_payload" });
    let decided = house.acme.post("/automation/approve", body).await;
    assert_eq!(decided.status, 200, "{decided:?}");
    let connected = house.acme.post("/api/n8n/nodes/payload", json!({})).await;
    assert_eq!(connected.status, 201, "{connected:?}");
    house.faults.set(Plan::Calm);
    pass(&house, 120).await;
    assert_eq!(house.acme.get("/api/payloads/list").await.json["count"], 2);
    let told = house.n8n.execution(7).unwrap().decisions;
    assert_eq!(told.len(), 1, "{told:?}");
}
