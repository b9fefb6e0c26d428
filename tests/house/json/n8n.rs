use std::time::Duration;

use serde_json::json;

use super::{MAGIC, bomb, nested};
use harness::{TestApp, samples};

/// What an n8n may answer to everything. None is what Baton asked for, and each is JSON but for the two that are open.
fn answers() -> Vec<String> {
    let bomb = bomb(80);
    vec![
        bomb.clone(),
        format!("{{\"data\":{bomb},\"id\":{bomb},\"nextCursor\":null}}"),
        format!("{{\"data\":[{{\"id\":{bomb},\"name\":{bomb},\"nodes\":[{bomb}]}}]}}"),
        format!("{{\"{MAGIC}\":\"[\"}}"),
        format!("{{\"message\":{bomb}}}"),
        nested(100_000, ""),
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
    ]
}

/// A tenant's own n8n ended the process, and the debt that it left ended every restart.
#[tokio::test]
async fn whatever_n8n_answers_the_house_stands() {
    for answer in answers() {
        let house = TestApp::new().await;
        house.n8n.answer_api(Some((200, &answer)));
        house.n8n.answer_webhooks(Ok((200, &answer)));
        let installation = house.register(&house.acme).await;
        house.live(Duration::from_secs(20)).await;

        let trigger = json!({ "endpoint": "https://n8n.example.com/webhook/a" });
        let triggered = house.acme.post("/api/trigger-webhook", trigger.clone()).await;
        assert_eq!(triggered.status, 200, "{triggered:?}");
        assert!(!triggered.json["response"].is_null(), "{triggered:?}");
        house.n8n.answer_webhooks(Ok((400, &answer)));
        let refused = house.acme.post("/api/trigger-webhook", trigger).await;
        assert_eq!((refused.status, &refused.json["n8n_status"]), (502, &json!(400)), "{refused:?}");

        let mut body = samples::payload();
        body["installation_id"] = json!(installation);
        body["execution_id"] = json!("7");
        let made = house.acme.post("/automation/payload/create", body).await;
        let decision = json!({ "entity_id": made.id(), "entity_type": "custom_payload" });
        let approved = house.acme.post("/automation/approve", decision).await;
        assert_eq!(approved.status, 200, "{approved:?}");
        let node = json!({ "installation_id": installation, "credential": true });
        let copied = house.log_in(&house.acme).await.post("/api/n8n/nodes/payload", node).await;
        assert!(copied.status < 500, "{copied:?}");
        house.live(Duration::from_secs(20)).await;
        assert_eq!(house.acme.get("/health").await.status, 200);
        house.n8n.answer_api(None);
        house.n8n.answer_webhooks(Ok((200, "{}")));
    }
}

/// n8n's answer is passed on with every digit, whatever its keys are called.
#[tokio::test]
async fn what_a_webhook_answers_is_passed_on_as_it_came() {
    let house = TestApp::new().await;
    house.register(&house.acme).await;
    let answer = format!(
        "{{ \"n\" : 340282366920938463463374607431768211456, \"{MAGIC}\":\"[1\", \"s\":\"\\ud83d\" }}"
    );
    house.n8n.answer_webhooks(Ok((200, &answer)));
    let data = "{\"big\":18446744073709551617,\"$serde_json::private::RawValue\":\"[\"}";
    let body = format!("{{\"endpoint\":\"https://n8n.example.com/webhook/a\",\"data\":{data}}}");
    let triggered =
        house.acme.text(http::Method::POST, "/api/trigger-webhook", "application/json", &body).await;
    assert_eq!(triggered.status, 200, "{triggered:?}");
    let passed_on =
        format!("{{\"n\":340282366920938463463374607431768211456,\"{MAGIC}\":\"[1\",\"s\":\"\\ufffd\"}}");
    assert!(triggered.text.contains(&format!("\"response\":{passed_on}")), "{}", triggered.text);
    let sent = house.network.sent_to("/webhook/a").pop().unwrap();
    let sent = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(sent.contains(&format!("\"data\":{data}")), "{sent}");
}

/// What nests deeper than Baton hands on is shown as text.
#[tokio::test]
async fn an_answer_that_nests_too_deep_is_shown_as_text() {
    let house = TestApp::new().await;
    house.register(&house.acme).await;
    for (levels, is_text) in [(100, false), (101, true)] {
        let answer = nested(levels, "");
        house.n8n.answer_webhooks(Ok((200, &answer)));
        let body = json!({ "endpoint": "https://n8n.example.com/webhook/a" });
        let triggered = house.acme.post("/api/trigger-webhook", body).await;
        assert_eq!(triggered.status, 200, "{triggered:?}");
        assert_eq!(triggered.json["response"] == answer, is_text, "{levels}");
    }
}
