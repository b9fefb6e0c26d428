use std::time::Duration;

use serde_json::{Value, json};

use harness::{Answer, TestApp, named, samples};

const PATH: &str = "/api/payloads/42";

async fn shown(house: &TestApp) -> Value {
    let answer = house.acme.get(PATH).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

async fn patch(house: &TestApp, body: Value) -> Answer {
    house.acme.patch(PATH, body).await
}

#[tokio::test]
async fn what_is_left_out_stays() {
    let house = samples::scene().await;
    let mut expected = shown(&house).await;
    house.advance(Duration::from_secs(60));
    let answer = patch(&house, json!({ "title": "Weekly SEO Report", "status": "late" })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    expected["title"] = json!("Weekly SEO Report");
    expected["status"] = json!("late");
    expected["changed"] = json!(1_737_455_460);
    assert_eq!(shown(&house).await, expected);
    assert_eq!(patch(&house, json!({})).await.status, 200);
    assert_eq!(shown(&house).await, expected);
}

#[tokio::test]
async fn every_field_can_be_changed() {
    let house = samples::scene().await;
    let change = json!({
        "title": "T", "task_type": "brief", "payload": [1], "human_interaction": false, "allow_regenerate": false,
        "automation_status": "denied", "status": "s",
    });
    assert_eq!(patch(&house, change.clone()).await.status, 200);
    let now = shown(&house).await;
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&now[field], value, "{field}");
    }
}

#[tokio::test]
async fn content_is_replaced_and_not_merged() {
    let house = samples::scene().await;
    patch(&house, json!({ "payload": { "new": true } })).await;
    assert_eq!(shown(&house).await["payload"], json!({ "new": true }));
    patch(&house, json!({ "payload": r#"{"as":"text"}"# })).await;
    assert_eq!(shown(&house).await["payload"], json!({ "as": "text" }));
}

#[tokio::test]
async fn content_may_grow_out_of_the_record_and_back() {
    let house = samples::scene().await;
    let large = json!("x".repeat(70_000));
    patch(&house, json!({ "payload": large })).await;
    assert_eq!(shown(&house).await["payload"], large);
    assert_eq!(shown(&house).await["payload_bytes"], 70_002);
    patch(&house, json!({ "title": "still large" })).await;
    assert_eq!(shown(&house).await["payload"], large);
    patch(&house, json!({ "payload": "small" })).await;
    assert_eq!(
        (&shown(&house).await["payload"], &shown(&house).await["payload_bytes"]),
        (&json!("small"), &Value::Null)
    );
}

#[tokio::test]
async fn bad_changes_are_named_and_change_nothing() {
    let house = samples::scene().await;
    let before = shown(&house).await;
    for (body, fields) in [
        (json!({ "title": "" }), vec!["title"]),
        (json!({ "title": null }), vec!["title"]),
        (json!({ "automation_status": "regenerate" }), vec!["automation_status"]),
        (
            json!({ "automation_status": "lost", "allow_regenerate": "x", "title": [] }),
            vec!["allow_regenerate", "automation_status", "title"],
        ),
    ] {
        assert_eq!(named(&patch(&house, body.clone()).await), fields, "{body}");
    }
    assert_eq!(shown(&house).await, before);
}

#[tokio::test]
async fn a_status_set_here_does_not_resume_n8n() {
    let house = samples::scene().await;
    assert_eq!(patch(&house, json!({ "automation_status": "approved" })).await.status, 200);
    house.live(Duration::from_secs(60)).await;
    assert_eq!(house.n8n.execution(0).unwrap().decisions, Vec::<Value>::new());
    let now = shown(&house).await;
    assert_eq!((&now["decision"], &now["resume"]), (&Value::Null, &Value::Null));
    let entry = &now["history"][0];
    assert_eq!((&entry["from"], &entry["to"]), (&json!("pending"), &json!("approved")));
    assert_eq!(entry["by"], "jane@acme.example");
}

#[tokio::test]
async fn fields_that_cannot_be_changed_are_ignored() {
    let house = samples::scene().await;
    let before = shown(&house).await;
    patch(
        &house,
        json!({ "id": 7, "group_id": house.rival.key.group_id, "installation_id": 99, "created": 1 }),
    )
    .await;
    assert_eq!(shown(&house).await, before);
}
