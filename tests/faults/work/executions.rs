//! Items whose execution is over say so.

use std::time::Duration;

use serde_json::{Value, json};
use standins::Order;

use harness::TestApp;
use harness::parked::{EXECUTION, RESUME_URL, asked, decide, parked};

async fn shown(house: &TestApp, entity: u64) -> Value {
    house.acme.get(&format!("/api/payloads/{entity}")).await.json
}

async fn push(house: &TestApp, installation: &Value, status: &str) {
    let body = json!({
        "installation_id": installation, "workflow_id": "wf1",
        "execution_data": { "id": EXECUTION.to_string(), "status": status, "finished": status == "success" },
    });
    let pushed = house.acme.post("/api/push/executions", body).await;
    assert_eq!(pushed.status, 200, "{pushed:?}");
}

#[tokio::test]
async fn a_push_marks_what_nobody_has_decided() {
    for (status, state) in
        [("success", "ended"), ("error", "failed"), ("crashed", "failed"), ("canceled", "failed")]
    {
        let house = TestApp::new().await;
        let made = asked(&house, 2, false).await;
        let before = shown(&house, made[0]).await;
        assert!(before.get("execution_state").is_none(), "{before}");
        push(&house, &before["installation_id"], "waiting").await;
        assert!(shown(&house, made[0]).await.get("execution_state").is_none(), "it waits");
        push(&house, &before["installation_id"], status).await;
        for entity in &made {
            let now = shown(&house, *entity).await;
            assert_eq!(
                (&now["execution_state"], &now["automation_status"]),
                (&json!(state), &json!("pending"))
            );
        }
        for (wanted, count) in [("over", 2), (state, 2), ("gone", 0)] {
            let listed = house.acme.get(&format!("/api/payloads/list?execution_state={wanted}")).await;
            assert_eq!(listed.json["count"], count, "{wanted}: {listed:?}");
        }
        let wrong = house.acme.get("/api/payloads/list?execution_state=dead").await;
        assert_eq!(wrong.status, 422, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_decision_that_comes_too_late_marks_the_others_too() {
    let house = TestApp::new().await;
    let made = asked(&house, 3, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
    house.n8n.set_status(EXECUTION, "error");
    assert_eq!(decide(&house, "approve", made[0]).await.json["resume_state"], "finished");
    for entity in &made {
        assert_eq!(shown(&house, *entity).await["execution_state"], "ended");
    }
    let gone = TestApp::new().await;
    let entity = parked(&gone, Some(RESUME_URL)).await;
    gone.n8n.delete(EXECUTION);
    assert_eq!(decide(&gone, "approve", entity).await.json["resume_state"], "gone");
    assert_eq!(shown(&gone, entity).await["execution_state"], "gone");
}

#[tokio::test]
async fn a_poll_marks_them() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    house.n8n.answer_webhooks(Ok((200, r#"{"execution_id":"7"}"#)));
    let endpoint = format!("{}/webhook/invokati-trigger/{installation}/wf1", harness::N8N);
    let triggered = house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
    assert_eq!(triggered.status, 200, "{triggered:?}");
    let entity = asked(&house, 1, false).await[0];
    house.n8n.waits(EXECUTION, "wf1", entity);
    house.live(Duration::from_secs(5)).await;
    assert!(shown(&house, entity).await.get("execution_state").is_none());
    house.n8n.set_status(EXECUTION, "crashed");
    house.live(Duration::from_secs(60)).await;
    assert_eq!(shown(&house, entity).await["execution_state"], "failed");
}

#[tokio::test]
async fn posting_for_another_execution_begins_anew() {
    let house = TestApp::new().await;
    let entity = asked(&house, 1, false).await[0];
    let installation = shown(&house, entity).await["installation_id"].clone();
    push(&house, &installation, "error").await;
    assert_eq!(shown(&house, entity).await["execution_state"], "failed");
    house.n8n.waits(8, "wf1", entity);
    let body = json!({ "entity_id": entity, "entity_type": "custom_payload", "execution_id": "8" });
    assert_eq!(house.acme.post("/automation/approve", body).await.json["n8n_resumed"], true);
    assert!(shown(&house, entity).await.get("execution_state").is_none());
}
