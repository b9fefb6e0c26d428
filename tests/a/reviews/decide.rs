use std::time::Duration;

use serde_json::{Value, json};
use shared::ids::{LeadId, PayloadId};

use harness::{Answer, TestApp, assert_holds, named, refusal, samples};

async fn decide(house: &TestApp, verb: &str, body: Value) -> Answer {
    house.acme.post(&format!("/automation/{verb}"), body).await
}

fn bare() -> Value {
    json!({ "entity_id": 42, "entity_type": "custom_payload" })
}

async fn shown(house: &TestApp) -> Value {
    house.acme.get("/api/payloads/42").await.json
}

#[tokio::test]
async fn the_sample_is_answered_as_documented_and_n8n_receives_the_documented_body() {
    let house = samples::scene().await;
    let answer = decide(&house, "approve", samples::review()).await;
    assert_eq!(answer.status, 200);
    assert_holds(
        &answer.json,
        &json!({
            "success": true, "entity_id": 42, "entity_type": "custom_payload", "action": "approved",
            "automation_status": "approved", "n8n_resumed": true,
        }),
    );
    let told = house.n8n.execution(0).unwrap().decisions;
    let documented = json!({
        "decision": "approved", "notes": "Looks good, approved for production.", "entity_id": 42,
        "entity_type": "custom_payload",
    });
    assert_eq!(told, [documented]);
}

#[tokio::test]
async fn each_verb_has_its_word() {
    for (verb, word) in [("approve", "approved"), ("deny", "denied"), ("regenerate", "regenerate")] {
        let house = samples::scene().await;
        let answer = decide(&house, verb, bare()).await;
        assert_eq!((answer.status, &answer.json["n8n_resumed"]), (200, &json!(true)), "{answer:?}");
        assert_eq!((&answer.json["action"], &answer.json["automation_status"]), (&json!(word), &json!(word)));
        assert_eq!(house.n8n.execution(0).unwrap().decisions[0]["decision"], word);
    }
}

#[tokio::test]
async fn who_decided_when_and_why_is_kept() {
    let house = samples::scene().await;
    decide(&house, "deny", samples::with(bare(), "notes", json!("Wrong domain."))).await;
    let now = shown(&house).await;
    assert_eq!(
        now["decision"],
        json!({
            "decision": "denied", "notes": "Wrong domain.", "by": "jane@acme.example",
            "user_id": house.acme.key.user_id, "at": "2025-01-21T10:30:00Z",
        })
    );
    assert_eq!((&now["resume"]["state"], &now["resume"]["attempts"]), (&json!("resumed"), &json!(1)));
    assert_eq!(now["history"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_same_decision_again_changes_nothing() {
    let house = samples::scene().await;
    let first = decide(&house, "approve", samples::review()).await;
    let before = (shown(&house).await, house.meter(), house.network.sent().len());
    let second = decide(&house, "approve", samples::with(samples::review(), "notes", json!("again"))).await;
    assert_eq!((second.status, &second.text), (200, &first.text));
    assert_eq!(house.meter().since(&before.1).write_units, 0.0);
    assert_eq!(house.network.sent().len(), before.2);
    assert_eq!(shown(&house).await, before.0);
}

#[tokio::test]
async fn another_decision_is_a_409_with_the_first_one() {
    let house = samples::scene().await;
    decide(&house, "approve", samples::review()).await;
    house.advance(Duration::from_secs(60));
    for verb in ["deny", "regenerate"] {
        let answer = decide(&house, verb, bare()).await;
        assert_eq!((answer.status, refusal(&answer, "/automation/deny").as_str()), (409, "already_decided"));
        assert_holds(
            &answer.json,
            &json!({
                "automation_status": "approved", "decided_by": "jane@acme.example",
                "decided_at": "2025-01-21T10:30:00Z", "notes": "Looks good, approved for production.",
            }),
        );
    }
    assert_eq!(house.n8n.execution(0).unwrap().decisions.len(), 1);
    assert_eq!(shown(&house).await["automation_status"], "approved");
}

#[tokio::test]
async fn execution_and_installation_of_the_request_go_first() {
    let house = samples::scene().await;
    let made = house.acme.post("/automation/payload/create", json!({ "title": "no execution" })).await;
    house.n8n.waits(7, "abc123", made.id());
    let body = json!({
        "entity_id": made.id(), "entity_type": "custom_payload", "execution_id": 7, "installation_id": "45",
    });
    let answer = decide(&house, "approve", body).await;
    assert_eq!((answer.status, &answer.json["n8n_resumed"]), (200, &json!(true)), "{answer:?}");
    assert_eq!(house.n8n.execution(7).unwrap().decisions.len(), 1);
    let now = house.acme.get(&format!("/api/payloads/{}", made.id())).await.json;
    assert_eq!((&now["execution_id"], &now["installation_id"]), (&json!("7"), &json!(45)));
}

#[tokio::test]
async fn without_an_execution_the_decision_is_stored_and_nothing_resumed() {
    let house = TestApp::new().await;
    let made = house.acme.post("/automation/payload/create", json!({ "title": "x" })).await;
    let answer =
        decide(&house, "approve", json!({ "entity_id": made.id(), "entity_type": "custom_payload" })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((&answer.json["n8n_resumed"], &answer.json["resume_state"]), (&json!(false), &Value::Null));
    assert_eq!(answer.json["automation_status"], "approved");
    assert!(house.network.sent().is_empty());
}

#[tokio::test]
async fn a_foreign_installation_is_a_404_and_nothing_is_decided() {
    let house = samples::scene().await;
    house.seed_installation(&house.rival, 46).await;
    for id in [46, samples::NOWHERE] {
        let answer = decide(&house, "approve", samples::with(bare(), "installation_id", json!(id))).await;
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    assert_eq!(shown(&house).await["automation_status"], "pending");
    assert_eq!(shown(&house).await["history"], json!([]));
}

#[tokio::test]
async fn leads_and_media_items_that_are_not_there_are_a_404() {
    let house = samples::scene().await;
    for kind in ["lead", "media_item"] {
        let body = json!({ "entity_id": samples::NOWHERE, "entity_type": kind });
        let answer = decide(&house, "approve", body).await;
        assert_eq!(
            (answer.status, refusal(&answer, "/automation/approve").as_str()),
            (404, "not_found"),
            "{kind}"
        );
    }
    assert_eq!(shown(&house).await["automation_status"], "pending");
}

#[tokio::test]
async fn an_unknown_entity_type_is_told_the_known_ones() {
    let house = samples::scene().await;
    for kind in ["payload", "custom payload", "customPayload"] {
        let answer = decide(&house, "approve", samples::with(bare(), "entity_type", json!(kind))).await;
        assert_eq!(named(&answer), ["entity_type"]);
        assert!(answer.json["message"].as_str().unwrap().contains("lead, media_item, custom_payload"));
    }
}

#[tokio::test]
async fn a_dead_n8n_does_not_hold_the_decision_back() {
    let house = samples::scene().await;
    house.n8n.set_down(true);
    let answer = decide(&house, "approve", samples::review()).await;
    assert_eq!((answer.status, &answer.json["n8n_resumed"]), (200, &json!(false)), "{answer:?}");
    assert_eq!(
        (&answer.json["automation_status"], &answer.json["resume_state"]),
        (&json!("approved"), &json!("pending"))
    );
    let now = shown(&house).await;
    assert!(now["resume"]["last_error"].as_str().unwrap().contains("connection refused"), "{now}");
    assert!(now["resume"]["next_attempt_at"].is_string(), "{now}");
}

#[tokio::test]
async fn repeating_the_decision_tries_n8n_again_at_once() {
    let house = samples::scene().await;
    house.n8n.set_down(true);
    decide(&house, "approve", samples::review()).await;
    house.n8n.set_down(false);
    let answer = decide(&house, "approve", samples::review()).await;
    assert_eq!((answer.status, &answer.json["n8n_resumed"]), (200, &json!(true)), "{answer:?}");
    house.live(Duration::from_secs(60)).await;
    assert_eq!(house.n8n.execution(0).unwrap().decisions.len(), 1);
}

#[tokio::test]
async fn an_execution_that_n8n_does_not_know_is_told_as_gone() {
    let house = samples::scene().await;
    let answer = decide(&house, "approve", samples::with(bare(), "execution_id", json!("999"))).await;
    assert_eq!((answer.status, &answer.json["resume_state"]), (200, &json!("gone")), "{answer:?}");
    assert_eq!(answer.json["n8n_resumed"], false);
}

#[tokio::test]
async fn two_reviewers_at_once_leave_one_decision() {
    let house = samples::scene().await;
    let (approved, denied) = tokio::join!(
        decide(&house, "approve", samples::review()),
        decide(&house, "deny", samples::review()),
    );
    let mut statuses = [approved.status, denied.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(house.n8n.execution(0).unwrap().decisions.len(), 1);
}

#[tokio::test]
async fn an_id_of_another_kind_names_nothing_to_decide_on() {
    let house = samples::scene().await;
    let (lead, payload) = (LeadId::from_u64(42).unwrap(), PayloadId::from_u64(42).unwrap());
    for kind in ["lead", "media_item", "custom_payload", "invoice"] {
        let wrong = if kind == "lead" { payload.prefixed() } else { lead.prefixed() };
        let answer = decide(&house, "approve", json!({ "entity_id": wrong, "entity_type": kind })).await;
        assert_eq!(
            (answer.status, refusal(&answer, "/automation/approve").as_str()),
            (404, "not_found"),
            "{kind}"
        );
    }
    assert_eq!(shown(&house).await["automation_status"], "pending");
    let own = decide(
        &house,
        "approve",
        json!({ "entity_id": payload.prefixed(), "entity_type": "custom_payload" }),
    )
    .await;
    assert_eq!(own.status, 200, "{own:?}");
}
