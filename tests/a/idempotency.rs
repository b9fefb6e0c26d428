//! `Idempotency-Key` beyond what `coverage.rs` holds every POST to.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use harness::{Caller, TestApp, samples};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Twenty requests with one key, all under way together. Each must get the one reply, or be told to wait for it.
async fn race(caller: &Caller, path: &str, body: &Value) -> Value {
    let answers = join_all((0..20).map(|_| caller.post_once(path, "exec-551-0-0", body.clone()))).await;
    let (done, waiting): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status < 300);
    assert!(!done.is_empty(), "{path}: nobody got through: {waiting:?}");
    for answer in &done {
        assert_eq!((answer.status, &answer.text), (done[0].status, &done[0].text), "{path}");
    }
    assert_eq!(
        done.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count(),
        1,
        "{path}"
    );
    for answer in waiting {
        assert_eq!(answer.status, 409, "{path}: {answer:?}");
        assert!(answer.text.contains("idempotency_key_in_progress"), "{path}: {answer:?}");
        assert!(answer.header("retry-after").is_some(), "{path}");
    }
    done[0].json.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_posts_of_one_payload_make_one() {
    let house = samples::scene().await;
    for path in ["/api/payloads", "/automation/payload/create"] {
        let before = house.acme.get("/api/payloads/list").await.json["count"].as_u64().unwrap();
        let made = race(&house.acme, path, &samples::payload()).await;
        let after = house.acme.get("/api/payloads/list").await;
        assert_eq!(after.json["count"], before + 1, "{path}");
        assert_eq!(after.json["payloads"][0]["id"], made["id"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_posts_of_one_model_call_are_metered_once() {
    let house = TestApp::new().await;
    race(&house.acme, "/api/token-usage", &samples::token_usage()).await;
    let stats = house.acme.get("/api/token-usage/b9NLgJV0oXIpXSsr/stats").await;
    assert_eq!(stats.json["stats"]["total_records"], 1);
    assert_eq!(stats.json["stats"]["total_cost"], 0.02925);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_triggers_reach_n8n_once() {
    let house = samples::scene().await;
    race(&house.acme, "/api/trigger-webhook", &samples::trigger()).await;
    assert_eq!(house.network.sent_to("/webhook/").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_registrations_make_one_installation() {
    let house = TestApp::new().await;
    let made = race(&house.acme, "/api/installs/register", &samples::registration()).await;
    let again = house.acme.post("/api/installs/register", samples::registration()).await;
    assert_eq!((again.status, &again.json["installation_id"]), (200, &made["installation_id"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_decisions_resume_n8n_once() {
    let house = samples::scene().await;
    let approve = || house.acme.post_once("/automation/approve", "exec-551-0-0", samples::review());
    let answers = join_all((0..20).map(|_| approve())).await;
    let (first, others): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.header("idempotent-replayed").is_none());
    assert_eq!((first.len(), first[0].status), (1, 200), "{first:?}");
    // A repeat that comes while n8n is being told reads `pending`, which is true at that moment.
    assert!(others.iter().all(|answer| answer.status == 200), "{others:?}");
    assert_eq!(approve().await.text, first[0].text);
    assert_eq!(house.n8n.execution(0).unwrap().decisions.len(), 1);
}

#[tokio::test]
async fn a_key_is_a_tenants_own() {
    let house = TestApp::new().await;
    let body = json!({ "title": "x" });
    let ours = house.acme.post_once("/api/payloads", "same-key", body.clone()).await;
    let theirs = house.rival.post_once("/api/payloads", "same-key", body).await;
    assert_eq!((ours.status, theirs.status), (201, 201));
    assert_ne!(ours.id(), theirs.id());
    assert_eq!(theirs.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn a_key_is_a_routes_own() {
    let house = TestApp::new().await;
    let body = json!({ "title": "x" });
    let first = house.acme.post_once("/api/payloads", "same-key", body.clone()).await;
    let second = house.acme.post_once("/automation/payload/create", "same-key", body).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_ne!(first.id(), second.id());
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let house = TestApp::new().await;
    let body = json!({ "title": "x" });
    let first = house.acme.post_once("/api/payloads", "same-key", body.clone()).await;
    house.advance(DAY - Duration::from_secs(1));
    let within = house.acme.post_once("/api/payloads", "same-key", body.clone()).await;
    assert_eq!((within.id(), within.header("idempotent-replayed")), (first.id(), Some("true")));
    house.advance(Duration::from_secs(1));
    let after = house.acme.post_once("/api/payloads", "same-key", json!({ "title": "another" })).await;
    assert_eq!((after.status, after.header("idempotent-replayed")), (201, None), "{after:?}");
    assert_ne!(after.id(), first.id());
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_up() {
    let house = TestApp::new().await;
    let refused = house.acme.post_once("/api/payloads", "same-key", json!({})).await;
    let mended = house.acme.post_once("/api/payloads", "same-key", json!({ "title": "x" })).await;
    assert_eq!((refused.status, mended.status), (422, 201));
}

#[tokio::test]
async fn a_replay_outlives_the_process_and_what_it_made() {
    let mut house = TestApp::new().await;
    let body = json!({ "title": "x" });
    let first = house.acme.post_once("/api/payloads", "same-key", body.clone()).await;
    house.acme.delete(&format!("/api/payloads/{}", first.id())).await;
    house.restart();
    let again = house.acme.post_once("/api/payloads", "same-key", body).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
}

#[tokio::test]
async fn an_empty_header_is_refused_and_the_longest_is_taken() {
    let house = TestApp::new().await;
    let longest = "k".repeat(255);
    assert_eq!(house.acme.post_once("/api/payloads", &longest, json!({ "title": "x" })).await.status, 201);
    assert_eq!(house.acme.post_once("/api/payloads", "", json!({ "title": "x" })).await.status, 422);
}
