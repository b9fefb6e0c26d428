use futures::future::join_all;
use serde_json::{Value, json};

use harness::{Answer, Caller, TestApp, assert_holds, named, samples};

const PATH: &str = "/api/token-usage";

async fn record(caller: &Caller, field: &str, value: Value) -> Answer {
    caller.post(PATH, samples::with(samples::token_usage(), field, value)).await
}

/// An organization with one n8n.
async fn house() -> TestApp {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    house
}

#[tokio::test]
async fn the_sample_costs_what_the_document_says() {
    let house = house().await;
    let answer = house.acme.post(PATH, samples::token_usage()).await;
    assert_eq!(answer.status, 201);
    assert_holds(
        &answer.json,
        &json!({
            "status": "success",
            "message": "Token usage recorded successfully",
            "data": {
                "workflow_id": "b9NLgJV0oXIpXSsr", "execution_id": "551", "model_id": "gpt-4", "input_tokens": 399,
                "output_tokens": 288, "total_tokens": 687, "input_cost": 0.01197, "output_cost": 0.01728,
                "total_cost": 0.02925, "model_found": true, "model_label": "GPT-4",
            },
        }),
    );
    assert!(answer.json["id"].as_str().unwrap().parse::<u64>().is_ok(), "the id is text: {answer:?}");
    // As text too: a sum of floats would read 0.029249999999999998.
    assert!(answer.text.contains(r#""total_cost":0.02925,"#), "{}", answer.text);
}

#[tokio::test]
async fn an_unknown_model_is_recorded_and_costs_nothing_yet() {
    let house = house().await;
    let answer = record(&house.acme, "model_id", json!("our-own-model-7b")).await;
    assert_eq!(answer.status, 201);
    let data = &answer.json["data"];
    assert_eq!((&data["model_found"], &data["model_label"]), (&json!(false), &json!("our-own-model-7b")));
    for cost in ["input_cost", "output_cost", "total_cost"] {
        assert_eq!(data[cost], json!(0), "{cost}");
    }
}

#[tokio::test]
async fn token_counts_of_an_expression_that_found_nothing_are_named() {
    let house = house().await;
    let mut body = samples::token_usage();
    body["input_tokens"] = json!("");
    body["output_tokens"] = Value::Null;
    let answer = house.acme.post(PATH, body).await;
    assert_eq!(named(&answer), ["input_tokens", "output_tokens"]);
}

#[tokio::test]
async fn values_typed_into_n8ns_fields_arrive_as_text() {
    let house = house().await;
    let mut body = samples::token_usage();
    body["input_tokens"] = json!("399");
    body["output_tokens"] = json!(" 288 ");
    body["execution_id"] = json!(551);
    let answer = house.acme.post(PATH, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json["data"]["total_cost"], 0.02925);
    assert_eq!(answer.json["data"]["execution_id"], "551");
}

#[tokio::test]
async fn the_base_url_may_be_missing_where_the_organization_has_one_n8n() {
    let house = house().await;
    let answer = record(&house.acme, "n8n_base_url", Value::Null).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(answer.json["data"]["nid"].is_u64());
}

#[tokio::test]
async fn the_base_url_may_be_missing_beside_an_installation_id() {
    let house = house().await;
    house.seed_installation(&house.acme, 46).await;
    let mut body = samples::with(samples::token_usage(), "n8n_base_url", Value::Null);
    assert_eq!(named(&house.acme.post(PATH, body.clone()).await), ["n8n_base_url"]);
    body["installation_id"] = json!(46);
    body["node_id"] = json!("OpenAI");
    body["total_tokens"] = json!(687);
    let answer = house.acme.post(PATH, body.clone()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    // Now one of the two is known to have the workflow.
    body["installation_id"] = Value::Null;
    assert_eq!(house.acme.post(PATH, body).await.json["data"]["nid"], answer.json["data"]["nid"]);
}

#[tokio::test]
async fn the_base_url_is_required_where_nothing_tells_the_installation() {
    let house = TestApp::new().await;
    assert_eq!(named(&record(&house.acme, "n8n_base_url", Value::Null).await), ["n8n_base_url"]);
}

#[tokio::test]
async fn usage_of_an_n8n_that_nobody_registered_has_no_nid() {
    let house = house().await;
    let answer = record(&house.acme, "n8n_base_url", json!("https://other.example.com")).await;
    assert_eq!((answer.status, &answer.json["data"]["nid"]), (201, &Value::Null), "{answer:?}");
}

#[tokio::test]
async fn cached_tokens_are_part_of_the_input() {
    let house = house().await;
    let mut body = samples::with(samples::token_usage(), "model_id", json!("gpt-4o"));
    let plain = house.acme.post(PATH, body.clone()).await;
    body["cached_input_tokens"] = json!(300);
    let cached = house.acme.post(PATH, body).await;
    assert_eq!((plain.status, cached.status), (201, 201));
    let cost = |answer: &Answer| answer.json["data"]["input_cost"].as_f64().unwrap();
    assert!(cost(&cached) < cost(&plain), "{cached:?}");
    assert_eq!(cached.json["data"]["total_tokens"], 687);
}

#[tokio::test]
async fn a_count_beyond_any_model_is_refused() {
    let house = house().await;
    assert_eq!(named(&record(&house.acme, "input_tokens", json!(1_000_000_001)).await), ["input_tokens"]);
    assert_eq!(record(&house.acme, "input_tokens", json!(1_000_000_000)).await.status, 201);
}

#[tokio::test]
async fn each_post_without_a_key_is_a_record_of_its_own() {
    let house = house().await;
    let first = house.acme.post(PATH, samples::token_usage()).await;
    let second = house.acme.post(PATH, samples::token_usage()).await;
    assert_ne!(first.json["id"], second.json["id"]);
    let stats = house.acme.get("/api/token-usage/b9NLgJV0oXIpXSsr/stats").await;
    assert_eq!(stats.json["stats"]["total_records"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn items_that_n8n_posts_all_at_once_are_all_counted() {
    let house = house().await;
    let answers = join_all((0..40).map(|_| house.acme.post(PATH, samples::token_usage()))).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let stats = house.acme.get("/api/token-usage/b9NLgJV0oXIpXSsr/stats").await;
    assert_eq!(
        (&stats.json["stats"]["total_records"], &stats.json["stats"]["total_cost"]),
        (&json!(40), &json!(1.17))
    );
}
