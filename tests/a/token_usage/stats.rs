use std::time::Duration;

use serde_json::{Value, json};

use harness::{TestApp, named, refusal, samples};

const PATH: &str = "/api/token-usage/b9NLgJV0oXIpXSsr/stats";
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn use_tokens(house: &TestApp, model: &str, execution: &str) {
    let mut body = samples::with(samples::token_usage(), "model_id", json!(model));
    body["execution_id"] = json!(execution);
    let answer = house.acme.post("/api/token-usage", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// Records and cost under a query.
async fn counted(house: &TestApp, query: &str) -> (Value, Value) {
    let answer = house.acme.get(&format!("{PATH}{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let stats = &answer.json["stats"];
    (stats["total_records"].clone(), stats["total_cost"].clone())
}

#[tokio::test]
async fn sums_are_exact_and_told_by_model() {
    let house = TestApp::new().await;
    for model in ["gpt-4", "gpt-4", "gpt-4", "our-own-model-7b"] {
        use_tokens(&house, model, "551").await;
    }
    let answer = house.acme.get(PATH).await;
    let stats = &answer.json["stats"];
    assert_eq!(
        (&stats["total_records"], &stats["total_tokens"], &stats["total_cost"]),
        (&json!(4), &json!(2748), &json!(0.08775))
    );
    assert!(answer.text.contains(r#""total_cost":0.08775,"#), "{}", answer.text);
    let models: Vec<_> = stats["by_model"].as_array().unwrap().iter().collect();
    assert_eq!(models.len(), 2);
    assert_eq!((&models[0]["model_id"], &models[0]["total_cost"]), (&json!("gpt-4"), &json!(0.08775)));
    assert_eq!((&models[1]["model_id"], &models[1]["total_cost"]), (&json!("our-own-model-7b"), &json!(0)));
}

#[tokio::test]
async fn stats_cost_the_same_at_any_volume() {
    let house = TestApp::new().await;
    let mut costs = Vec::new();
    for (from, to) in [(0, 10), (10, 300)] {
        for n in from..to {
            use_tokens(&house, "gpt-4", &n.to_string()).await;
        }
        let before = house.meter();
        assert_eq!(counted(&house, "").await.0, json!(to));
        let spent = house.meter().since(&before);
        costs.push((spent.read_units, spent.round_trips));
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].0 <= 2.0, "{costs:?}");
}

#[tokio::test]
async fn stats_can_be_narrowed_to_a_model_an_execution_or_days() {
    let house = TestApp::new().await;
    use_tokens(&house, "gpt-4", "1").await;
    house.advance(DAY);
    use_tokens(&house, "gpt-4", "2").await;
    use_tokens(&house, "gpt-4o", "2").await;
    house.advance(DAY);
    use_tokens(&house, "gpt-4o", "3").await;
    for (query, records) in [
        ("", 4),
        ("?model=gpt-4", 2),
        ("?model=unused", 0),
        ("?execution=2", 2),
        ("?execution=2&model=gpt-4", 1),
        ("?from=2025-01-22", 3),
        ("?to=2025-01-22", 3),
        ("?from=2025-01-22&to=2025-01-22", 2),
        ("?from=2025-01-22T23:59:59Z&to=2025-01-23T00:00:00Z", 3),
        ("?from=2025-01-23&model=gpt-4", 0),
        ("?from=2030-01-01", 0),
    ] {
        assert_eq!(counted(&house, query).await.0, json!(records), "{query}");
    }
}

#[tokio::test]
async fn filters_that_cannot_be_used_are_named() {
    let house = TestApp::new().await;
    use_tokens(&house, "gpt-4", "1").await;
    for (query, field) in [
        ("?from=yesterday", vec!["from"]),
        ("?from=x&to=y", vec!["from", "to"]),
        ("?from=2025-01-22&to=2025-01-21", vec!["from"]),
        ("?execution=1&from=2025-01-01", vec!["execution"]),
    ] {
        let answer = house.acme.get(&format!("{PATH}{query}")).await;
        assert_eq!(named(&answer), field, "{query}");
    }
}

#[tokio::test]
async fn a_workflow_that_used_nothing_has_zeros() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("b9NLgJV0oXIpXSsr", "Report", "report");
    house.register(&house.acme).await;
    let answer = house.acme.get(PATH).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json["stats"]["total_records"], 0);
    assert_eq!(answer.json["stats"]["total_cost"], 0);
    assert_eq!(answer.json["stats"]["by_model"], json!([]));
}

#[tokio::test]
async fn a_workflow_that_nobody_knows_is_a_404() {
    let house = TestApp::new().await;
    let answer = house.acme.get(PATH).await;
    assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (404, "not_found"));
}

#[tokio::test]
async fn two_tenants_with_one_workflow_id_do_not_share_sums() {
    let house = TestApp::new().await;
    use_tokens(&house, "gpt-4", "1").await;
    house.rival.post("/api/token-usage", samples::token_usage()).await;
    house.rival.post("/api/token-usage", samples::token_usage()).await;
    assert_eq!(counted(&house, "").await.0, json!(1));
    assert_eq!(house.rival.get(PATH).await.json["stats"]["total_records"], 2);
}

#[tokio::test]
async fn a_workflow_id_of_odd_characters_is_one_workflow() {
    let house = TestApp::new().await;
    let body = samples::with(samples::token_usage(), "workflow_id", json!("a#b/c d"));
    assert_eq!(house.acme.post("/api/token-usage", body).await.status, 201);
    let answer = house.acme.get("/api/token-usage/a%23b%2Fc%20d/stats").await;
    assert_eq!((answer.status, &answer.json["workflow_id"]), (200, &json!("a#b/c d")), "{answer:?}");
    assert_eq!(house.acme.get("/api/token-usage/a%23b/stats").await.status, 404);
}
