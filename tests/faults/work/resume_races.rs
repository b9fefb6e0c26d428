//! Decisions that meet each other, a workflow that is quicker than we are, and the loop of regenerate.

use std::time::Duration;

use serde_json::json;

use harness::TestApp;
use harness::parked::{EXECUTION, RESUME_URL, decide, parked, resume_of, told};

#[tokio::test]
async fn of_two_decisions_at_once_one_stands() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    let (approved, denied) = tokio::join!(decide(&house, "approve", entity), decide(&house, "deny", entity));
    let (won, lost) = if approved.status == 200 { (approved, denied) } else { (denied, approved) };
    assert_eq!((won.status, lost.status), (200, 409), "{won:?} {lost:?}");
    assert_eq!(lost.json["code"], "already_decided");
    assert_eq!(lost.json["automation_status"], won.json["action"]);
    house.live(Duration::from_secs(60)).await;
    let told = told(&house);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["decision"], won.json["action"]);
}

#[tokio::test]
async fn of_two_equal_decisions_at_once_one_is_told() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    let (one, two) = tokio::join!(decide(&house, "approve", entity), decide(&house, "approve", entity));
    assert_eq!((one.status, two.status), (200, 200), "{one:?} {two:?}");
    house.live(Duration::from_secs(60)).await;
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn a_decision_and_an_update_at_once_keep_both() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    let path = format!("/api/payloads/{entity}");
    let (decided, mut updated) =
        tokio::join!(decide(&house, "approve", entity), house.acme.patch(&path, json!({ "title": "New" })));
    if updated.status == 409 {
        updated = house.acme.patch(&path, json!({ "title": "New" })).await;
    }
    assert_eq!((decided.status, updated.status), (200, 200), "{decided:?} {updated:?}");
    let shown = house.acme.get(&path).await.json;
    assert_eq!(
        (shown["title"].as_str(), shown["automation_status"].as_str()),
        (Some("New"), Some("approved"))
    );
    assert_eq!(shown["resume"]["state"], "resumed");
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn an_update_while_n8n_is_told_is_kept() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    let (acme, path) = (house.acme.clone(), format!("/api/payloads/{entity}"));
    house.faults.meanwhile("/webhook-waiting/", async move {
        assert_eq!(acme.patch(&path, json!({ "title": "New" })).await.status, 200);
    });
    assert_eq!(decide(&house, "approve", entity).await.json["n8n_resumed"], true);
    let shown = house.acme.get(&format!("/api/payloads/{entity}")).await.json;
    assert_eq!((shown["title"].as_str(), shown["resume"]["state"].as_str()), (Some("New"), Some("resumed")));
}

/// What the workflow posts when it was sent back.
fn repost(installation: u64) -> serde_json::Value {
    json!({
        "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": EXECUTION,
        "allow_regenerate": true, "resume_url": RESUME_URL,
    })
}

#[tokio::test]
async fn regenerate_goes_round_until_it_is_approved() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    let shown = house.acme.get(&format!("/api/payloads/{entity}")).await.json;
    let installation = shown["installation_id"].as_u64().unwrap();
    for round in 1..=3 {
        let sent_back = decide(&house, "regenerate", entity).await;
        assert_eq!(
            (sent_back.status, sent_back.json["n8n_resumed"].as_bool()),
            (200, Some(true)),
            "{sent_back:?}"
        );
        let made = house.acme.post("/automation/payload/create", repost(installation)).await;
        assert_eq!((made.status, made.id()), (201, entity), "round {round}: {made:?}");
        assert_eq!(made.json["automation_status"], "pending");
        house.n8n.goes_on_to(EXECUTION, entity);
        house.advance(Duration::from_secs(60));
    }
    let approved = decide(&house, "approve", entity).await;
    assert_eq!(approved.json["n8n_resumed"], true, "{approved:?}");
    let words: Vec<_> =
        told(&house).iter().map(|told| told["decision"].as_str().unwrap().to_owned()).collect();
    assert_eq!(words, ["regenerate", "regenerate", "regenerate", "approved"]);
    let history = house.acme.get(&format!("/api/payloads/{entity}")).await.json["history"].clone();
    assert_eq!(history.as_array().unwrap().len(), 7, "{history}");
}

#[tokio::test]
async fn a_workflow_that_posts_again_before_n8n_has_answered_is_not_disturbed() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    let shown = house.acme.get(&format!("/api/payloads/{entity}")).await.json;
    let installation = shown["installation_id"].as_u64().unwrap();
    let acme = house.acme.clone();
    house.faults.meanwhile("/webhook-waiting/", async move {
        assert_eq!(acme.post("/automation/payload/create", repost(installation)).await.status, 201);
    });
    let sent_back = decide(&house, "regenerate", entity).await;
    assert_eq!(
        (sent_back.status, sent_back.json["action"].as_str(), sent_back.json["n8n_resumed"].as_bool()),
        (200, Some("regenerate"), Some(true)),
        "the reply is about the decision, not about what came after: {sent_back:?}"
    );
    let shown = house.acme.get(&format!("/api/payloads/{entity}")).await.json;
    assert_eq!(
        (shown["automation_status"].as_str(), shown["resume"].is_null()),
        (Some("pending"), true),
        "{shown}"
    );
    house.n8n.goes_on_to(EXECUTION, entity);
    assert_eq!(decide(&house, "approve", entity).await.json["n8n_resumed"], true);
    assert_eq!(told(&house).len(), 2);
}

#[tokio::test]
async fn the_end_of_an_old_attempt_does_not_end_a_new_debt() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    let shown = house.acme.get(&format!("/api/payloads/{entity}")).await.json;
    let installation = shown["installation_id"].as_u64().unwrap();
    let (acme, n8n) = (house.acme.clone(), house.n8n.clone());
    house.faults.meanwhile("/webhook-waiting/", async move {
        assert_eq!(acme.post("/automation/payload/create", repost(installation)).await.status, 201);
        n8n.goes_on_to(EXECUTION, entity);
        n8n.set_down(true);
        let body = json!({ "entity_id": entity, "entity_type": "custom_payload" });
        let approved = acme.post("/automation/approve", body).await;
        assert_eq!(approved.json["resume_state"], "pending", "{approved:?}");
    });
    assert_eq!(decide(&house, "regenerate", entity).await.json["n8n_resumed"], true);
    assert_eq!(resume_of(&house, entity).await["state"], "pending", "the approval is still owed");
    house.n8n.set_down(false);
    house.live(Duration::from_secs(60)).await;
    let words: Vec<_> =
        told(&house).iter().map(|told| told["decision"].as_str().unwrap().to_owned()).collect();
    assert_eq!(words, ["regenerate", "approved"]);
}

#[tokio::test]
async fn posts_of_two_executions_at_once_make_two_payloads() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let post = |execution: &'static str| {
        let body = json!({
            "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": execution,
        });
        house.acme.post_once("/automation/payload/create", execution, body)
    };
    let (one, two, again) = tokio::join!(post("1"), post("2"), post("1"));
    assert_eq!((one.status, two.status, again.status), (201, 201, 201), "{one:?} {two:?} {again:?}");
    assert_eq!(one.id(), again.id(), "the same Idempotency-Key makes one record");
    assert_ne!(one.id(), two.id());
    let listed = house.acme.get("/api/payloads/list").await;
    assert_eq!(listed.json["count"], 2, "{listed:?}");
}
