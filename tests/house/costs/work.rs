//! One step of each worker.

use std::time::Duration;

use serde_json::json;
use shared::{
    clock::Millis,
    domain::chore::{Chore, What},
    ids::{CollectionId, EntityId, FieldId, Id, InstallationId, MediaId},
    pricing::PRICE_VERSION,
    repo::chores::Chores,
    store::{Attrs, Key, Write},
};

use harness::{
    N8N, TestApp,
    parked::{decide, parked},
    samples,
};

use super::{Cost, measure};

const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn measured() -> Vec<Cost> {
    let mut costs = ticks().await;
    costs.extend(resumes().await);
    costs.extend(polls().await);
    costs.push(listing().await);
    costs.extend(watching().await);
    costs.extend(chores().await);
    costs
}

async fn ticks() -> Vec<Cost> {
    let house = TestApp::new().await;
    let (tick, found) = measure(&house, "tick: nothing is due", house.tick()).await;
    assert_eq!(found.due, 0);
    let (sweep, found) = measure(&house, "sweep: nothing is due", house.sweep()).await;
    assert_eq!(found.due, 0);
    vec![tick, sweep]
}

async fn resumes() -> Vec<Cost> {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.set_down(true);
    decide(&house, "approve", entity).await;
    house.advance(SECOND);
    let (down, done) = measure(&house, "resume: n8n is still down", house.drain()).await;
    assert_eq!(done, 1);
    house.n8n.set_down(false);
    house.advance(2 * SECOND);
    let (taken, done) = measure(&house, "resume: n8n takes the decision", house.drain()).await;
    assert_eq!(done, 1);
    vec![down, taken]
}

async fn polls() -> Vec<Cost> {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let endpoint = format!("{N8N}/webhook/invokati-trigger/{installation}/wf1");
    house.n8n.answer_webhooks(Ok((200, r#"{"execution_id":"9"}"#)));
    let triggered = house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
    assert_eq!(triggered.status, 200, "{triggered:?}");
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    house.advance(SECOND);
    let (running, done) = measure(&house, "poll: the run goes on", house.drain()).await;
    assert_eq!(done, 1);
    house.n8n.set_status(9, "success");
    house.advance(2 * SECOND);
    let (ended, done) = measure(&house, "poll: the run has ended", house.drain()).await;
    assert_eq!(done, 1);
    vec![running, ended]
}

async fn listing() -> Cost {
    let house = TestApp::new().await;
    for n in 0..10 {
        house.n8n.add_workflow(&format!("wf{n}"), "Report", &format!("report-{n}"));
    }
    house.n8n.set_down(true);
    house.register(&house.acme).await;
    house.n8n.set_down(false);
    house.advance(10 * SECOND);
    let (cost, done) = measure(&house, "list workflows: ten with a webhook each", house.drain()).await;
    assert_eq!(done, 1);
    cost
}

/// A push of a workflow that alerts are about, and the look at one that has gone silent.
async fn watching() -> Vec<Cost> {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    for rule in [json!({ "kind": "failing" }), json!({ "kind": "silent", "after_minutes": 60 })] {
        assert_eq!(house.acme.post("/api/alerts", rule).await.status, 201);
    }
    house.drain().await;
    let push = |execution: u64| {
        json!({
            "installation_id": installation, "workflow_id": "wf1",
            "execution_data": { "id": execution, "status": "success", "startedAt": "2025-01-21T10:30:00Z" },
        })
    };
    for execution in 1..5 {
        assert_eq!(house.acme.post("/api/push/executions", push(execution)).await.status, 200);
    }
    let pushing = house.acme.post("/api/push/executions", push(5));
    let (watched, answer) = measure(&house, "push_execution of a workflow that is watched", pushing).await;
    assert_eq!(answer.status, 200);
    house.advance(3600 * SECOND);
    house.sweep().await;
    house.advance(60 * SECOND);
    house.sweep().await;
    let (look, done) = measure(&house, "watch: a workflow has gone silent", house.drain()).await;
    assert!(done >= 1);
    vec![watched, look]
}

async fn chores() -> Vec<Cost> {
    let mut costs = Vec::new();
    let house = samples::scene().await;
    let (store, tenant) = (&*house.app.store, house.acme.key.tenant);
    for n in 0..8 {
        store
            .write(Write::put(Key::of(tenant, "webhook#old", format!("{n:04}")), Attrs::new()))
            .await
            .unwrap();
    }
    // What the scene itself owes, late enough for the sweep.
    house.advance(300 * SECOND);
    house.sweep().await;
    house.drain().await;
    let one = |id: u64| Id::from_u64(id).unwrap();
    for (step, what) in [
        ("purge eight items", What::Purge { partition: "webhook#old".into() }),
        (
            "take one media item out of a deleted collection",
            What::UnfileMedia { collection_id: CollectionId::of(one(1)) },
        ),
        ("ask the provider of a video", What::EnrichMedia { media_id: MediaId::of(one(42)) }),
        ("forget a field of three leads", What::ForgetField { field_id: FieldId::of(one(7)) }),
        ("hold one workflow against changed alerts", What::WatchWorkflows),
        (
            "forget an installation with one workflow",
            What::ForgetInstallation { installation_id: InstallationId::of(one(45)) },
        ),
        (
            "price the records of a workflow anew, one step",
            What::Reprice { from: Some(Millis(0)), version: PRICE_VERSION.into() },
        ),
        ("look at the budgets", What::CheckBudgets),
    ] {
        let chore = Chore::new(house.app.id(), what, house.app.now());
        store.write(Chores::new(store, tenant).insert(&chore, house.app.now()).unwrap()).await.unwrap();
        house.advance(240 * SECOND);
        house.sweep().await;
        let (cost, done) = measure(&house, &format!("chore: {step}"), house.drain()).await;
        assert_eq!(done, 1, "{step}");
        costs.push(cost);
    }
    costs
}
