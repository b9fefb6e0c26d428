//! Token usage that pushed execution data holds: metered once, and never beside what the workflow posts itself.

use futures::future::join_all;
use serde_json::{Value, json};

use super::push::{house, push};
use harness::{TestApp, samples};

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

/// An execution in which Gemini thought.
fn thinking(id: &str) -> Value {
    let mut data = execution(id, "success");
    data["data"]["resultData"]["runData"]["OpenAI"][0]["data"]["main"][0][0]["json"] = json!({
        "modelVersion": "gemini-2.5-pro",
        "usageMetadata": { "promptTokenCount": 100, "candidatesTokenCount": 4, "thoughtsTokenCount": 30, "totalTokenCount": 134 },
    });
    data
}

async fn post_gemini(house: &TestApp, output: u64, node: Option<&str>) {
    let body = json!({
        "n8n_base_url": harness::N8N, "workflow_id": "abc123", "execution_id": "551", "node_id": node,
        "model_id": "gemini-2.5-pro", "input_tokens": 100, "output_tokens": output,
    });
    let answer = house.acme.post("/api/token-usage", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

async fn tokens(house: &TestApp) -> (Value, Value) {
    let all = house.acme.get("/api/token-usage/abc123/stats").await.json["stats"].clone();
    let one = house.acme.get("/api/token-usage/abc123/stats?execution=551").await.json["stats"].clone();
    assert_eq!(all, one, "the sums are those of the records");
    (all["total_records"].clone(), all["total_tokens"].clone())
}

#[tokio::test]
async fn a_post_without_the_thinking_does_not_undo_the_push() {
    for push_first in [true, false] {
        let house = house().await;
        if push_first {
            push(&house.acme, thinking("551")).await;
        }
        post_gemini(&house, 4, Some("OpenAI")).await;
        if !push_first {
            assert_eq!(push(&house.acme, thinking("551")).await.json["metered"], 1);
        }
        assert_eq!(tokens(&house).await, (json!(1), json!(134)), "push first: {push_first}");
        let listed = house.acme.get("/api/token-usage/abc123/records").await.json["records"].clone();
        let shown: Vec<_> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["source"].as_str().unwrap(), &one["counted"]))
            .collect();
        assert!(
            shown.contains(&("pushed", &json!(true))) && shown.contains(&("posted", &json!(false))),
            "{shown:?}"
        );
    }
}

#[tokio::test]
async fn posts_that_come_to_more_than_the_push_take_over() {
    let house = house().await;
    push(&house.acme, thinking("551")).await;
    post_gemini(&house, 4, None).await;
    assert_eq!(tokens(&house).await, (json!(1), json!(134)));
    post_gemini(&house, 4, None).await;
    assert_eq!(tokens(&house).await, (json!(2), json!(208)));
}

#[tokio::test]
async fn a_call_that_was_not_posted_is_metered_beside_those_that_were() {
    let house = house().await;
    post(&house, "551").await;
    assert_eq!(push(&house.acme, thinking("551")).await.json["metered"], 1);
    assert_eq!(tokens(&house).await, (json!(2), json!(687 + 134)));
}

#[tokio::test]
async fn stats_tell_what_is_estimated() {
    let house = house().await;
    let mut data = execution("551", "success");
    let log = json!({ "tokenUsageEstimate": { "promptTokens": 50, "completionTokens": 7, "totalTokens": 57 },
        "response": { "generations": [[{ "text": "hi" }]] } });
    let run = json!({ "startTime": 2, "executionTime": 1, "source": [{ "previousNode": "Agent" }],
        "data": { "ai_languageModel": [[{ "json": log }]] } });
    data["data"]["resultData"]["runData"]["Model"] = json!([run]);
    push(&house.acme, data).await;
    let stats = house.acme.get("/api/token-usage/abc123/stats").await.json["stats"].clone();
    assert_eq!((&stats["estimated"], &stats["estimated_records"]), (&json!(true), &json!(1)), "{stats}");
    let by_model = stats["by_model"].as_array().unwrap();
    let marked: Vec<_> =
        by_model.iter().map(|model| (model["model_id"].as_str().unwrap(), &model["estimated"])).collect();
    assert_eq!(marked, [("gpt-4", &json!(false)), ("unknown", &json!(true))]);
}

#[tokio::test]
async fn short_calls_together_are_no_long_one() {
    let house = house().await;
    let answer = |id: &str, input: u64| {
        json!({ "json": { "responseId": id, "modelVersion": "gemini-2.5-pro",
        "usageMetadata": { "promptTokenCount": input, "candidatesTokenCount": 0 } } })
    };
    let mut data = execution("551", "success");
    data["data"]["resultData"]["runData"]["OpenAI"][0]["data"]["main"][0] =
        json!([answer("a", 150_000), answer("b", 150_000), answer("c", 300_000)]);
    push(&house.acme, data).await;
    let stats = house.acme.get("/api/token-usage/abc123/stats").await.json["stats"].clone();
    assert_eq!((&stats["total_records"], &stats["total_cost"]), (&json!(2), &json!(0.375 + 0.75)), "{stats}");
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

/// An execution with a call of each of so many models that nobody has a price for.
fn many_models(id: &str, models: usize) -> Value {
    let mut data = execution(id, "success");
    let runs = data["data"]["resultData"]["runData"].as_object_mut().unwrap();
    let run = runs.remove("OpenAI").unwrap();
    for n in 0..models {
        let mut run = run.clone();
        let answer = &mut run[0]["data"]["main"][0][0]["json"];
        answer["id"] = json!(format!("chatcmpl-{n}"));
        answer["model"] = json!(format!("our-own-{n}"));
        runs.insert(format!("HTTP Request {n}"), run);
    }
    data
}

#[tokio::test]
async fn many_models_of_one_execution_are_a_record_each() {
    let house = house().await;
    for (id, models, records) in [("551", 20, 20), ("552", 21, 21), ("553", 90, 90)] {
        let pushed = push(&house.acme, many_models(id, models)).await;
        assert_eq!((pushed.status, &pushed.json["metered"]), (200, &json!(models)), "{pushed:?}");
        let one = house.acme.get(&format!("/api/token-usage/abc123/stats?execution={id}")).await;
        assert_eq!(one.json["stats"]["total_records"], records);
    }
}

#[tokio::test]
async fn records_change_sides_however_many_there_are() {
    for models in [5, 20, 60] {
        let house = house().await;
        for n in 0..models {
            let body = json!({
                "n8n_base_url": harness::N8N, "workflow_id": "abc123", "execution_id": "551",
                "model_id": format!("our-own-{n}"), "input_tokens": 1, "output_tokens": 0,
            });
            assert_eq!(house.acme.post("/api/token-usage", body).await.status, 201);
        }
        let pushed = push(&house.acme, many_models("551", models)).await;
        assert_eq!(pushed.status, 200, "{models}: {pushed:?}");
        let stats = house.acme.get("/api/token-usage/abc123/stats").await.json["stats"].clone();
        let expected = (&json!(models), &json!(models * 687));
        assert_eq!((&stats["total_records"], &stats["total_tokens"]), expected, "{stats}");
    }
}
