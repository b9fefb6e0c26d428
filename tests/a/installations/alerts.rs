//! Alerts: who is told of which workflow, and how often.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use standins::dump;

use harness::{TestApp, named, refusal};

const PATH: &str = "/api/alerts";
const MINUTE: Duration = Duration::from_secs(60);

async fn create(house: &TestApp, body: Value) -> u64 {
    let answer = house.acme.post(PATH, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    // All workflows are held against it.
    house.drain().await;
    answer.id()
}

async fn push(house: &TestApp, installation: u64, workflow: &str, execution: u64, status: &str) {
    let now = shared::clock::iso(house.app.now());
    let mut data = json!({ "id": execution, "status": status, "startedAt": now });
    if status != "running" {
        data["stoppedAt"] = json!(now);
    }
    let body = json!({ "installation_id": installation, "workflow_id": workflow, "execution_data": data });
    assert_eq!(house.acme.post("/api/push/executions", body).await.status, 200);
}

/// Lets minutes pass as the deployment does: a tick and a sweep in each.
async fn pass(house: &TestApp, minutes: u32) {
    for _ in 0..minutes {
        house.advance(MINUTE);
        house.tick().await;
        house.sweep().await;
        house.drain().await;
    }
}

/// The titles of all notifications, the oldest first.
async fn told(house: &TestApp) -> Vec<String> {
    let listed = house.acme.get("/api/notifications/list").await.json;
    let all = listed["notifications"].as_array().unwrap().iter().rev();
    // A key that stops working is told of too, and is not meant here.
    let titles = all.map(|one| one["title"].as_str().unwrap().to_owned());
    titles.filter(|title| !title.starts_with("n8n refuses")).collect()
}

async fn firing(house: &TestApp, id: u64) -> Vec<String> {
    let list = house.acme.get(PATH).await.json;
    let alert = list["alerts"].as_array().unwrap().iter().find(|alert| alert["id"] == id).unwrap().clone();
    let rows = alert["firing"].as_array().unwrap().iter();
    rows.map(|row| row["workflow_id"].as_str().unwrap().to_owned()).collect()
}

async fn house() -> TestApp {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    house
}

#[tokio::test]
async fn a_failing_workflow_is_told_of_once_until_it_is_well() {
    let house = house().await;
    let id =
        create(&house, json!({ "kind": "failing", "failures": 2, "of_last": 3, "title": "Fails" })).await;
    push(&house, 45, "wf1", 1, "error").await;
    assert_eq!(told(&house).await, [""; 0]);
    push(&house, 45, "wf2", 2, "error").await;
    push(&house, 45, "wf1", 3, "crashed").await;
    assert_eq!(
        (told(&house).await, firing(&house, id).await),
        (vec!["Fails: wf1".into()], vec!["wf1".into()])
    );
    let notification = house.acme.get("/api/notifications/list").await.json["notifications"][0].clone();
    assert_eq!(
        (
            &notification["entity_type"],
            &notification["entity_id"],
            &notification["type"],
            &notification["link"]
        ),
        (
            &json!("alert"),
            &json!(id),
            &json!("workflow_error"),
            &json!("https://n8n.example.com/workflow/wf1/executions")
        )
    );
    let message = notification["message"].as_str().unwrap();
    assert!(message.starts_with("wf1 (Seeded): 2 of 2 executions failed, execution 3 last."), "{message}");
    for execution in 4..8 {
        push(&house, 45, "wf1", execution, "error").await;
    }
    assert_eq!(told(&house).await.len(), 1);
    for execution in 8..10 {
        push(&house, 45, "wf1", execution, "success").await;
    }
    assert_eq!((told(&house).await.len(), firing(&house, id).await), (1, vec![]));
    for execution in 10..12 {
        push(&house, 45, "wf1", execution, "error").await;
    }
    assert_eq!(told(&house).await, ["Fails: wf1", "Fails: wf1"]);
    assert_eq!(house.rival.get("/api/notifications/list").await.json["count"], 0);
}

#[tokio::test]
async fn what_has_failed_before_there_was_the_rule_counts_as_far_as_it_is_known() {
    let house = house().await;
    push(&house, 45, "wf1", 1, "error").await;
    create(&house, json!({ "kind": "failing", "failures": 1 })).await;
    assert_eq!(told(&house).await, ["Workflow fails: wf1"]);
}

#[tokio::test]
async fn an_alert_is_about_its_own_scope() {
    let house = house().await;
    house.seed_installation_at(&house.acme, 46, "https://n8n.other.example").await;
    for (installation, workflow) in [(45, "wf1"), (45, "wf2"), (46, "wf1")] {
        push(&house, installation, workflow, 1, "success").await;
    }
    for (title, scope) in [
        ("Here", json!({ "installation_id": 46 })),
        ("This", json!({ "workflow_id": "wf1" })),
        ("Both", json!({ "workflow_id": "wf1", "installation_id": 46 })),
    ] {
        let mut body = json!({ "kind": "failing", "failures": 1, "title": title });
        body.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
        create(&house, body).await;
    }
    push(&house, 45, "wf2", 2, "error").await;
    assert_eq!(told(&house).await, [""; 0]);
    push(&house, 45, "wf1", 2, "error").await;
    assert_eq!(told(&house).await, ["This: wf1"]);
    push(&house, 46, "wf1", 2, "error").await;
    let mut all = told(&house).await;
    all.sort();
    assert_eq!(all, ["Both: wf1", "Here: wf1", "This: wf1", "This: wf1"]);
    for scope in [json!({ "workflow_id": "wf9" }), json!({ "workflow_id": "wf2", "installation_id": 46 })] {
        let mut body = json!({ "kind": "failing" });
        body.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
        let answer = house.acme.post(PATH, body).await;
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (404, "not_found"), "{scope}");
    }
}

#[tokio::test]
async fn an_alert_for_a_workflow_that_was_just_made_finds_it() {
    for scope in [json!({}), json!({ "installation_id": 45 })] {
        let house = house().await;
        house.seed_installation_at(&house.acme, 46, "https://n8n.other.example").await;
        let alert = |workflow: &str| {
            let mut body = json!({ "kind": "failing", "failures": 1, "workflow_id": workflow });
            body.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
            body
        };
        house.n8n.add_workflow("new1", "Made today", "made");
        create(&house, alert("new1")).await;
        push(&house, 45, "new1", 1, "error").await;
        assert_eq!(told(&house).await, ["Workflow fails: Made today"]);
        // n8n's list is read once a minute.
        house.n8n.add_workflow("new2", "Made later", "later");
        assert_eq!(house.acme.post(PATH, alert("new2")).await.status, 404);
        assert_eq!(house.rival.post(PATH, alert("new1")).await.status, 404);
        house.advance(MINUTE);
        create(&house, alert("new2")).await;
        house.drain().await;
    }
}

#[tokio::test]
async fn a_silent_workflow_is_told_of_until_it_runs_again() {
    let house = house().await;
    let id = create(&house, json!({ "kind": "silent", "after_minutes": 30 })).await;
    house.n8n.refuse_key(true);
    push(&house, 45, "wf1", 1, "success").await;
    pass(&house, 20).await;
    push(&house, 45, "wf1", 2, "success").await;
    pass(&house, 28).await;
    assert_eq!(told(&house).await, [""; 0]);
    pass(&house, 5).await;
    assert_eq!(
        (told(&house).await, firing(&house, id).await),
        (vec!["Workflow is silent: wf1".into()], vec!["wf1".into()])
    );
    let notification = house.acme.get("/api/notifications/list").await.json["notifications"][0].clone();
    let message = notification["message"].as_str().unwrap();
    assert!(message.contains("No execution has begun since 2025-01-21T10:50:00Z."), "{message}");
    assert!(message.contains("n8n refuses the API key that was registered (401)"), "{message}");
    pass(&house, 120).await;
    assert_eq!(told(&house).await.len(), 1);
    push(&house, 45, "wf1", 3, "success").await;
    assert_eq!(firing(&house, id).await, [""; 0]);
    pass(&house, 40).await;
    assert_eq!(told(&house).await.len(), 2);
}

#[tokio::test]
async fn n8n_is_asked_before_a_workflow_is_called_silent() {
    let house = house().await;
    let id = create(&house, json!({ "kind": "silent", "after_minutes": 30 })).await;
    push(&house, 45, "wf1", 1, "success").await;
    pass(&house, 25).await;
    // It ran, and its push was lost.
    house.n8n.runs(2, "wf1", house.app.now().0);
    house.n8n.set_status(2, "success");
    pass(&house, 20).await;
    assert_eq!(told(&house).await, [""; 0]);
    pass(&house, 30).await;
    assert_eq!(told(&house).await.len(), 1);
    house.n8n.runs(3, "wf1", house.app.now().0);
    house.n8n.set_status(3, "success");
    pass(&house, 15).await;
    assert_eq!(firing(&house, id).await, [""; 0], "n8n says that it ran again");
    assert!(house.acme.get("/api/installs/45").await.json["last_seen_at"].is_string());
}

#[tokio::test]
async fn an_execution_that_does_not_end_is_told_of() {
    let house = house().await;
    let id = create(&house, json!({ "kind": "stuck", "after_minutes": 10, "title": "Stuck" })).await;
    for (execution, workflow) in [(1, "wf1"), (2, "wf2"), (3, "wf3")] {
        house.n8n.runs(execution, workflow, house.app.now().0);
        push(&house, 45, workflow, execution, "running").await;
    }
    push(&house, 45, "wf4", 4, "waiting").await;
    pass(&house, 5).await;
    push(&house, 45, "wf2", 2, "success").await;
    // Its push was lost.
    house.n8n.set_status(3, "success");
    pass(&house, 10).await;
    assert_eq!(
        (told(&house).await, firing(&house, id).await),
        (vec!["Stuck: wf1".into()], vec!["wf1".into()])
    );
    house.n8n.set_status(1, "success");
    pass(&house, 15).await;
    assert_eq!((told(&house).await.len(), firing(&house, id).await), (1, vec![]));
}

#[tokio::test]
async fn a_run_that_baton_follows_counts_like_a_push() {
    let house = house().await;
    create(&house, json!({ "kind": "failing", "failures": 1 })).await;
    house.n8n.answer_webhooks(Ok((200, r#"{"execution_id":"9"}"#)));
    let endpoint = "https://n8n.example.com/webhook/invokati-trigger/45/wf1";
    let triggered = house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
    assert_eq!(triggered.status, 200, "{triggered:?}");
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    house.n8n.set_status(9, "error");
    pass(&house, 1).await;
    assert_eq!(told(&house).await, ["Workflow fails: wf1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn executions_at_once_tell_once() {
    let mut house = house().await;
    create(&house, json!({ "kind": "failing", "failures": 5 })).await;
    for round in 0..3 {
        join_all((1..=12).map(|n| push(&house, 45, "wf1", round * 12 + n, "error"))).await;
        house.restart();
    }
    assert_eq!(told(&house).await, ["Workflow fails: wf1"]);
}

#[tokio::test]
async fn another_rule_is_another_alert() {
    let house = house().await;
    let id = create(&house, json!({ "kind": "failing", "failures": 2, "title": "Fails" })).await;
    let path = format!("{PATH}/{id}");
    push(&house, 45, "wf1", 1, "error").await;
    assert_eq!(
        house.acme.patch(&path, json!({ "failures": 1, "of_last": 1, "title": "Failed" })).await.status,
        200
    );
    house.drain().await;
    assert_eq!(told(&house).await, ["Failed: wf1"]);
    assert_eq!(house.acme.patch(&path, json!({ "within_minutes": 60 })).await.status, 200);
    house.drain().await;
    assert_eq!((told(&house).await.len(), firing(&house, id).await), (1, vec!["wf1".into()]));
    for (body, name) in [
        (json!({ "after_minutes": 60 }), "after_minutes"),
        (json!({ "of_last": 1, "failures": 2 }), "of_last"),
        (json!({ "of_last": 3, "within_minutes": 60 }), "within_minutes"),
    ] {
        assert_eq!(named(&house.acme.patch(&path, body).await), [name]);
    }
    assert_eq!(house.acme.delete(&path).await.status, 200);
    house.drain().await;
    push(&house, 45, "wf1", 2, "error").await;
    assert_eq!(told(&house).await.len(), 1);
    let left = dump::items(&house.file).await.unwrap();
    assert!(!left.iter().any(|item| item.pk.contains("alert-firing")
        || item.due_at.is_some_and(|at| at < i64::MAX / 2) && item.pk.contains("vitals")));
    let again = house.acme.delete(&path).await;
    assert_eq!((again.status, refusal(&again, &path).as_str()), (404, "not_found"));
}

#[tokio::test]
async fn there_are_only_so_many_alerts_and_their_numbers_have_bounds() {
    let house = house().await;
    for (body, name) in [
        (json!({ "kind": "silent" }), "after_minutes"),
        (json!({ "kind": "stuck", "after_minutes": 4 }), "after_minutes"),
        (json!({ "kind": "stuck", "after_minutes": 43_201 }), "after_minutes"),
        (json!({ "kind": "silent", "after_minutes": 60, "failures": 3 }), "failures"),
        (json!({ "kind": "failing", "failures": 4, "of_last": 3 }), "of_last"),
        (json!({ "kind": "failing", "within_minutes": 0 }), "within_minutes"),
    ] {
        assert_eq!(named(&house.acme.post(PATH, body.clone()).await), [name], "{body}");
    }
    for _ in 0..100 {
        assert_eq!(house.acme.post(PATH, json!({ "kind": "failing", "failures": 1 })).await.status, 201);
    }
    let more = house.acme.post(PATH, json!({ "kind": "failing" })).await;
    assert_eq!((more.status, refusal(&more, PATH).as_str()), (409, "too_many_alerts"));
    house.drain().await;
    push(&house, 45, "wf1", 1, "error").await;
    for _ in 0..4 {
        push(&house, 45, "wf1", 1, "error").await;
    }
    assert_eq!(told(&house).await.len(), 50, "a page of a hundred");
    let all = house.acme.get("/api/notifications/list?limit=500").await.json["count"].clone();
    assert_eq!(all, 100, "each is told, a few in each step");
}

#[tokio::test]
async fn all_workflows_are_held_against_a_new_rule_page_after_page() {
    let house = house().await;
    house.seed_installation_at(&house.acme, 46, "https://n8n.other.example").await;
    for n in 0..60 {
        push(&house, 45, &format!("wf{n}"), 1, "error").await;
    }
    push(&house, 46, "wf1", 1, "error").await;
    create(&house, json!({ "kind": "failing", "failures": 1 })).await;
    let all = house.acme.get("/api/notifications/list?limit=500").await.json["count"].clone();
    assert_eq!(all, 61);
}

#[tokio::test]
async fn what_is_known_of_a_deleted_installation_is_forgotten() {
    let mut house = house().await;
    create(&house, json!({ "kind": "failing", "failures": 1 })).await;
    create(&house, json!({ "kind": "silent", "after_minutes": 5 })).await;
    push(&house, 45, "wf1", 1, "error").await;
    assert_eq!(house.acme.delete("/api/installs/45").await.status, 200);
    house.restart();
    pass(&house, 10).await;
    let left = dump::items(&house.file).await.unwrap();
    let left: Vec<_> =
        left.iter().filter(|item| item.pk.contains("vitals") || item.pk.contains("alert-firing")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(told(&house).await, ["Workflow fails: wf1"], "a deleted n8n is not silent");
}
