use std::time::Duration;

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_decision_reaches_n8n_at_once() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let body = json!({ "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": "7" });
    let made = house.acme.post("/automation/payload/create", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.n8n.waits(7, "wf1", made.id());
    let decided = house
        .acme
        .post(
            "/automation/approve",
            json!({ "entity_id": made.id(), "entity_type": "custom_payload", "notes": "ok" }),
        )
        .await;
    assert_eq!((decided.status, decided.json["n8n_resumed"].as_bool()), (200, Some(true)), "{decided:?}");
    let told = house.n8n.execution(7).unwrap().decisions;
    assert_eq!(
        told,
        [
            json!({ "decision": "approved", "notes": "ok", "entity_id": made.id(), "entity_type": "custom_payload" })
        ]
    );
}

#[tokio::test]
async fn a_decision_waits_for_n8n_to_come_back() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let body = json!({ "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": "7" });
    let made = house.acme.post("/automation/payload/create", body).await;
    house.n8n.waits(7, "wf1", made.id());
    house.n8n.set_down(true);
    let decided = house
        .acme
        .post("/automation/deny", json!({ "entity_id": made.id(), "entity_type": "custom_payload" }))
        .await;
    assert_eq!(
        (decided.status, decided.json["resume_state"].as_str()),
        (200, Some("pending")),
        "{decided:?}"
    );
    house.live(Duration::from_secs(600)).await;
    assert_eq!(house.n8n.execution(7).unwrap().decisions.len(), 0);
    house.n8n.set_down(false);
    house.live(Duration::from_secs(600)).await;
    assert_eq!(house.n8n.execution(7).unwrap().decisions.len(), 1);
    let shown = house.acme.get(&format!("/api/payloads/{}", made.id())).await;
    assert_eq!(shown.json["resume"]["state"], "resumed", "{shown:?}");
}
