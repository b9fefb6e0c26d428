//! A redirect is no start: it is a login page's, or a proxy's.

use serde_json::{Value, json};

use harness::{Answer, N8N, TestApp, refusal};

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
async fn a_redirect_that_may_be_the_workflows_own_is_followed_and_not_called_again() {
    let house = house().await;
    house.n8n.redirect_webhooks(Some((302, "https://shop.example.com/thanks")));
    let body = json!({ "endpoint": format!("{N8N}/webhook/invokati-trigger/45/abc123") });
    let first = house.acme.post_once(PATH, "once", body.clone()).await;
    let message = first.json["message"].as_str().unwrap();
    assert!(message.contains("has run") && !message.contains("Nothing"), "{message}");
    assert_eq!((first.status, &first.json["following"]), (502, &json!(true)), "{first:?}");
    house.n8n.redirect_webhooks(None);
    let again = house.acme.post_once(PATH, "once", body).await;
    assert_eq!((again.status, &again.text), (502, &first.text));
    assert_eq!(house.network.sent_to("/webhook/").len(), 1);
    house.n8n.runs(551, "abc123", house.app.now().0);
    house.n8n.set_status(551, "success");
    house.live(std::time::Duration::from_secs(10)).await;
    let polled = house.acme.post("/api/poll-execution", json!({ "nid": first.json["nid"] })).await;
    assert_eq!(polled.json["execution_id"], "551", "{polled:?}");
}

#[tokio::test]
async fn a_redirect_to_the_same_webhook_leaves_the_idempotency_key_free() {
    let house = house().await;
    let body = json!({ "endpoint": format!("{N8N}/webhook/invokati-trigger/45/abc123") });
    for status in [301, 307] {
        house.n8n.redirect_webhooks(Some((status, "/webhook/invokati-trigger/45/abc123/")));
        let refused = house.acme.post_once(PATH, "once", body.clone()).await;
        assert_eq!((refused.status, &refused.json["nid"]), (502, &Value::Null), "{refused:?}");
        assert!(refused.json["message"].as_str().unwrap().contains("Nothing was triggered"), "{refused:?}");
    }
    house.n8n.redirect_webhooks(None);
    let again = house.acme.post_once(PATH, "once", body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, None), "{again:?}");
    assert_ne!(again.json["nid"], Value::Null);
}
