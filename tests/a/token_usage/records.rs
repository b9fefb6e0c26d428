//! Single records: listed, and priced by all their parts.

use serde_json::{Value, json};

use harness::{Answer, TestApp, named, refusal, samples};

const POST: &str = "/api/token-usage";
const PATH: &str = "/api/token-usage/b9NLgJV0oXIpXSsr/records";

async fn post(house: &TestApp, fields: Value) -> Answer {
    let mut body = samples::token_usage();
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    house.acme.post(POST, body).await
}

#[tokio::test]
async fn records_are_listed_newest_first_and_in_pages() {
    let house = TestApp::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let model = if n == 3 { "gpt-4o" } else { "gpt-4" };
        ids.insert(
            0,
            post(&house, json!({ "execution_id": n.to_string(), "model_id": model })).await.json["id"]
                .clone(),
        );
    }
    let mut listed = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = house.acme.get(&format!("{PATH}{query}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        listed.extend(page.json["records"].as_array().unwrap().iter().map(|record| record["id"].clone()));
        match page.json["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(listed, ids);
    for (query, count) in
        [("?model=gpt-4o", 1), ("?execution=2", 1), ("?execution=2&model=gpt-4o", 0), ("", 5)]
    {
        assert_eq!(house.acme.get(&format!("{PATH}{query}")).await.json["count"], count, "{query}");
    }
    assert_eq!(named(&house.acme.get(&format!("{PATH}?cursor=nonsense")).await), ["cursor"]);
}

#[tokio::test]
async fn a_workflow_that_nobody_knows_has_no_records_to_list() {
    let house = TestApp::new().await;
    let answer = house.acme.get(PATH).await;
    assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (404, "not_found"));
    post(&house, json!({})).await;
    assert_eq!(house.rival.get(PATH).await.status, 404);
}

#[tokio::test]
async fn what_is_written_to_a_cache_is_dearer_and_for_an_hour_dearest() {
    let house = TestApp::new().await;
    let call =
        json!({ "model_id": "claude-sonnet-4-20250514", "input_tokens": 1_000_000, "output_tokens": 0 });
    let mut costs = Vec::new();
    for parts in [
        json!({ "cached_input_tokens": 1_000_000 }),
        json!({}),
        json!({ "cache_write_tokens": 1_000_000 }),
        json!({ "cache_write_tokens": 1_000_000, "cache_write_1h_tokens": 1_000_000 }),
        json!({ "cached_input_tokens": 400_000, "cache_write_tokens": 600_000, "cache_write_1h_tokens": 100_000 }),
    ] {
        let mut fields = call.clone();
        fields.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
        costs.push(post(&house, fields).await.json["data"]["total_cost"].clone());
    }
    assert_eq!(costs, [json!(0.3), json!(3), json!(3.75), json!(6), json!(0.12 + 1.875 + 0.6)]);
    let newest = &house.acme.get(PATH).await.json["records"][0];
    assert_eq!(
        [&newest["cached_input_tokens"], &newest["cache_write_tokens"], &newest["cache_write_1h_tokens"]],
        [&json!(400_000), &json!(600_000), &json!(100_000)]
    );
}

#[tokio::test]
async fn parts_that_contradict_the_whole_are_named() {
    let house = TestApp::new().await;
    for (fields, name) in [
        (json!({ "cached_input_tokens": 400 }), "cached_input_tokens"),
        (json!({ "cached_input_tokens": 300, "cache_write_tokens": 100 }), "cache_write_tokens"),
        (json!({ "cache_write_tokens": 10, "cache_write_1h_tokens": 11 }), "cache_write_1h_tokens"),
    ] {
        assert_eq!(named(&post(&house, fields.clone()).await), [name], "{fields}");
    }
}

#[tokio::test]
async fn reasoning_beside_the_output_counts_where_the_total_proves_it() {
    let house = TestApp::new().await;
    for (fields, output) in [
        (json!({ "reasoning_tokens": 100, "total_tokens": 787 }), 388),
        (json!({ "reasoning_tokens": 100, "total_tokens": 687 }), 288),
        (json!({ "reasoning_tokens": 100 }), 288),
        (json!({ "total_tokens": 787 }), 288),
    ] {
        assert_eq!(post(&house, fields.clone()).await.json["data"]["output_tokens"], output, "{fields}");
    }
}

#[tokio::test]
async fn a_model_that_is_given_away_is_found_and_costs_nothing() {
    let house = TestApp::new().await;
    let data = post(&house, json!({ "model_id": "qwen/qwen3-coder:free" })).await.json["data"].clone();
    assert_eq!((&data["model_found"], &data["total_cost"]), (&json!(true), &json!(0)), "{data}");
}

#[tokio::test]
async fn a_cursor_is_of_its_own_workflow() {
    let house = TestApp::new().await;
    for _ in 0..2 {
        post(&house, json!({})).await;
        post(&house, json!({ "workflow_id": "another" })).await;
    }
    let page = house.acme.get(&format!("{PATH}?limit=1")).await;
    let cursor = page.json["next_cursor"].as_str().unwrap();
    assert_eq!(house.acme.get(&format!("{PATH}?cursor={cursor}")).await.json["count"], 1);
    let foreign = house.acme.get(&format!("/api/token-usage/another/records?cursor={cursor}")).await;
    assert_eq!(harness::named(&foreign), ["cursor"]);
}
