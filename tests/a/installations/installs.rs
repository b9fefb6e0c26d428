//! The list of n8n instances: what it says of each, and what goes with one that is deleted.

use std::time::Duration;

use serde_json::{Value, json};
use standins::dump;

use harness::{
    N8N, TestApp,
    parked::{EXECUTION, decide, parked, resume_of},
    samples,
};

const SECOND: Duration = Duration::from_secs(1);

async fn row(house: &TestApp, id: u64) -> Value {
    let list = house.acme.get("/api/installs").await;
    assert_eq!(list.status, 200, "{list:?}");
    let rows = list.json["installations"].as_array().unwrap().clone();
    let row = rows.into_iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(house.acme.get(&format!("/api/installs/{id}")).await.json, row);
    row
}

fn push(installation: u64, workflow: &str) -> Value {
    json!({
        "installation_id": installation, "workflow_id": workflow,
        "execution_data": { "id": EXECUTION, "status": "success", "stoppedAt": "2025-01-21T10:30:00Z" },
    })
}

/// The partitions in which anything of an installation lies, but for what is kept on purpose.
async fn left(house: &TestApp, installation: u64) -> Vec<String> {
    let id = installation.to_string();
    let items = dump::items(&house.file).await.unwrap();
    let of = |item: &dump::StoredItem| {
        let kept = ["#payload", "#run#", "#idempotency", "#usage", "#event#"]
            .iter()
            .any(|kept| item.pk.contains(kept));
        !kept && (item.pk.contains(&id) || item.sk.contains(&id) || item.body.contains(&id))
    };
    items.into_iter().filter(of).map(|item| format!("{} / {}", item.pk, item.sk)).collect()
}

#[tokio::test]
async fn a_row_tells_how_the_key_does_and_when_n8n_was_heard_of() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Report", "report");
    house.n8n.refuse_key(true);
    let id = house.register(&house.acme).await;
    let at = row(&house, id).await;
    assert_eq!(at["api_key_health"], json!({ "state": "refused", "since": "2025-01-21T10:30:00Z" }));
    // A refusal is an answer.
    assert_eq!((&at["last_seen_at"], &at["workflows"]), (&json!("2025-01-21T10:30:00Z"), &json!(0)), "{at}");
    assert!(at["listing_error"].as_str().unwrap().contains("refuses the API key"), "{at}");
    house.n8n.refuse_key(false);
    house.advance(60 * SECOND);
    house.register(&house.acme).await;
    let at = row(&house, id).await;
    assert_eq!(at["api_key_health"], json!({ "state": "ok", "since": "2025-01-21T10:31:00Z" }));
    assert_eq!(
        (&at["last_seen_at"], &at["workflows"], &at["listing_error"]),
        (&json!("2025-01-21T10:31:00Z"), &json!(1), &Value::Null),
        "{at}"
    );
    house.advance(90 * SECOND);
    assert_eq!(house.acme.post("/api/push/executions", push(id, "wf2")).await.status, 200);
    let at = row(&house, id).await;
    assert_eq!((&at["last_seen_at"], &at["workflows"]), (&json!("2025-01-21T10:32:30Z"), &json!(2)), "{at}");
}

#[tokio::test]
async fn a_key_that_n8n_has_not_judged_is_unknown() {
    let house = TestApp::new().await;
    house.n8n.set_down(true);
    let id = house.register(&house.acme).await;
    assert_eq!(row(&house, id).await["api_key_health"], json!({ "state": "unknown", "since": null }));
}

#[tokio::test]
async fn an_n8n_that_pushes_all_the_time_is_noted_once_a_minute() {
    let house = TestApp::new().await;
    let id = house.register(&house.acme).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        house.advance(25 * SECOND);
        assert_eq!(house.acme.post("/api/push/executions", push(id, "wf1")).await.status, 200);
        seen.push(row(&house, id).await["last_seen_at"].as_str().unwrap()[14..19].to_owned());
    }
    assert_eq!(seen, ["30:25", "30:25", "30:25", "31:40"]);
}

#[tokio::test]
async fn pages_hold_the_newest_first() {
    let house = TestApp::new().await;
    for id in 1..=5 {
        house.seed_installation(&house.acme, id).await;
    }
    house.seed_installation(&house.rival, 6).await;
    let (mut path, mut ids) = ("/api/installs?limit=2".to_owned(), Vec::new());
    loop {
        let page = house.acme.get(&path).await.json;
        ids.extend(page["installations"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        assert_eq!(page["total"], Value::Null);
        path = format!("/api/installs?limit=2&cursor={next}");
    }
    assert_eq!(ids, [5, 4, 3, 2, 1]);
    assert_eq!(house.acme.get("/api/installs").await.json["total"], 5);
}

#[tokio::test]
async fn nothing_is_left_of_a_deleted_installation() {
    let mut house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Report", "report");
    let id = house.register(&house.acme).await;
    for workflow in ["wf1", "wf2"] {
        assert_eq!(house.acme.post("/api/push/executions", push(id, workflow)).await.status, 200);
    }
    let node = house.acme.post("/api/n8n/nodes/lead", json!({ "installation_id": id })).await;
    assert_eq!(node.status, 201, "{node:?}");
    let key = house.n8n.credentials()[0].data["value"].as_str().unwrap().to_owned();
    let nodes = house.acme.with_key(&key);
    assert_eq!(
        nodes.post("/api/leads", samples::lead()).await.status,
        404,
        "the sample's installation is another"
    );
    assert!(!left(&house, id).await.is_empty());
    let deleted = house.acme.delete(&format!("/api/installs/{id}")).await;
    assert_eq!((deleted.status, &deleted.json["id"]), (200, &json!(id)), "{deleted:?}");
    assert_eq!(house.acme.delete(&format!("/api/installs/{id}")).await.status, 404);
    assert_eq!(house.acme.get("/api/installs").await.json["count"], 0);
    assert_eq!(house.acme.get(&format!("/api/installed/{id}")).await.status, 404);
    assert_eq!(house.acme.post("/api/push/executions", push(id, "wf1")).await.status, 404);
    // The key that Baton put into that n8n.
    assert_eq!(nodes.get("/api").await.status, 403);
    let dump = dump::items(&house.file).await.unwrap();
    assert!(!dump.iter().any(|item| item.body.contains("sealed_api_key")), "n8n's key is kept");
    // Whoever names only the workflow is not told of an installation that is gone.
    let payload = json!({ "title": "x", "workflow_id": "wf1", "payload": 1 });
    assert_eq!(house.acme.post("/api/payloads", payload).await.status, 201);
    house.restart();
    house.live(240 * SECOND).await;
    assert_eq!(left(&house, id).await, [""; 0]);
    let calls = house.faults.calls();
    assert_eq!(calls.iter().filter(|call| call.starts_with("blobs.delete")).count(), 2, "{calls:?}");
    let again = house.register(&house.acme).await;
    assert_ne!(again, id);
    assert_eq!(row(&house, again).await["workflows"], 1);
}

#[tokio::test]
async fn a_decision_that_n8n_has_not_heard_ends_with_its_installation() {
    let mut house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "pending");
    let id = house.acme.get("/api/installs").await.json["installations"][0]["id"].clone();
    assert_eq!(house.acme.delete(&format!("/api/installs/{id}")).await.status, 200);
    house.restart();
    house.live(20 * SECOND).await;
    let resume = resume_of(&house, entity).await;
    assert_eq!(resume["state"], "failed", "{resume}");
    assert_eq!(resume["last_error"], "the installation that it came from was deleted", "{resume}");
    assert_eq!(house.n8n.execution(EXECUTION).unwrap().decisions.len(), 0);
}

#[tokio::test]
async fn a_run_of_a_deleted_installation_is_not_followed() {
    let mut house = TestApp::new().await;
    let id = house.register(&house.acme).await;
    let endpoint = format!("{N8N}/webhook/invokati-trigger/{id}/wf1");
    assert_eq!(house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await.status, 200);
    assert_eq!(house.acme.delete(&format!("/api/installs/{id}")).await.status, 200);
    house.restart();
    house.live(240 * SECOND).await;
    let owing: Vec<_> = dump::items(&house.file).await.unwrap();
    let owing: Vec<_> = owing.into_iter().filter(|item| item.due_at.is_some()).collect();
    assert!(owing.is_empty(), "{owing:?}");
}
