use std::time::Duration;

use serde_json::{Value, json};

use harness::{N8N, TestApp, samples};

async fn installed(house: &TestApp, id: u64) -> Value {
    let answer = house.acme.get(&format!("/api/installed/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

#[tokio::test]
async fn what_n8ns_api_lists_is_imported_at_registration() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("abc123", "Monthly report", "monthly");
    house.n8n.add_workflow("def456", "Weekly report", "weekly");
    let id = house.register(&house.acme).await;
    let list = installed(&house, id).await;
    assert_eq!((&list["workflow_ids"], &list["count"]), (&json!(["abc123", "def456"]), &json!(2)));
    assert_eq!(
        (&list["workflows"][0]["name"], &list["listing_error"]),
        (&json!("Monthly report"), &Value::Null)
    );
    assert!(list["workflows"].as_array().unwrap().iter().all(|row| row["nid"].is_u64()), "{list}");
}

#[tokio::test]
async fn every_sight_of_a_workflow_imports_it() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    assert_eq!(installed(&house, 45).await["workflow_ids"], json!([]));
    house.acme.post("/api/token-usage", samples::token_usage()).await;
    let push = json!({ "installation_id": 45, "workflow_id": "pushed", "execution_data": { "id": "1" } });
    house.acme.post("/api/push/executions", push).await;
    let endpoint = format!("{N8N}/webhook/invokati-trigger/45/triggered");
    house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
    house.acme.post("/api/payloads", samples::payload()).await;
    let list = installed(&house, 45).await;
    assert_eq!(list["workflow_ids"], json!(["abc123", "b9NLgJV0oXIpXSsr", "pushed", "triggered"]));
}

#[tokio::test]
async fn a_dead_n8n_is_listed_when_it_comes_back() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("abc123", "Report", "report");
    house.n8n.set_down(true);
    let id = house.register(&house.acme).await;
    let list = installed(&house, id).await;
    assert_eq!(list["count"], 0);
    assert!(list["listing_error"].as_str().unwrap().contains("connection refused"), "{list}");
    house.n8n.set_down(false);
    house.live(Duration::from_secs(30)).await;
    let list = installed(&house, id).await;
    assert_eq!((&list["count"], &list["listing_error"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn a_refused_key_is_told_and_not_tried_again() {
    let house = TestApp::new().await;
    house.n8n.refuse_key(true);
    let id = house.register(&house.acme).await;
    let error = installed(&house, id).await["listing_error"].as_str().unwrap().to_owned();
    assert!(error.contains("API key") && error.contains("401"), "{error}");
    let asked = house.network.sent().len();
    house.live(Duration::from_secs(60)).await;
    assert_eq!(house.network.sent().len(), asked);
}

#[tokio::test]
async fn a_page_that_is_no_n8n_is_told() {
    let house = TestApp::new().await;
    house.network.host(N8N, |_| {
        Ok(shared::egress::OutReply {
            status: 200,
            headers: http::HeaderMap::new(),
            body: "<!DOCTYPE html><html>Welcome</html>".into(),
        })
    });
    let id = house.register(&house.acme).await;
    let list = installed(&house, id).await;
    assert!(list["listing_error"].as_str().unwrap().contains("not n8n's API"), "{list}");
}

#[tokio::test]
async fn an_id_as_any_text_rendering_leads_to_the_installation() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    for id in ["45", "000045", "ins_j"] {
        let answer = house.acme.get(&format!("/api/installed/{id}")).await;
        assert_eq!(answer.status, 200, "{id}");
    }
}
