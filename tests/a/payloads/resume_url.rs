//! A `resume_url` that n8n makes of a wrong setting costs nobody an item.

use serde_json::{Value, json};

use harness::{Answer, N8N, TestApp, named};

const CREATE: &str = "/automation/payload/create";

async fn house() -> TestApp {
    let house = TestApp::new().await;
    house.register(&house.acme).await;
    house
}

async fn post(house: &TestApp, more: Value) -> Answer {
    let mut body = json!({ "title": "x", "workflow_id": "wf1", "execution_id": "7" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.acme.post(CREATE, body).await
}

/// The codes of its warnings.
fn codes(answer: &Answer) -> Vec<&str> {
    answer.json["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_address_elsewhere_is_taken_to_the_registered_host_and_the_decision_arrives() {
    for wrong in [
        "http://localhost:5678",
        "http://127.0.0.1:5678",
        "http://n8n:5678",
        "http://10.0.0.7:5678",
        "http://n8n.example.com",
        "https://n8n.example.com:8443",
        "https://old-name.example.com/n8n",
    ] {
        let house = house().await;
        let made =
            post(&house, json!({ "resume_url": format!("{wrong}/webhook-waiting/7?signature=token-7") }))
                .await;
        assert_eq!((made.status, codes(&made)), (201, vec!["resume_url_moved"]), "{wrong}: {made:?}");
        let words = made.json["warnings"][0]["message"].as_str().unwrap();
        let origin = wrong.trim_end_matches("/n8n");
        assert!(words.contains(origin) && words.contains(N8N) && words.contains("WEBHOOK_URL"), "{words}");
        assert!(!made.text.contains("token-7"), "{made:?}");
        house.n8n.waits(7, "wf1", made.id());
        let body = json!({ "entity_id": made.id(), "entity_type": "custom_payload" });
        let decided = house.acme.post("/automation/approve", body).await;
        assert_eq!(decided.json["n8n_resumed"], true, "{wrong}: {decided:?}");
        let told: Vec<_> =
            house.network.sent_to("/webhook-waiting/").iter().map(|sent| sent.url.to_string()).collect();
        assert_eq!(told, [format!("{N8N}/webhook-waiting/7?signature=token-7")], "{wrong}");
        let hosts = house.network.sent().iter().all(|sent| sent.url.as_str().starts_with(N8N));
        assert!(hosts, "nothing but the registered host is called");
    }
}

#[tokio::test]
async fn the_installation_is_the_named_one_the_workflows_or_the_only_one() {
    let house = house().await;
    let first = house.register(&house.acme).await;
    house.seed_installation_at(&house.acme, 46, "https://second.example.com/n8n").await;
    let lost = "http://localhost:5678/webhook-waiting/7?signature=s";
    let named_one = post(&house, json!({ "resume_url": lost, "installation_id": 46 })).await;
    assert_eq!((named_one.status, &named_one.json["installation_id"]), (201, &json!(46)), "{named_one:?}");
    assert!(named_one.text.contains("https://second.example.com/n8n"), "{named_one:?}");
    // 46 has the workflow now, and it alone.
    let known = post(&house, json!({ "resume_url": lost })).await;
    assert_eq!((known.status, &known.json["installation_id"]), (201, &json!(46)), "{known:?}");
    // By its host's name, whatever the scheme and the port.
    let by_name = "http://n8n.example.com:5678/webhook-waiting/7?signature=s";
    let by_name = post(&house, json!({ "resume_url": by_name, "workflow_id": "new" })).await;
    assert_eq!((by_name.status, &by_name.json["installation_id"]), (201, &json!(first)), "{by_name:?}");
    let nobodys = post(&house, json!({ "resume_url": lost, "workflow_id": "other" })).await;
    assert_eq!(named(&nobodys), ["resume_url"], "two could be meant: {nobodys:?}");
}

#[tokio::test]
async fn an_address_that_is_no_waits_is_refused_as_before() {
    let house = house().await;
    for url in [
        "https://evil.test/?signature=s3cret",
        "http://169.254.169.254/latest/meta-data?signature=s3cret",
        "http://localhost:5678/webhook-waiting?signature=s3cret",
        "https://jane:s3cret@localhost/webhook-waiting/7",
        "ftp://localhost/webhook-waiting/7?signature=s3cret",
    ] {
        let answer = post(&house, json!({ "resume_url": url })).await;
        assert_eq!(named(&answer), ["resume_url"], "{url}: {answer:?}");
        assert!(!answer.text.contains("s3cret"), "{answer:?}");
    }
    assert_eq!(house.acme.get("/api/payloads/list").await.json["count"], 0);
}

#[tokio::test]
async fn without_any_registered_n8n_it_is_refused() {
    let house = TestApp::new().await;
    house.seed_installation_at(&house.rival, 46, "https://rival.example.com").await;
    for url in ["http://localhost:5678/webhook-waiting/7", "https://rival.example.com/webhook-waiting/7"] {
        assert_eq!(named(&post(&house, json!({ "resume_url": url })).await), ["resume_url"], "{url}");
    }
}

#[tokio::test]
async fn every_kind_of_item_says_so() {
    let house = house().await;
    let url = "http://localhost:5678/webhook-waiting/7?signature=s3cret";
    for (path, body) in [
        ("/api/payloads", json!({ "title": "x" })),
        ("/api/media", json!({ "title": "x", "media_type": "image" })),
        ("/automation/media/create", json!({ "title": "x", "media_type": "image" })),
        ("/api/leads", json!({ "first_name": "J", "last_name": "D", "email": "j@example.com" })),
        ("/api/invoices", json!({ "invoice_number": "1", "amount": 1 })),
    ] {
        for (url, wanted) in [(url, vec!["resume_url_moved"]), (&format!("{N8N}/webhook-waiting/7"), vec![])]
        {
            let mut body = body.clone();
            body["resume_url"] = json!(url);
            let made = house.acme.post(path, body).await;
            assert!(made.status < 300, "{path}: {made:?}");
            assert_eq!(codes(&made), wanted, "{path}: {made:?}");
            assert_eq!(made.json.get("warnings").is_some(), !wanted.is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_repeat_reads_the_same_warning() {
    let house = house().await;
    let body = json!({ "title": "x", "resume_url": "http://localhost:5678/webhook-waiting/7?signature=s" });
    let first = house.acme.post_once(CREATE, "once", body.clone()).await;
    let again = house.acme.post_once(CREATE, "once", body).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &first.text));
}
