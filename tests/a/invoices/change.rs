use std::time::Duration;

use serde_json::{Value, json};

use super::{PATH, shown};
use harness::{TestApp, named, refusal, samples};

async fn patch(house: &TestApp, body: Value) -> harness::Answer {
    house.acme.patch(&format!("{PATH}/72"), body).await
}

async fn to(house: &TestApp, status: &str) -> harness::Answer {
    house.acme.patch(&format!("{PATH}/72/status"), json!({ "status": status })).await
}

#[tokio::test]
async fn only_what_is_named_changes() {
    let house = samples::scene().await;
    let before = shown(&house, 72).await;
    house.advance(Duration::from_secs(60));
    // The vendor's node sends its collection as it is: blank text and zeros too.
    let answer =
        patch(&house, json!({ "amount": 0, "title": "Setup", "client_name": "", "due_date": "" })).await;
    assert_eq!((answer.status, &answer.json["id"]), (200, &json!(72)), "{answer:?}");
    let mut expected = before.clone();
    expected["amount"] = json!(0);
    expected["title"] = json!("Setup");
    expected["changed"] = json!(before["changed"].as_i64().unwrap() + 60);
    assert_eq!(shown(&house, 72).await, expected);
}

#[tokio::test]
async fn an_empty_change_and_unknown_fields_are_taken() {
    let house = samples::scene().await;
    let before = shown(&house, 72).await;
    let body = json!({ "id": 7, "invoice_number": "X", "group_id": house.rival.key.group_id, "created": 1 });
    for body in [json!({}), body] {
        assert_eq!(patch(&house, body).await.status, 200);
    }
    assert_eq!(shown(&house, 72).await, before);
}

#[tokio::test]
async fn bad_changes_are_named_and_change_nothing() {
    let house = samples::scene().await;
    let before = shown(&house, 72).await;
    let answer =
        patch(&house, json!({ "title": "x", "amount": "5,00", "currency": "??", "status": "lost" })).await;
    assert_eq!(named(&answer), ["amount", "currency", "status"]);
    assert_eq!(shown(&house, 72).await, before);
}

#[tokio::test]
async fn every_move_is_on_record() {
    let house = samples::scene().await;
    let walk = ["sent", "viewed", "paid", "disputed", "cancelled", "draft", "overdue", "paid"];
    for status in walk {
        house.advance(Duration::from_secs(60));
        let answer = to(&house, status).await;
        assert_eq!((answer.status, &answer.json["status"]), (200, &json!(status)), "{answer:?}");
        let paid = shown(&house, 72).await["paid_at"].is_string();
        assert_eq!(paid, status == "paid", "{status}");
    }
    let shown = shown(&house, 72).await;
    let history = shown["status_history"].as_array().unwrap();
    let moves: Vec<_> = history.iter().map(|entry| entry["to"].as_str().unwrap()).collect();
    assert_eq!(moves, walk);
    let (first, last) = (&history[0], &history[7]);
    assert_eq!((&first["from"], &first["by"]), (&json!("draft"), &json!("jane@acme.example")));
    assert_eq!((&first["at"], &last["from"]), (&json!("2025-01-21T10:31:00Z"), &json!("overdue")));
    assert_eq!(shown["paid_at"], "2025-01-21T10:38:00Z");
}

#[tokio::test]
async fn the_same_status_again_writes_nothing() {
    let house = samples::scene().await;
    to(&house, "paid").await;
    let before = house.meter();
    let again = to(&house, "paid").await;
    assert_eq!((again.status, &again.json["status"]), (200, &json!("paid")));
    assert_eq!(house.meter().since(&before).write_units, 0.0);
    assert_eq!(shown(&house, 72).await["status_history"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_invoice_is_gone_for_every_verb() {
    let house = samples::scene().await;
    let path = format!("{PATH}/72");
    let deleted = house.acme.delete(&path).await;
    assert_eq!((deleted.status, &deleted.json["id"]), (200, &json!(72)));
    for answer in [
        house.acme.get(&path).await,
        patch(&house, json!({ "title": "x" })).await,
        to(&house, "paid").await,
        house.acme.delete(&path).await,
    ] {
        assert_eq!((answer.status, refusal(&answer, &path).as_str()), (404, "not_found"));
    }
    assert_eq!(house.acme.get(&format!("{PATH}/list")).await.json["total"], 0);
    assert_eq!(house.acme.get(&format!("{PATH}/list?status=draft")).await.json["total"], 0);
}

#[tokio::test]
async fn another_tenant_changes_nothing() {
    let house = samples::scene().await;
    let (before, path) = (shown(&house, 72).await, format!("{PATH}/72"));
    for answer in [
        house.rival.get(&path).await,
        house.rival.patch(&path, json!({ "title": "x" })).await,
        house.rival.patch(&format!("{path}/status"), json!({ "status": "paid" })).await,
        house.rival.delete(&path).await,
    ] {
        assert_eq!(answer.status, 404);
    }
    assert_eq!(shown(&house, 72).await, before);
}

#[tokio::test]
async fn a_repeated_write_of_the_engine_is_no_conflict() {
    let house = samples::scene().await;
    house.faults.set(standins::Plan::RepeatWrites);
    assert_eq!(patch(&house, json!({ "amount": 7000 })).await.status, 200);
    assert_eq!(to(&house, "sent").await.status, 200);
    assert_eq!(shown(&house, 72).await["status_history"].as_array().unwrap().len(), 1);
}
