use http::Method;
use serde_json::{Value, json};
use shared::config::Settings;

use harness::{Answer, BATON, N8N, TestApp, named, refusal, snapshot};

const PATH: &str = "/api/n8n/nodes";

async fn house() -> TestApp {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    house
}

async fn node(house: &TestApp, kind: &str, query: &str) -> Answer {
    house.acme.get(&format!("{PATH}/{kind}?{query}")).await
}

async fn kinds(house: &TestApp) -> Vec<String> {
    let listed = house.acme.get(PATH).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let nodes = listed.json["nodes"].as_array().unwrap();
    assert_eq!(listed.json["count"], nodes.len());
    nodes.iter().map(|node| node["kind"].as_str().unwrap().to_owned()).collect()
}

/// The parameters of the node that posts to Baton.
fn request(answer: &Answer) -> &Value {
    let nodes = answer.json["canvas"]["nodes"].as_array().unwrap();
    let post = nodes.iter().find(|node| node["type"] == "n8n-nodes-base.httpRequest");
    &post.unwrap_or_else(|| panic!("no request in {answer:?}"))["parameters"]
}

#[tokio::test]
async fn each_kind_has_its_nodes() {
    let house = house().await;
    let kinds = kinds(&house).await;
    assert_eq!(kinds.len(), 12);
    for kind in kinds {
        let answer = node(&house, &kind, "installation_id=45").await;
        assert_eq!(answer.status, 200, "{kind}: {answer:?}");
        snapshot("a", &format!("n8n_node_{}", kind.replace('-', "_")), &answer);
    }
}

#[tokio::test]
async fn a_reviewer_may_ask_for_another_attempt_where_it_is_wished() {
    let house = house().await;
    for kind in ["payload-review", "media-review", "lead-review"] {
        let plain = node(&house, kind, "").await;
        assert!(!plain.json["canvas"].to_string().contains("regenerate"), "{plain:?}");
        let again = node(&house, kind, "allow_regenerate=1").await;
        assert!(request(&again)["jsonBody"].as_str().unwrap().contains("allow_regenerate: true"));
        let outputs = &again.json["canvas"]["connections"]["Decision"]["main"];
        assert_eq!(outputs[3][0]["node"], "Unknown decision", "the fourth output is for all else: {outputs}");
    }
}

#[tokio::test]
async fn the_trigger_has_the_documented_path() {
    let house = house().await;
    let path = |answer: &Answer| answer.json["canvas"]["nodes"][0]["parameters"]["path"].clone();
    let finding = node(&house, "trigger", "installation_id=45").await;
    assert_eq!(path(&finding), "=invokati-trigger/45/{{ $workflow.id }}");
    assert_eq!(finding.json["endpoint"], Value::Null);
    let written = node(&house, "trigger", "installation_id=45&workflow_id=abc123").await;
    assert_eq!(path(&written), "invokati-trigger/45/abc123");
    let endpoint = written.json["endpoint"].clone();
    assert_eq!(endpoint, format!("{N8N}/webhook/invokati-trigger/45/abc123"));
    let triggered = house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
    assert_eq!((triggered.status, &triggered.json["workflow_id"]), (200, &json!("abc123")), "{triggered:?}");
}

#[tokio::test]
async fn the_only_installation_need_not_be_named() {
    let house = TestApp::new().await;
    assert_eq!(named(&node(&house, "payload", "").await), ["installation_id"]);
    house.seed_installation(&house.acme, 45).await;
    let only = node(&house, "payload", "").await;
    assert_eq!((only.status, &only.json["installation_id"]), (200, &json!(45)), "{only:?}");
    house.seed_installation_at(&house.acme, 46, "https://second.example.com").await;
    assert_eq!(named(&node(&house, "payload", "").await), ["installation_id"]);
    let named_one = node(&house, "payload", "installation_id=46").await;
    assert!(request(&named_one)["jsonBody"].as_str().unwrap().contains("installation_id: 46,"));
}

#[tokio::test]
async fn another_tenants_installation_reads_like_none() {
    let house = house().await;
    house.seed_installation_at(&house.rival, 46, "https://rival.example.com").await;
    for kind in kinds(&house).await {
        let foreign = node(&house, &kind, "installation_id=46").await;
        let unknown = node(&house, &kind, "installation_id=4242").await;
        assert_eq!((foreign.status, unknown.status), (404, 404), "{foreign:?}");
        assert_eq!(foreign.text, unknown.text);
    }
}

#[tokio::test]
async fn an_unknown_kind_is_a_404_that_tells_where_to_look() {
    let house = house().await;
    for kind in ["unknown", "Payload", "payload%2Freview"] {
        let answer = node(&house, kind, "installation_id=45").await;
        assert_eq!(answer.status, 404, "{kind}: {answer:?}");
        assert_eq!(refusal(&answer, PATH), "not_found");
        assert!(answer.text.contains("GET /api/n8n/nodes"), "{answer:?}");
        let posted = house.acme.post(&format!("{PATH}/{kind}"), json!({ "installation_id": 45 })).await;
        assert_eq!((posted.status, posted.text), (404, answer.text));
    }
}

#[tokio::test]
async fn all_wrong_parameters_are_named_at_once() {
    let house = house().await;
    let query = "installation_id=n8n&base_url=ftp://x&workflow_id=a%2Fb&allow_regenerate=maybe";
    let expected = ["allow_regenerate", "base_url", "installation_id", "workflow_id"];
    assert_eq!(named(&node(&house, "payload", query).await), expected);
}

#[tokio::test]
async fn nodes_call_the_address_that_n8n_reaches() {
    let house = house().await;
    let url = |answer: &Answer| request(answer)["url"].as_str().unwrap().to_owned();
    assert_eq!(url(&node(&house, "payload", "").await), format!("{BATON}/api/payloads"));
    let inside = node(&house, "payload", "base_url=http://host.docker.internal:8080/").await;
    assert_eq!(url(&inside), "http://host.docker.internal:8080/api/payloads");
    let headers = [("host", "evil.example"), ("x-forwarded-host", "evil.example")];
    let path = format!("{PATH}/payload");
    let elsewhere = house.acme.call(Method::GET, &path, None, &headers).await;
    assert_eq!(url(&elsewhere), format!("{BATON}/api/payloads"), "what a request calls us is no matter");
}

#[tokio::test]
async fn a_baton_that_does_not_know_its_address_asks_for_it() {
    let house = TestApp::with(Settings::default()).await;
    house.seed_installation(&house.acme, 45).await;
    let answer = node(&house, "payload", "").await;
    assert_eq!(named(&answer), ["base_url"]);
    assert!(answer.text.contains("BATON_PUBLIC_URL"), "{answer:?}");
    assert_eq!(node(&house, "payload", "base_url=https://baton.example.com").await.status, 200);
}

#[tokio::test]
async fn looking_calls_nobody_and_costs_one_read() {
    let house = house().await;
    node(&house, "payload", "installation_id=45").await;
    let before = house.meter();
    let answer = node(&house, "payload-review", "installation_id=45").await;
    assert_eq!(answer.json["credential"]["state"], "by_hand", "{answer:?}");
    let spent = house.meter().since(&before);
    assert_eq!((spent.read_units, spent.write_units, spent.round_trips), (1.0, 0.0, 1));
    assert!(house.network.sent().is_empty());
}
