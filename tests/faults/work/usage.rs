//! Usage that a workflow posts and usage that is found in what it pushes: the more complete of the two counts.

use serde_json::json;

use harness::{TestApp, stories::execution_data};

#[tokio::test]
async fn posts_that_come_at_once_replace_what_a_push_metered() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let push =
        json!({ "installation_id": installation, "workflow_id": "wf1", "execution_data": execution_data() });
    let pushed = house.acme.post("/api/push/executions", push).await;
    assert_eq!(pushed.json["metered"], 1, "{pushed:?}");
    let post = |item: u64| {
        let body = json!({
            "installation_id": installation, "workflow_id": "wf1", "execution_id": "9", "model_id": "gpt-4",
            "input_tokens": item, "output_tokens": 1,
        });
        house.acme.post("/api/token-usage", body)
    };
    let (one, two, three) = tokio::join!(post(100), post(200), post(500));
    for posted in [one, two, three] {
        assert_eq!(posted.status, 201, "{posted:?}");
    }
    for query in ["", "?execution=9"] {
        let stats = house.acme.get(&format!("/api/token-usage/wf1/stats{query}")).await.json["stats"].clone();
        assert_eq!(
            (stats["total_records"].as_u64(), stats["input_tokens"].as_u64()),
            (Some(3), Some(800)),
            "{stats}"
        );
    }
}
