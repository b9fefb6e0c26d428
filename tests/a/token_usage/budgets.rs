//! Budgets: who is told, and how often.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use harness::{TestApp, named, refusal, samples};

const PATH: &str = "/api/budgets";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn create(house: &TestApp, fields: Value) -> u64 {
    let mut body = json!({ "title": "Calls", "period": "day", "amount": 10 });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = house.acme.post(PATH, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.id()
}

/// Spends dollars: gpt-4 costs 30 for a million tokens of input.
async fn spend(house: &TestApp, workflow: &str, dollars: u64) {
    let mut body = samples::with(samples::token_usage(), "workflow_id", json!(workflow));
    body["input_tokens"] = json!((dollars * 1_000_000).div_ceil(30));
    body["output_tokens"] = json!(0);
    let answer = house.acme.post("/api/token-usage", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// Lets what is owed be done.
async fn settle(house: &TestApp) {
    for _ in 0..2 {
        house.advance(2 * MINUTE);
        house.sweep().await;
        house.drain().await;
    }
}

/// The titles of all notifications, in the order of the alphabet.
async fn told(house: &TestApp) -> Vec<String> {
    let listed = house.acme.get("/api/notifications/list").await.json;
    let all = listed["notifications"].as_array().unwrap().iter();
    let mut titles: Vec<_> = all.map(|one| one["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

#[tokio::test]
async fn each_threshold_is_told_once_in_its_window() {
    let house = TestApp::new().await;
    let id = create(&house, json!({})).await;
    spend(&house, "w", 4).await;
    settle(&house).await;
    assert_eq!(told(&house).await, [""; 0]);
    spend(&house, "w", 2).await;
    settle(&house).await;
    assert_eq!(told(&house).await, ["Calls: 50 % reached"]);
    spend(&house, "w", 3).await;
    spend(&house, "w", 3).await;
    settle(&house).await;
    spend(&house, "w", 1).await;
    settle(&house).await;
    let once = ["Calls: 100 % reached", "Calls: 50 % reached", "Calls: 80 % reached"];
    assert_eq!(told(&house).await, once);
    let newest = house.acme.get("/api/notifications/list").await.json["notifications"][0].clone();
    assert_eq!((&newest["entity_type"], &newest["entity_id"]), (&json!("budget"), &json!(id)), "{newest}");
    let row = house.acme.get(PATH).await.json["budgets"][0].clone();
    assert_eq!((&row["percent"], &row["window"]), (&json!(130), &json!("2025-01-21")), "{row}");
    assert_eq!(house.acme.get(&format!("{PATH}/{id}")).await.json, row);
    assert_eq!(house.rival.get(&format!("{PATH}/{id}")).await.status, 404);
    house.advance(DAY);
    spend(&house, "w", 6).await;
    settle(&house).await;
    assert_eq!(told(&house).await.len(), 4, "another day");
}

#[tokio::test]
async fn what_was_spent_before_there_was_the_budget_counts() {
    let house = TestApp::new().await;
    spend(&house, "w", 9).await;
    create(&house, json!({ "period": "month" })).await;
    settle(&house).await;
    assert_eq!(told(&house).await, ["Calls: 50 % reached", "Calls: 80 % reached"]);
}

#[tokio::test]
async fn a_window_that_ended_before_the_look_is_still_told() {
    let house = TestApp::new().await;
    create(&house, json!({})).await;
    let to_midnight = Duration::from_secs(24 * 3600 - 30)
        - Duration::from_millis(u64::try_from(house.app.now().0.rem_euclid(24 * 3_600_000)).unwrap());
    house.advance(to_midnight);
    spend(&house, "w", 6).await;
    settle(&house).await;
    assert_eq!(told(&house).await, ["Calls: 50 % reached"]);
}

#[tokio::test]
async fn a_budget_counts_its_own_scope() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let group = house.acme.key.group_id.get();
    create(&house, json!({ "title": "All" })).await;
    create(&house, json!({ "title": "Group", "group_id": group })).await;
    create(&house, json!({ "title": "One", "workflow_id": "w1" })).await;
    create(&house, json!({ "title": "Two", "workflow_id": "w2", "thresholds": [10, "60"] })).await;
    spend(&house, "w1", 4).await;
    spend(&house, "w2", 4).await;
    let mut elsewhere =
        samples::with(samples::token_usage(), "n8n_base_url", json!("https://nobody.example.com"));
    elsewhere["input_tokens"] = json!(100_000);
    assert_eq!(house.acme.post("/api/token-usage", elsewhere).await.status, 201);
    settle(&house).await;
    let expected = [
        "All: 100 % reached",
        "All: 50 % reached",
        "All: 80 % reached",
        "Group: 50 % reached",
        "Group: 80 % reached",
        "Two: 10 % reached",
    ];
    assert_eq!(told(&house).await, expected);
    assert_eq!(house.rival.get("/api/notifications/list").await.json["count"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn records_and_looks_at_once_tell_once() {
    let mut house = TestApp::new().await;
    create(&house, json!({})).await;
    for round in 0..3 {
        join_all((0..12).map(|_| spend(&house, "w", 1))).await;
        house.advance(2 * MINUTE);
        house.sweep().await;
        futures::join!(house.drain(), house.drain());
        if round == 1 {
            house.restart();
        }
    }
    settle(&house).await;
    assert_eq!(told(&house).await, ["Calls: 100 % reached", "Calls: 50 % reached", "Calls: 80 % reached"]);
}

#[tokio::test]
async fn another_amount_is_another_budget() {
    let house = TestApp::new().await;
    let id = create(&house, json!({ "thresholds": [50] })).await;
    spend(&house, "w", 6).await;
    settle(&house).await;
    let path = format!("{PATH}/{id}");
    assert_eq!(
        house.acme.patch(&path, json!({ "title": "Other", "thresholds": [50, 60] })).await.status,
        200
    );
    settle(&house).await;
    assert_eq!(told(&house).await, ["Calls: 50 % reached", "Other: 60 % reached"]);
    assert_eq!(house.acme.patch(&path, json!({ "amount": 8, "thresholds": [50] })).await.status, 200);
    settle(&house).await;
    assert_eq!(told(&house).await.len(), 3);
    assert_eq!(house.acme.delete(&path).await.status, 200);
    spend(&house, "w", 60).await;
    settle(&house).await;
    assert_eq!(told(&house).await.len(), 3);
    let again = house.acme.delete(&path).await;
    assert_eq!((again.status, refusal(&again, &path).as_str()), (404, "not_found"));
}

#[tokio::test]
async fn what_is_missing_of_a_scope_is_named() {
    let house = TestApp::new().await;
    for (fields, name) in
        [(json!({ "scope": "group" }), "group_id"), (json!({ "scope": "workflow" }), "workflow_id")]
    {
        let mut body = json!({ "period": "day", "amount": 10 });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(named(&house.acme.post(PATH, body).await), [name]);
    }
    let theirs = house.rival.key.group_id.get();
    let body = json!({ "period": "day", "amount": 10, "group_id": theirs });
    let answer = house.acme.post(PATH, body).await;
    assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (403, "no_such_group"));
    let body = json!({ "scope": "organization", "period": "day", "amount": 10, "group_id": theirs });
    assert_eq!(house.acme.post(PATH, body).await.status, 403);
}

#[tokio::test]
async fn a_client_group_is_told_of_by_its_name() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let group = house.acme.key.group_id;
    create(&house, json!({ "scope": "group", "group_id": group.get() })).await;
    spend(&house, "w", 20).await;
    settle(&house).await;
    let message = house.acme.get("/api/notifications/list").await.json["notifications"][0]["message"].clone();
    let name = shared::repo::orgs::group(&*house.app.store, house.acme.key.tenant, group)
        .await
        .unwrap()
        .unwrap()
        .name;
    let message = message.as_str().unwrap().to_owned();
    assert!(message.starts_with(&format!("Client group {name} has spent")), "{message}");
}
