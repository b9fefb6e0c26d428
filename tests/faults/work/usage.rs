//! Usage that a workflow posts and usage that is found in what it pushes: the more complete of the two counts.

use std::time::Duration;

use serde_json::json;
use shared::{
    domain::usage::{Source, Usage},
    store,
};

use harness::{TestApp, stories::execution_data};

/// What a post that looked before the push writes after it: nobody refuses it, and the chore of the push finds it.
#[tokio::test]
async fn a_post_that_passed_while_a_push_closed_the_gate_is_settled() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let push =
        json!({ "installation_id": installation, "workflow_id": "wf1", "execution_data": execution_data() });
    assert_eq!(house.acme.post("/api/push/executions", push).await.json["metered"], 1);
    let log = house.app.repos(house.acme.key.tenant).usage("wf1");
    let pushed = log.of_execution("9").await.unwrap().remove(0);
    let posted = Usage { id: house.app.id(), source: Source::Posted, input_tokens: 5_000, ..pushed };
    store::apply(&*house.app.store, log.post(&posted).unwrap()).await.unwrap();
    let counted = async || {
        let stats = house.acme.get("/api/token-usage/wf1/stats").await.json["stats"].clone();
        (stats["total_records"].as_u64(), stats["input_tokens"].as_u64())
    };
    assert_eq!(counted().await, (Some(2), Some(5_399)), "for a minute both count");
    house.advance(Duration::from_secs(71));
    house.tick().await;
    house.drain().await;
    assert_eq!(counted().await, (Some(1), Some(5_000)), "the more complete account");
    assert_eq!(log.execution_totals("9").await.unwrap(), log.totals().await.unwrap());
}

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
