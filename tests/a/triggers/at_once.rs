//! Triggers of one organization that wait for n8n at once.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{config::Settings, egress::OutError, repo::triggers_under_way as under_way, tenant::TenantId};

use harness::{Answer, N8N, TestApp, refusal, settings};

const PATH: &str = "/api/trigger-webhook";

/// A house that lets so many wait, and a workflow that does not answer in time.
async fn silent(most: Option<u32>) -> TestApp {
    let house = TestApp::with(Settings { triggers_at_once: most, ..settings() }).await;
    house.n8n.add_workflow("abc123", "Report", "report");
    house.register(&house.acme).await;
    house.n8n.answer_webhooks(Err(OutError::Timeout));
    house
}

/// Another instance calls n8n and waits.
async fn waits(house: &TestApp, tenant: TenantId) {
    under_way::begin(&*house.app.store, tenant, house.app.now()).await.unwrap();
}

async fn trigger(house: &TestApp) -> Answer {
    house.acme.post(PATH, json!({ "endpoint": format!("{N8N}/webhook/report") })).await
}

fn patience(house: &TestApp) -> Duration {
    house.network.sent_to("/webhook/").last().unwrap().timeout
}

#[tokio::test]
async fn one_beyond_what_may_wait_is_taken_and_the_poll_tells_its_end() {
    let house = silent(Some(2)).await;
    for _ in 0..2 {
        waits(&house, house.acme.key.tenant).await;
    }
    let taken = trigger(&house).await;
    assert_eq!((taken.status, patience(&house)), (202, Duration::from_secs(2)), "{taken:?}");
    assert_eq!(
        (&taken.json["triggered_at"], &taken.json["workflow_id"], &taken.json["following"]),
        (&json!("2025-01-21T10:30:00Z"), &json!("abc123"), &json!(true))
    );
    let body = json!({ "nid": taken.json["nid"], "triggered_after": taken.json["triggered_at"] });
    let poll = async || house.acme.post("/api/poll-execution", body.clone()).await.json;
    assert_eq!(poll().await["status"], "waiting");
    house.n8n.runs(551, "abc123", house.app.now().0);
    house.n8n.set_status(551, "success");
    house.live(Duration::from_secs(5)).await;
    assert_eq!((&poll().await["status"], &poll().await["execution_id"]), (&json!("success"), &json!("551")));
}

#[tokio::test]
async fn one_beyond_that_is_answered_soon_is_answered_as_always() {
    let house = silent(Some(1)).await;
    waits(&house, house.acme.key.tenant).await;
    house.n8n.answer_webhooks(Ok((200, "done")));
    let answered = trigger(&house).await;
    assert_eq!((answered.status, &answered.json["response"]), (200, &json!("done")));
    house.n8n.answer_webhooks(Ok((404, "{}")));
    let refused = trigger(&house).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (502, "n8n_error"));
}

#[tokio::test]
async fn who_has_ended_or_died_or_is_another_counts_no_more() {
    let house = silent(Some(1)).await;
    waits(&house, house.rival.key.tenant).await;
    for _ in 0..3 {
        let late = trigger(&house).await;
        assert_eq!((late.status, patience(&house)), (504, Duration::from_secs(25)), "each has ended");
    }
    waits(&house, house.acme.key.tenant).await;
    house.advance(Duration::from_secs(60 + 20));
    assert_eq!(trigger(&house).await.status, 202, "it may have begun at the end of its minute");
    house.advance(Duration::from_secs(20));
    assert_eq!(trigger(&house).await.status, 504, "its process has died");
}

#[tokio::test]
async fn a_repeat_reads_that_it_was_taken_and_starts_nothing() {
    let house = silent(Some(1)).await;
    waits(&house, house.acme.key.tenant).await;
    let body = json!({ "endpoint": format!("{N8N}/webhook/report") });
    let [first, repeat] = [
        house.acme.post_once(PATH, "once", body.clone()).await,
        house.acme.post_once(PATH, "once", body).await,
    ];
    assert_eq!((first.status, repeat.status, &repeat.text), (202, 202, &first.text));
    assert_eq!(house.network.sent_to("/webhook/").len(), 1);
}

#[tokio::test]
async fn where_nobody_counts_nothing_is_counted() {
    let house = silent(None).await;
    for _ in 0..10 {
        waits(&house, house.acme.key.tenant).await;
    }
    let late = trigger(&house).await;
    assert_eq!((late.status, &late.json["response"]), (504, &Value::Null));
}
