//! How long things are kept: their end stands in the item, as the settings say.

use serde_json::{Value, json};
use shared::{
    config::Settings,
    domain::keep::{Keep, days},
};
use standins::dump;

use harness::{N8N, TestApp, stories::execution_data};

/// A pushed execution with token usage in it, a posted record, a run, and a deleted lead.
async fn all(house: &TestApp) {
    let installation = house.register(&house.acme).await;
    let push =
        json!({ "installation_id": installation, "workflow_id": "wf1", "execution_data": execution_data() });
    assert_eq!(house.acme.post("/api/push/executions", push).await.status, 200);
    let usage = json!({
        "n8n_base_url": N8N, "workflow_id": "wf1", "execution_id": "8", "model_id": "gpt-4", "input_tokens": 1,
        "output_tokens": 1,
    });
    assert_eq!(house.acme.post("/api/token-usage", usage).await.status, 201);
    let endpoint = format!("{N8N}/webhook/invokati-trigger/{installation}/wf1");
    assert_eq!(house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await.status, 200);
    let lead = json!({ "first_name": "Jane", "last_name": "Doe", "email": "jane@example.com" });
    let lead = house.acme.post("/api/leads", lead).await.id();
    assert_eq!(house.acme.delete(&format!("/api/leads/{lead}")).await.status, 200);
}

/// The ends of what lies in a partition, in days from now.
async fn ends(house: &TestApp, partition: &str) -> Vec<Option<i64>> {
    let items = dump::items(&house.file).await.unwrap();
    let own = format!("T#{}#{partition}", house.acme.key.tenant);
    let of = items.iter().filter(|item| item.pk == own || item.pk.starts_with(&format!("{own}#")));
    let now = house.app.now().seconds();
    of.map(|item| {
        let item: Value = shared::json::from_str(&item.body).map(|shared::json::Tree(value)| value).unwrap();
        item["ttl"].as_i64().map(|ttl| (ttl - now + 43_200) / 86_400)
    })
    .collect()
}

#[tokio::test]
async fn what_only_grows_ends() {
    let house = TestApp::new().await;
    all(&house).await;
    for (partition, days) in [("usage", 400), ("push", 30), ("run", 90), ("lead-deleted", 30)] {
        let ends = ends(&house, partition).await;
        assert!(!ends.is_empty() && ends.iter().all(|end| *end == Some(days)), "{partition}: {ends:?}");
    }
    for partition in ["usage-day", "workflow", "latest"] {
        let ends = ends(&house, partition).await;
        assert!(!ends.is_empty() && ends.iter().all(Option::is_none), "{partition}: {ends:?}");
    }
}

#[tokio::test]
async fn what_is_kept_for_ever_has_no_end() {
    let keep = Keep { usage: days(0), runs: days(0), pushes: days(0), deleted_leads: days(7) };
    let house = TestApp::with(Settings { keep, ..harness::settings() }).await;
    all(&house).await;
    for partition in ["usage", "push", "run"] {
        let ends = ends(&house, partition).await;
        assert!(!ends.is_empty() && ends.iter().all(Option::is_none), "{partition}: {ends:?}");
    }
    assert_eq!(ends(&house, "lead-deleted").await, [Some(7)]);
}
