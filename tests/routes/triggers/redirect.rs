//! A redirect is no start: it is a login page's, or a proxy's.

use serde_json::{Value, json};

use crate::support::{Answer, N8N, TestApp, refusal};

const PATH: &str = "/api/trigger-webhook";

async fn trigger(house: &TestApp, status: u16, there: &str) -> Answer {
    house.n8n.redirect_webhooks(Some((status, there)));
    let endpoint = format!("{N8N}/webhook/invokati-trigger/45/abc123?token=s3cret-token");
    house.acme.post(PATH, json!({ "endpoint": endpoint })).await
}

async fn house() -> TestApp {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    house
}

#[tokio::test]
async fn redirects_of_logins_and_proxies_are_errors_that_say_where_they_lead() {
    let house = house().await;
    for (status, there, shown) in [
        (302, "/login?back=s3cret-token", "https://n8n.example.com/login"),
        (301, "https://n8n.example.org/webhook/x", "https://n8n.example.org/webhook/x"),
        (303, "https://sso.example.com/", "https://sso.example.com/"),
        (308, "https://n8n.example.com/n8n/webhook/x", "https://n8n.example.com/n8n/webhook/x"),
        (300, "", "redirect"),
        (304, "", "redirect"),
        // The same webhook by another scheme, or with a slash: no workflow's own words.
        (307, "http://n8n.example.com/webhook/invokati-trigger/45/abc123", "http://n8n.example.com/webhook"),
        (307, "https://n8n.example.com/webhook/invokati-trigger/45/abc123/", "/abc123"),
    ] {
        let answer = trigger(&house, status, there).await;
        assert_eq!(
            (answer.status, refusal(&answer, PATH).as_str()),
            (502, "n8n_error"),
            "{status}: {answer:?}"
        );
        assert_eq!(answer.json["n8n_status"], status);
        let message = answer.json["message"].as_str().unwrap();
        assert!(message.contains(shown) && message.contains("redirect"), "{message}");
        assert!(!answer.text.contains("s3cret") && !answer.text.contains("Workflow triggered"), "{answer:?}");
    }
    assert_eq!(house.network.sent().len(), house.network.sent_to("/webhook/").len(), "none is followed");
}

#[tokio::test]
async fn n8ns_own_redirect_response_is_a_start() {
    let house = house().await;
    for there in ["https://shop.example.com/thanks", "/thanks"] {
        let answer = trigger(&house, 307, there).await;
        assert_eq!((answer.status, &answer.json["n8n_status"]), (200, &json!(307)), "{answer:?}");
        assert_eq!(
            (&answer.json["message"], &answer.json["following"]),
            (&json!("Workflow triggered."), &json!(true))
        );
        assert_eq!(answer.json["response"], json!(""));
    }
}

#[tokio::test]
async fn a_redirect_leaves_the_idempotency_key_free() {
    let house = house().await;
    house.n8n.redirect_webhooks(Some((302, "/login")));
    let body = json!({ "endpoint": format!("{N8N}/webhook/invokati-trigger/45/abc123") });
    assert_eq!(house.acme.post_once(PATH, "once", body.clone()).await.status, 502);
    house.n8n.redirect_webhooks(None);
    let again = house.acme.post_once(PATH, "once", body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, None), "{again:?}");
    assert_ne!(again.json["nid"], Value::Null);
}
