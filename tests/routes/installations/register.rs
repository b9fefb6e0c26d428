use serde_json::{Value, json};

use crate::support::{Answer, N8N, TestApp, named, samples};

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
async fn an_instance_id_is_a_tenants_own() {
    let house = TestApp::new().await;
    let ours = house.acme.post(PATH, samples::registration()).await;
    let theirs = house.rival.post(PATH, samples::registration()).await;
    assert_eq!((ours.status, theirs.status), (201, 201));
    assert_ne!(ours.json["installation_id"], theirs.json["installation_id"]);
}
