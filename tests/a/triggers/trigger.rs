mod answers;

use std::time::Duration;

use serde_json::{Value, json};
use shared::egress::OutError;

use harness::{Answer, N8N, TestApp, named, refusal, samples};

const PATH: &str = "/api/trigger-webhook";

async fn house() -> TestApp {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    house
}

async fn trigger(house: &TestApp, endpoint: &str) -> Answer {
    house.acme.post(PATH, json!({ "endpoint": endpoint })).await
}

#[tokio::test]
async fn n8n_receives_the_documented_body_and_nothing_else() {
    let house = house().await;
    let answer = house.acme.post(PATH, samples::trigger()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let sent = house.network.sent_to("/webhook/");
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].method.as_str(), sent[0].url.as_str()),
        ("POST", "https://n8n.example.com/webhook/your-path")
    );
    assert_eq!(
        sent[0].json(),
        json!({
            "triggered_at": "2025-01-21T10:30:00Z", "source": "dashboard", "user_id": house.acme.key.user_id,
            "username": "jane@acme.example", "data": { "custom_key": "custom_value" },
        })
    );
    assert_eq!(sent[0].headers["content-type"], "application/json");
    assert!(!format!("{:?}", sent[0].headers).contains(&house.acme.text), "n8n gets no credential of Baton");
}

#[tokio::test]
async fn source_and_data_have_defaults() {
    let house = house().await;
    trigger(&house, "https://n8n.example.com/webhook/your-path").await;
    let body = house.network.sent_to("/webhook/")[0].json();
    assert_eq!((&body["source"], &body["data"]), (&json!("dashboard"), &json!({})));
}

#[tokio::test]
async fn data_sent_as_text_reaches_n8n_as_an_object() {
    let house = house().await;
    let body = samples::with(samples::trigger(), "data", json!(r#"{"custom_key":1}"#));
    house.acme.post(PATH, body).await;
    assert_eq!(house.network.sent_to("/webhook/")[0].json()["data"], json!({ "custom_key": 1 }));
}

#[tokio::test]
async fn the_workflows_answer_is_passed_on() {
    let house = house().await;
    for (said, response, execution) in [
        (r#"{"execution_id":"551","ok":true}"#, json!({ "execution_id": "551", "ok": true }), json!("551")),
        (r#"[{"executionId":551}]"#, json!([{ "executionId": 551 }]), json!("551")),
        ("done", json!("done"), Value::Null),
        ("", json!(""), Value::Null),
        ("<html>thanks</html>", json!("<html>thanks</html>"), Value::Null),
    ] {
        house.n8n.answer_webhooks(Ok((201, said)));
        let answer = house.acme.post(PATH, samples::trigger()).await;
        assert_eq!((answer.status, &answer.json["n8n_status"]), (200, &json!(201)), "{said}");
        assert_eq!(
            (&answer.json["response"], &answer.json["execution_id"]),
            (&response, &execution),
            "{said}"
        );
    }
}

#[tokio::test]
async fn n8ns_error_is_a_502_that_tells_it() {
    let house = house().await;
    let missing = r#"{"code":404,"message":"The requested webhook \"POST your-path\" is not registered."}"#;
    for (status, said, shown) in [
        (404, missing, "is not registered"),
        (500, r#"{"message":"Error in workflow"}"#, "Error in workflow"),
        (502, "<!DOCTYPE html><html><body>Bad gateway</body></html>", "an HTML page"),
    ] {
        house.n8n.answer_webhooks(Ok((status, said)));
        let answer = house.acme.post(PATH, samples::trigger()).await;
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (502, "n8n_error"), "{answer:?}");
        assert_eq!(answer.json["n8n_status"], status);
        let message = answer.json["message"].as_str().unwrap();
        assert!(message.contains(shown) && message.contains(&status.to_string()), "{message}");
        assert!(!message.contains('<') && !message.contains(".."), "{message}");
    }
}

#[tokio::test]
async fn a_dead_n8n_is_a_502() {
    let house = house().await;
    house.n8n.set_down(true);
    let answer = house.acme.post(PATH, samples::trigger()).await;
    assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (502, "n8n_unreachable"), "{answer:?}");
}

#[tokio::test]
async fn an_n8n_that_never_answers_is_a_504() {
    let house = house().await;
    house.n8n.answer_webhooks(Err(OutError::Timeout));
    let answer = house.acme.post(PATH, samples::trigger()).await;
    assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (504, "n8n_timeout"), "{answer:?}");
    house.n8n.answer_webhooks(Err(OutError::Broken("connection reset".into())));
    let answer = house.acme.post(PATH, samples::trigger()).await;
    assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (502, "n8n_answer_lost"), "{answer:?}");
}

#[tokio::test]
async fn a_refused_trigger_leaves_its_idempotency_key_free() {
    let house = house().await;
    house
        .n8n
        .answer_webhooks(Ok((404, r#"{"message":"The requested webhook \"POST x\" is not registered."}"#)));
    assert_eq!(house.acme.post_once(PATH, "once", samples::trigger()).await.status, 502);
    house.n8n.answer_webhooks(Ok((200, "{}")));
    assert_eq!(house.acme.post_once(PATH, "once", samples::trigger()).await.status, 200);
    assert_eq!(
        house.acme.post_once(PATH, "once", samples::trigger()).await.header("idempotent-replayed"),
        Some("true")
    );
    assert_eq!(house.network.sent_to("/webhook/").len(), 2);
}

#[tokio::test]
async fn only_registered_hosts_are_called() {
    let house = house().await;
    for endpoint in [
        "https://other.example.com/webhook/x",
        "https://n8n.example.com:8443/webhook/x",
        "http://n8n.example.com/webhook/x",
        "https://n8n.example.com.evil.test/webhook/x",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:5678/webhook/x",
        "http://private.test/webhook/x",
        "https://jane:secret@n8n.example.com/webhook/x",
        "file:///etc/passwd",
    ] {
        let answer = trigger(&house, endpoint).await;
        assert_eq!(named(&answer), ["endpoint"], "{endpoint}: {answer:?}");
        assert!(!answer.text.contains("secret"), "{answer:?}");
    }
    assert!(house.network.sent().is_empty());
}

#[tokio::test]
async fn another_tenants_n8n_reads_like_an_unregistered_one() {
    let house = house().await;
    let foreign = house.rival.post(PATH, samples::trigger()).await;
    let unknown = house
        .rival
        .post(PATH, samples::with(samples::trigger(), "endpoint", json!("https://x.test/webhook/y")))
        .await;
    assert_eq!((foreign.status, &foreign.text), (422, &unknown.text));
    assert!(house.network.sent().is_empty());
}

#[tokio::test]
async fn a_registered_host_that_turned_private_is_not_called() {
    let house = TestApp::new().await;
    house.seed_installation_at(&house.acme, 45, "http://private.test").await;
    let answer = trigger(&house, "http://private.test/webhook/x").await;
    assert_eq!(named(&answer), ["endpoint"], "{answer:?}");
}

#[tokio::test]
async fn the_documented_webhook_path_names_installation_and_workflow() {
    let house = house().await;
    let answer = trigger(&house, &format!("{N8N}/webhook/invokati-trigger/45/abc123")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        (&answer.json["installation_id"], &answer.json["workflow_id"]),
        (&json!(45), &json!("abc123"))
    );
    assert!(answer.json["nid"].is_u64() && answer.json["following"] == true, "{answer:?}");
    let listed = house.acme.get("/api/installed/45").await;
    assert_eq!(listed.json["workflows"][0]["nid"], answer.json["nid"]);
}

#[tokio::test]
async fn a_listed_webhook_leads_to_its_workflow() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("abc123", "Report", "reports/monthly");
    house.register(&house.acme).await;
    let answer = trigger(&house, &format!("{N8N}/webhook/reports/monthly")).await;
    assert_eq!((answer.status, &answer.json["workflow_id"]), (200, &json!("abc123")), "{answer:?}");
    assert!(answer.json["nid"].is_u64());
}

#[tokio::test]
async fn a_path_that_can_be_nobodys_webhook_is_called_and_not_followed() {
    let house = house().await;
    let long = "x".repeat(1500);
    for path in
        ["webhook", "webhook/", &format!("webhook/{long}"), &format!("webhook/invokati-trigger/45/{long}")]
    {
        let answer = trigger(&house, &format!("{N8N}/{path}")).await;
        assert_eq!((answer.status, &answer.json["workflow_id"]), (200, &Value::Null), "{path}: {answer:?}");
        assert_eq!(answer.json["following"], false, "{path}: {answer:?}");
    }
    let answer = trigger(&house, &format!("{N8N}/webhook==ath")).await;
    assert_eq!((answer.status, &answer.json["n8n_status"]), (502, &json!(404)), "{answer:?}");
}

#[tokio::test]
async fn an_installation_in_the_path_that_is_not_the_hosts_is_not_believed() {
    let house = house().await;
    house.seed_installation_at(&house.acme, 46, "https://second.example.com").await;
    let answer = trigger(&house, &format!("{N8N}/webhook/invokati-trigger/46/abc123")).await;
    assert_eq!(answer.json["installation_id"], 45, "{answer:?}");
}
