use std::time::Duration;

use serde_json::{Value, json};

use harness::{Answer, N8N, TestApp, named, samples};

const PATH: &str = "/api/installs/register";

async fn register(house: &TestApp, field: &str, value: Value) -> Answer {
    house.acme.post(PATH, samples::with(samples::registration(), field, value)).await
}

#[tokio::test]
async fn registering_again_updates_the_same_installation() {
    let house = TestApp::new().await;
    let first = house.acme.post(PATH, samples::registration()).await;
    let second = register(&house, "title", json!("Staging n8n")).await;
    assert_eq!((first.status, second.status), (201, 200));
    assert_eq!(first.json["installation_id"], second.json["installation_id"]);
    let other = register(&house, "instance_id", json!("my-n8n-002")).await;
    assert_eq!(other.status, 201);
    assert_ne!(other.json["installation_id"], first.json["installation_id"]);
}

#[tokio::test]
async fn n8ns_key_is_in_no_reply() {
    let house = TestApp::new().await;
    let key = "n8n-api-key-here";
    let made = house.acme.post(PATH, samples::registration()).await;
    let again = house.acme.post(PATH, samples::registration()).await;
    let refused = register(&house, "host", json!("http://127.0.0.1")).await;
    let spaced = register(&house, "api_key", json!("n8n-api-key-here with words")).await;
    let listed = house.acme.get(&format!("/api/installed/{}", made.json["installation_id"])).await;
    for answer in [made, again, refused, spaced, listed] {
        assert!(!answer.text.contains(key), "{answer:?}");
    }
}

#[tokio::test]
async fn hosts_that_lead_inside_are_refused_and_change_nothing() {
    let house = TestApp::new().await;
    for host in [
        "http://private.test",
        "http://169.254.169.254",
        "http://127.0.0.1",
        "http://127.0.0.1:5678",
        "http://localhost",
        "http://[::1]",
        "http://[::ffff:10.0.0.1]",
        "http://10.0.0.7",
        "http://2130706433",
        "http://0x7f.1",
        "http://0",
        "https://jane:secret@n8n.example.com",
        "https://n8n.example.com/?a=b",
        "ftp://n8n.example.com",
        "javascript:alert(1)",
    ] {
        for field in ["host", "webhook_url"] {
            let before = house.meter();
            let answer = register(&house, field, json!(host)).await;
            assert_eq!(named(&answer), [field], "{host}: {answer:?}");
            assert!(!answer.text.contains("secret"), "{answer:?}");
            assert_eq!(house.meter().since(&before).write_units, 0.0, "{host}");
        }
    }
    assert!(house.network.sent().is_empty());
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told() {
    let house = TestApp::new().await;
    let answer = register(&house, "host", json!("https://nowhere.test")).await;
    assert_eq!(named(&answer), ["host"]);
    assert!(answer.json["message"].as_str().unwrap().contains("looked up"), "{answer:?}");
}

#[tokio::test]
async fn a_refused_update_leaves_the_installation_as_it_was() {
    let house = TestApp::new().await;
    house.register(&house.acme).await;
    assert_eq!(register(&house, "host", json!("http://127.0.0.1")).await.status, 422);
    assert_eq!(house.acme.post("/api/trigger-webhook", samples::trigger()).await.status, 200);
}

#[tokio::test]
async fn a_moved_n8n_is_called_at_its_new_host_only() {
    let house = TestApp::new().await;
    house.register(&house.acme).await;
    assert_eq!(register(&house, "host", json!("https://moved.example.com")).await.status, 200);
    assert_eq!(named(&house.acme.post("/api/trigger-webhook", samples::trigger()).await), ["endpoint"]);
}

#[tokio::test]
async fn the_webhook_origin_counts_as_the_installations() {
    let house = TestApp::new().await;
    let answer = register(&house, "webhook_url", json!(N8N)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(house.acme.post("/api/trigger-webhook", samples::trigger()).await.status, 200);
}

#[tokio::test]
async fn the_reply_says_how_n8n_takes_the_key() {
    type Trouble = fn(&TestApp);
    let rows: [(Trouble, Value, &str); 7] = [
        (|_| {}, json!(true), ""),
        (|house| house.n8n.refuse_key(true), json!(false), "refuses the API key"),
        (|house| house.n8n.answer_api(Some((403, r#"{"message":"Forbidden"}"#))), json!(false), "scope"),
        (|house| house.n8n.answer_api(Some((200, "<html>Sign in</html>"))), json!(false), "not n8n's API"),
        (|house| house.n8n.answer_api(Some((503, "starting"))), Value::Null, "503"),
        (|house| house.n8n.set_down(true), Value::Null, "cannot be reached"),
        (
            |house| house.n8n.slow(&house.clock, Duration::from_secs(9), Duration::ZERO),
            Value::Null,
            "did not answer within 2 seconds",
        ),
    ];
    for (trouble, ok, error) in rows {
        let house = TestApp::new().await;
        trouble(&house);
        let begun = house.app.now();
        let body = samples::with(samples::registration(), "host", json!(N8N));
        let answer = house.acme.post_once(PATH, "once", body.clone()).await;
        assert!(house.app.now().since(begun) <= Duration::from_secs(2), "{error}");
        assert_eq!((answer.status, &answer.json["n8n_api"]["ok"]), (201, &ok), "{error}: {answer:?}");
        let said = answer.json["n8n_api"]["error"].as_str().unwrap_or_default();
        assert!(said.contains(error) && said.is_empty() == error.is_empty(), "{error}: {answer:?}");
        assert!(!answer.text.contains("n8n-api-key-here"), "{answer:?}");
        let asked = house.network.sent();
        assert!(asked.len() <= 1, "{asked:?}");
        assert!(asked.iter().all(|asked| asked.url.as_str() == format!("{N8N}/api/v1/workflows?limit=1")));
        let again = house.acme.post_once(PATH, "once", body).await;
        assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &answer.text));
    }
}

#[tokio::test]
async fn a_large_workflow_is_an_answer() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Report", "report");
    house.n8n.pin(3 << 20);
    let answer = register(&house, "host", json!(N8N)).await;
    assert_eq!(answer.json["n8n_api"], json!({ "ok": true }), "{answer:?}");
}

#[tokio::test]
async fn an_address_inside_n8n_is_cut_to_its_base() {
    for page in
        ["/api/v1", "/api/v1/", "/home/workflows", "/workflow/AbCdEfGh12345678?projectId=1", "/webhook/x"]
    {
        let house = TestApp::new().await;
        house.n8n.add_workflow("wf1", "Report", "report");
        let answer = register(&house, "host", json!(format!("{N8N}{page}"))).await;
        assert_eq!((answer.status, &answer.json["n8n_api"]["ok"]), (201, &json!(true)), "{page}: {answer:?}");
        let warning = &answer.json["warnings"][0];
        assert_eq!(warning["code"], "address_cut", "{page}: {answer:?}");
        assert!(warning["message"].as_str().unwrap().contains(N8N), "{warning}");
        house.drain().await;
        assert!(house.network.sent().iter().all(|sent| sent.url.path() == "/api/v1/workflows"), "{page}");
        let triggered =
            house.acme.post("/api/trigger-webhook", json!({ "endpoint": format!("{N8N}/webhook/report") }));
        assert_eq!(triggered.await.json["workflow_id"], "wf1", "{page}");
    }
    let house = TestApp::new().await;
    assert_eq!(house.acme.post(PATH, samples::registration()).await.json["warnings"], Value::Null);
}

#[tokio::test]
async fn an_instance_id_is_a_tenants_own() {
    let house = TestApp::new().await;
    let ours = house.acme.post(PATH, samples::registration()).await;
    let theirs = house.rival.post(PATH, samples::registration()).await;
    assert_eq!((ours.status, theirs.status), (201, 201));
    assert_ne!(ours.json["installation_id"], theirs.json["installation_id"]);
}
