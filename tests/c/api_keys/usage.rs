use serde_json::{Value, json};

use harness::{Caller, TestApp};

use super::{DAY, PATH, make, revoke};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

/// What is told of a key: requests of a day, of a month, and when the last one was.
async fn usage(house: &TestApp, key: &Value) -> (Value, Value, Value) {
    // Without a key, so that asking is no use of one.
    let session = house.log_in(&house.acme).await;
    let answer = session.get(&format!("{PATH}/usage")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = answer.json["keys"].as_array().unwrap();
    assert_eq!(answer.json["total"], all.len());
    let found = all.iter().find(|one| one["id"] == *key).unwrap_or_else(|| panic!("{answer:?}"));
    (found["requests_24h"].clone(), found["requests_30d"].clone(), found["last_used_at"].clone())
}

async fn call(key: &Caller, times: usize) {
    for _ in 0..times {
        assert_eq!(key.get("/api/payloads/list").await.status, 200);
    }
}

#[tokio::test]
async fn requests_are_counted_by_day_and_by_month() {
    let house = TestApp::new().await;
    let (key, id) = make(&house.acme, json!({ "name": "n8n" })).await;
    let id = json!(id);
    assert_eq!(usage(&house, &id).await, (json!(0), json!(0), Value::Null), "never used");
    call(&key, 3).await;
    house.app.accounts().note_key_uses().await;
    assert_eq!(usage(&house, &id).await, (json!(3), json!(3), json!("2025-01-21T10:30:00Z")));
    house.advance(23 * HOUR);
    call(&key, 2).await;
    house.app.accounts().note_key_uses().await;
    assert_eq!(usage(&house, &id).await, (json!(5), json!(5), json!("2025-01-22T09:30:00Z")));
    house.advance(HOUR);
    assert_eq!(usage(&house, &id).await.0, 2, "the hour of the first three has passed");
    // To the last day on which the first of them count, and then to that of the others.
    for (later, month) in [(28 * DAY, 5), (DAY, 2), (DAY, 0)] {
        house.advance(later);
        assert_eq!(
            usage(&house, &id).await,
            (json!(0), json!(month), json!("2025-01-22T09:30:00Z")),
            "{later:?}"
        );
    }
}

#[tokio::test]
async fn what_is_refused_for_the_key_itself_is_no_use_of_it() {
    let house = TestApp::new().await;
    let (key, id) =
        make(&house.acme, json!({ "allowed_ips": ["203.0.113.0/24"], "scopes": ["payloads:read"] })).await;
    let inside = key.at("203.0.113.9", true);
    call(&inside, 1).await;
    assert_eq!(inside.get("/api/leads/list").await.status, 403, "it lacks the scope, and was used");
    assert_eq!(key.at("198.51.100.9", true).get("/api/payloads/list").await.status, 403);
    revoke(&house.acme, id).await;
    assert_eq!(inside.get("/api/payloads/list").await.status, 403);
    house.app.accounts().note_all_key_uses().await;
    assert_eq!(usage(&house, &json!(id)).await.0, 2);
}

#[tokio::test]
async fn a_request_writes_nothing_to_be_counted() {
    let house = TestApp::new().await;
    call(&house.acme, 1).await;
    let before = house.meter();
    call(&house.acme, 100).await;
    assert_eq!(house.meter().since(&before).write_units, 0.0);
    house.app.accounts().note_key_uses().await;
    let spent = house.meter().since(&before);
    assert_eq!(spent.write_units, 1.0, "one write for all of them");
    assert_eq!(usage(&house, &json!(house.acme.key.id)).await.0, 101);
}
