//! Token usage that pushed execution data holds: metered once, and never beside what the workflow posts itself.

use futures::future::join_all;
use serde_json::{Value, json};

use super::push::{house, push};
use crate::support::{TestApp, samples};

/// An execution in which an HTTP Request node called OpenAI.
fn execution(id: &str, status: &str) -> Value {
    let answer = json!({
        "id": "chatcmpl-1", "model": "gpt-4",
        "usage": { "prompt_tokens": 399, "completion_tokens": 288, "total_tokens": 687 },
    });
    let source = json!([{ "previousNode": "Webhook", "previousNodeRun": 0 }]);
    let run = json!({ "startTime": 2, "executionTime": 1, "source": source, "data": { "main": [[{ "json": answer }]] } });
    let trigger =
        json!({ "startTime": 1, "executionTime": 1, "source": [], "data": { "main": [[{ "json": {} }]] } });
    json!({
        "id": id, "status": status, "startedAt": "2025-01-21T10:30:00Z", "stoppedAt": "2025-01-21T10:30:05Z",
        "data": { "resultData": { "runData": { "Webhook": [trigger], "OpenAI": [run] } } },
    })
}

async fn post(house: &TestApp, execution: &str) {
    let mut body = samples::with(samples::token_usage(), "workflow_id", json!("abc123"));
    body["execution_id"] = json!(execution);
    let answer = house.acme.post("/api/token-usage", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// Records and cost of the workflow.
async fn sums(house: &TestApp) -> (Value, Value) {
    let stats = house.acme.get("/api/token-usage/abc123/stats").await;
    (stats.json["stats"]["total_records"].clone(), stats.json["stats"]["total_cost"].clone())
}

#[tokio::test]
async fn model_calls_in_pushed_data_are_metered() {
    let house = house().await;
    let answer = push(&house.acme, execution("551", "success")).await;
    assert_eq!((answer.status, &answer.json["metered"]), (200, &json!(1)), "{answer:?}");
    assert_eq!(sums(&house).await, (json!(1), json!(0.02925)));
}

#[tokio::test]
async fn the_same_execution_is_metered_once() {
    let house = house().await;
    push(&house.acme, execution("551", "success")).await;
    let again = push(&house.acme, execution("551", "success")).await;
    assert_eq!((again.status, &again.json["metered"]), (200, &json!(0)));
    assert_eq!(sums(&house).await, (json!(1), json!(0.02925)));
    push(&house.acme, execution("552", "error")).await;
    assert_eq!(sums(&house).await, (json!(2), json!(0.0585)));
}

#[tokio::test]
async fn an_execution_is_metered_when_it_has_ended() {
    let house = house().await;
    assert_eq!(push(&house.acme, execution("551", "waiting")).await.json["metered"], 0);
    assert_eq!(sums(&house).await, (json!(0), json!(0)));
    assert_eq!(push(&house.acme, execution("551", "success")).await.json["metered"], 1);
    assert_eq!(sums(&house).await, (json!(1), json!(0.02925)));
}

#[tokio::test]
async fn posted_usage_wins_when_the_push_comes_later() {
    let house = house().await;
    post(&house, "551").await;
    let pushed = push(&house.acme, execution("551", "success")).await;
    assert_eq!((pushed.status, &pushed.json["metered"]), (200, &json!(0)));
    assert_eq!(sums(&house).await, (json!(1), json!(0.02925)));
}

#[tokio::test]
async fn posted_usage_wins_when_the_push_came_first() {
    let house = house().await;
    push(&house.acme, execution("551", "success")).await;
    post(&house, "551").await;
    assert_eq!(sums(&house).await, (json!(1), json!(0.02925)));
    post(&house, "551").await;
    assert_eq!(sums(&house).await, (json!(2), json!(0.0585)));
    assert_eq!(push(&house.acme, execution("551", "success")).await.json["metered"], 0);
    let one = house.acme.get("/api/token-usage/abc123/stats?execution=551").await;
    assert_eq!(one.json["stats"]["total_records"], 2);
}

#[tokio::test]
async fn another_executions_push_is_metered_beside_posted_usage() {
    let house = house().await;
    post(&house, "551").await;
    push(&house.acme, execution("552", "success")).await;
    assert_eq!(sums(&house).await, (json!(2), json!(0.0585)));
}

#[tokio::test]
async fn data_without_an_execution_id_is_stored_and_not_metered() {
    let house = house().await;
    let mut data = execution("551", "success");
    data.as_object_mut().unwrap().remove("id");
    let answer = push(&house.acme, data).await;
    assert_eq!((answer.status, &answer.json["metered"]), (200, &json!(0)), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pushes_at_once_are_metered_once() {
    let house = house().await;
    let answers = join_all((0..10).map(|_| push(&house.acme, execution("551", "success")))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(sums(&house).await, (json!(1), json!(0.02925)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn posts_at_once_after_a_push_all_count() {
    let house = house().await;
    push(&house.acme, execution("551", "success")).await;
    join_all((0..10).map(|_| post(&house, "551"))).await;
    assert_eq!(sums(&house).await, (json!(10), json!(0.2925)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_post_and_a_push_at_once_count_once() {
    for _ in 0..5 {
        let house = house().await;
        tokio::join!(post(&house, "551"), push(&house.acme, execution("551", "success")));
        assert_eq!(sums(&house).await, (json!(1), json!(0.02925)));
    }
}
