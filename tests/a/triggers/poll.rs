use std::time::Duration;

use serde_json::{Value, json};
use shared::queue::QueueName;
use standins::Execution;

use harness::{Answer, N8N, TestApp};

const PATH: &str = "/api/poll-execution";

/// An organization that has pushed or triggered nothing yet, and the node of its workflow abc123.
async fn house() -> (TestApp, u64) {
    let house = TestApp::new().await;
    house.n8n.add_workflow("abc123", "Report", "report");
    let installation = house.register(&house.acme).await;
    let listed = house.acme.get(&format!("/api/installed/{installation}")).await;
    let nid = listed.json["workflows"][0]["nid"].as_u64().unwrap();
    (house, nid)
}

async fn push(house: &TestApp, execution: Value) {
    let node = house.acme.get(&format!("/api/installed/{}", installation(house).await)).await;
    let body = json!({
        "installation_id": node.json["installation_id"], "workflow_id": "abc123", "execution_data": execution,
    });
    let answer = house.acme.post("/api/push/executions", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Registering again tells the id.
async fn installation(house: &TestApp) -> u64 {
    house.register(&house.acme).await
}

async fn poll(house: &TestApp, nid: u64, after: Value) -> Answer {
    let answer = house.acme.post(PATH, json!({ "nid": nid, "triggered_after": after })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

fn execution(status: &str, started_at: i64) -> Execution {
    Execution {
        workflow_id: "abc123".into(),
        status: status.into(),
        started_at,
        entities: vec![],
        passed: 0,
        decisions: vec![],
        token: "t".into(),
        order: Default::default(),
    }
}

#[tokio::test]
async fn n8ns_words_become_the_documents_three() {
    for (word, status, complete) in [
        ("new", "waiting", false),
        ("running", "waiting", false),
        ("waiting", "waiting", false),
        ("unknown", "waiting", false),
        ("success", "success", true),
        ("error", "error", true),
        ("crashed", "error", true),
        ("canceled", "error", true),
    ] {
        let (house, nid) = house().await;
        push(&house, json!({ "id": "551", "status": word, "startedAt": "2025-01-21T10:30:00Z" })).await;
        let answer = poll(&house, nid, Value::Null).await;
        let shown = (&answer.json["status"], &answer.json["is_complete"], &answer.json["n8n_status"]);
        assert_eq!(shown, (&json!(status), &json!(complete), &json!(word)));
        assert_eq!(answer.json["execution_id"], "551");
        assert!(!answer.json["stopped_at"].is_string(), "{answer:?}");
    }
}

#[tokio::test]
async fn pushed_data_goes_first() {
    let (house, nid) = house().await;
    house.n8n.put(9, execution("error", 1_737_455_400_000));
    push(
        &house,
        json!({
            "id": "551", "status": "success", "startedAt": "2025-01-21T10:30:01Z", "stoppedAt": "2025-01-21T10:30:04.5Z",
        }),
    )
    .await;
    let asked = house.network.sent_to("/api/v1/executions").len();
    let answer = poll(&house, nid, Value::Null).await;
    assert_eq!((&answer.json["status"], &answer.json["execution_id"]), (&json!("success"), &json!("551")));
    assert_eq!(answer.json["started_at"], "2025-01-21T10:30:01.000Z");
    assert_eq!(answer.json["stopped_at"], "2025-01-21T10:30:04.500Z");
    house.drain().await;
    assert_eq!(house.network.sent_to("/api/v1/executions").len(), asked, "n8n need not be asked");
}

#[tokio::test]
async fn an_execution_before_triggered_after_does_not_count() {
    let (house, nid) = house().await;
    push(
        &house,
        json!({
            "id": "551", "status": "success", "startedAt": "2025-01-21T10:20:00Z", "stoppedAt": "2025-01-21T10:20:04Z",
        }),
    )
    .await;
    let later = poll(&house, nid, json!("2025-01-21T10:30:00Z")).await;
    assert_eq!((&later.json["status"], &later.json["is_complete"]), (&json!("waiting"), &json!(false)));
    assert_eq!(later.json["execution_id"], Value::Null);
    let same = poll(&house, nid, json!("2025-01-21T10:20:00Z")).await;
    assert_eq!(same.json["status"], "success");
    let zone = poll(&house, nid, json!("2025-01-21T11:20:00+01:00")).await;
    assert_eq!(zone.json["status"], "success");
}

#[tokio::test]
async fn what_was_not_pushed_is_asked_of_n8n_in_the_background() {
    let (house, nid) = house().await;
    assert_eq!(poll(&house, nid, Value::Null).await.json["status"], "waiting");
    house.n8n.put(7, execution("success", 1_737_455_400_000));
    house.live(Duration::from_secs(5)).await;
    let answer = poll(&house, nid, Value::Null).await;
    assert_eq!((&answer.json["status"], &answer.json["execution_id"]), (&json!("success"), &json!("7")));
}

#[tokio::test]
async fn a_triggered_run_is_followed_to_its_end() {
    for (word, status) in [("success", "success"), ("error", "error"), ("crashed", "error")] {
        let (house, nid) = house().await;
        house.n8n.put(6, execution("success", 1_737_455_000_000));
        let triggered = house
            .acme
            .post("/api/trigger-webhook", json!({ "endpoint": format!("{N8N}/webhook/report") }))
            .await;
        assert_eq!(triggered.json["nid"], nid, "{triggered:?}");
        let after = triggered.json["triggered_at"].clone();
        assert_eq!(poll(&house, nid, after.clone()).await.json["status"], "waiting");
        house.n8n.put(7, execution("running", 1_737_455_400_500));
        house.live(Duration::from_secs(5)).await;
        let running = poll(&house, nid, after.clone()).await;
        assert_eq!(
            (&running.json["status"], &running.json["execution_id"]),
            (&json!("waiting"), &json!("7"))
        );
        house.n8n.set_status(7, word);
        house.live(Duration::from_secs(20)).await;
        let ended = poll(&house, nid, after).await;
        assert_eq!((&ended.json["status"], &ended.json["n8n_status"]), (&json!(status), &json!(word)));
        assert_eq!((&ended.json["execution_id"], &ended.json["is_complete"]), (&json!("7"), &json!(true)));
    }
}

#[tokio::test]
async fn the_message_says_why_nothing_is_known() {
    let (house, nid) = house().await;
    house.n8n.refuse_key(true);
    poll(&house, nid, Value::Null).await;
    house.drain().await;
    let answer = poll(&house, nid, Value::Null).await;
    assert_eq!(answer.json["status"], "waiting");
    assert!(answer.json["message"].as_str().unwrap().contains("API key"), "{answer:?}");
}

#[tokio::test]
async fn a_failed_execution_tells_its_error() {
    let (house, nid) = house().await;
    let data =
        json!({ "resultData": { "error": { "message": "ENOTFOUND api.example.com" }, "runData": {} } });
    push(
        &house,
        json!({ "id": "551", "status": "error", "startedAt": "2025-01-21T10:30:00Z", "data": data }),
    )
    .await;
    let answer = poll(&house, nid, Value::Null).await;
    assert!(answer.json["message"].as_str().unwrap().contains("ENOTFOUND"), "{answer:?}");
}

#[tokio::test]
async fn polls_in_quick_succession_ask_n8n_once() {
    let (house, nid) = house().await;
    poll(&house, nid, Value::Null).await;
    house.drain().await;
    let (asked, waiting) = (house.network.sent().len(), house.depth(QueueName::PollExecutions).await.waiting);
    for _ in 0..5 {
        poll(&house, nid, Value::Null).await;
    }
    assert_eq!(house.depth(QueueName::PollExecutions).await.waiting, waiting);
    house.drain().await;
    assert_eq!(house.network.sent().len(), asked);
}
