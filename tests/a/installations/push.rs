use serde_json::{Value, json};
use shared::{blobs::BlobKey, config::Settings};

use harness::{Answer, Caller, TestApp, named, refusal, samples};

const PATH: &str = "/api/push/executions";

pub async fn push(caller: &Caller, execution: Value) -> Answer {
    let body = json!({ "installation_id": 45, "workflow_id": "abc123", "execution_data": execution });
    caller.post(PATH, body).await
}

pub async fn house() -> TestApp {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    house
}

fn ended(id: &str, status: &str, stopped_at: &str) -> Value {
    json!({ "id": id, "status": status, "startedAt": "2025-01-21T10:00:00Z", "stoppedAt": stopped_at })
}

async fn newest(house: &TestApp, nid: &Value) -> (Value, Value) {
    let answer = house.acme.post("/api/poll-execution", json!({ "nid": nid })).await;
    (answer.json["execution_id"].clone(), answer.json["status"].clone())
}

#[tokio::test]
async fn data_is_kept_to_the_byte_under_the_documented_name() {
    let house = house().await;
    let body = "{\"installation_id\":45, \"execution_data\" : { \"id\":\"551\",\"n\" : 1.0 }\n,\"workflow_id\":\"abc123\"}";
    let answer = house.acme.text(http::Method::POST, PATH, "application/json", body).await;
    assert_eq!((answer.status, &answer.json["file"]), (200, &json!("45-abc123.json")), "{answer:?}");
    let key = BlobKey::of(house.acme.key.tenant, "45-abc123.json");
    let kept = house.app.blobs.get(&key, None).await.unwrap().unwrap();
    assert_eq!(&kept[..], b"{ \"id\":\"551\",\"n\" : 1.0 }");
}

#[tokio::test]
async fn pushes_out_of_order_keep_the_newest() {
    let house = house().await;
    let first = push(&house.acme, ended("10", "success", "2025-01-21T10:10:00Z")).await;
    assert_eq!(first.json["newest"], true);
    let older = push(&house.acme, ended("9", "error", "2025-01-21T10:20:00Z")).await;
    assert_eq!((older.status, &older.json["newest"]), (200, &json!(false)), "n8n's ids decide");
    assert_eq!(newest(&house, &first.json["nid"]).await, (json!("10"), json!("success")));
    let newer = push(&house.acme, ended("11", "error", "2025-01-21T10:15:00Z")).await;
    assert_eq!(newer.json["newest"], true);
    assert_eq!(newest(&house, &first.json["nid"]).await, (json!("11"), json!("error")));
}

#[tokio::test]
async fn a_late_push_of_an_earlier_state_changes_nothing() {
    let house = house().await;
    let done = push(&house.acme, ended("10", "success", "2025-01-21T10:10:00Z")).await;
    let late =
        push(&house.acme, json!({ "id": "10", "status": "running", "startedAt": "2025-01-21T10:00:00Z" }))
            .await;
    assert_eq!((late.status, &late.json["newest"]), (200, &json!(false)));
    let stale = push(&house.acme, ended("10", "error", "2025-01-21T10:05:00Z")).await;
    assert_eq!(stale.json["newest"], false);
    assert_eq!(newest(&house, &done.json["nid"]).await, (json!("10"), json!("success")));
}

#[tokio::test]
async fn ids_that_are_no_numbers_are_told_apart_by_time() {
    let house = house().await;
    let first = push(&house.acme, ended("exec-b", "success", "2025-01-21T10:10:00Z")).await;
    let older = push(&house.acme, ended("exec-a", "error", "2025-01-21T10:05:00Z")).await;
    assert_eq!((&first.json["newest"], &older.json["newest"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn an_unknown_installation_is_a_404_and_stores_nothing() {
    let house = house().await;
    for (caller, id) in [(&house.acme, samples::NOWHERE), (&house.rival, 45)] {
        let body = json!({ "installation_id": id, "workflow_id": "abc123", "execution_data": {} });
        let answer = caller.post(PATH, body).await;
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (404, "not_found"));
        let key = BlobKey::of(caller.key.tenant, &format!("{id}-abc123.json"));
        assert!(house.app.blobs.get(&key, None).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn data_that_is_no_object_is_named() {
    let house = house().await;
    for data in [json!("{}"), json!([]), json!(1), json!(true), Value::Null] {
        assert_eq!(named(&push(&house.acme, data.clone()).await), ["execution_data"], "{data}");
    }
}

#[tokio::test]
async fn a_workflows_name_is_learned_from_its_data() {
    let house = house().await;
    push(&house.acme, json!({ "id": "1", "workflowData": { "id": "abc123", "name": "Report" } })).await;
    assert_eq!(house.acme.get("/api/installed/45").await.json["workflows"][0]["name"], "Report");
    push(&house.acme, json!({ "id": "2", "workflowData": { "id": "abc123", "name": "Renamed" } })).await;
    push(&house.acme, json!({ "id": "3" })).await;
    assert_eq!(house.acme.get("/api/installed/45").await.json["workflows"][0]["name"], "Renamed");
}

#[tokio::test]
async fn a_workflow_id_cannot_leave_the_tenants_folder() {
    let house = house().await;
    for (workflow, path) in [("../../../etc/passwd", "45-"), ("a/../../b", "45-a"), ("..", "45-")] {
        let body = json!({ "installation_id": 45, "workflow_id": workflow, "execution_data": { "id": "1" } });
        let answer = house.acme.post(PATH, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let file = answer.json["file"].as_str().unwrap();
        assert!(file.starts_with(path), "{file}");
        let key = BlobKey::of(house.acme.key.tenant, file);
        assert!(house.app.blobs.get(&key, None).await.unwrap().is_some());
        assert!(!key.as_str().contains("/.."), "{}", key.as_str());
    }
}

#[tokio::test]
async fn megabytes_are_taken() {
    let house = TestApp::with(Settings::default()).await;
    house.seed_installation(&house.acme, 45).await;
    let run = json!({ "startTime": 1, "data": { "main": [[{ "json": { "text": "x".repeat(5 * 1024 * 1024) } }]] } });
    let data =
        json!({ "id": "1", "status": "success", "data": { "resultData": { "runData": { "Node": [run] } } } });
    assert_eq!(push(&house.acme, data).await.status, 200);
}
