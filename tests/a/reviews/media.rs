//! Decisions on media items: the same rules as for payloads.

use std::time::Duration;

use serde_json::{Value, json};

use harness::{Answer, TestApp, assert_holds, named, refusal, samples};

use crate::media::shown;

async fn decide(house: &TestApp, verb: &str, more: Value) -> Answer {
    let mut body = json!({ "entity_id": 42, "entity_type": "media_item" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.acme.post(&format!("/automation/{verb}"), body).await
}

fn told(house: &TestApp) -> Vec<Value> {
    house.n8n.execution(0).unwrap().decisions
}

#[tokio::test]
async fn each_verb_is_stored_and_told_to_n8n() {
    for (verb, word) in [("approve", "approved"), ("deny", "denied"), ("regenerate", "regenerate")] {
        let house = samples::scene().await;
        let answer = decide(&house, verb, json!({ "notes": "Noted." })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_holds(
            &answer.json,
            &json!({
                "success": true, "entity_id": 42, "entity_type": "media_item", "action": word,
                "automation_status": word, "n8n_resumed": true, "resume_state": "resumed",
            }),
        );
        let body =
            json!({ "decision": word, "notes": "Noted.", "entity_id": 42, "entity_type": "media_item" });
        assert_eq!(told(&house), [body]);
        let now = shown(&house.acme, 42).await;
        assert_holds(
            &now["decision"],
            &json!({ "decision": word, "notes": "Noted.", "by": "jane@acme.example" }),
        );
        assert_holds(&now["history"][0], &json!({ "from": "pending", "to": word, "notes": "Noted." }));
    }
}

#[tokio::test]
async fn the_first_decision_stands() {
    let house = samples::scene().await;
    let first = decide(&house, "approve", json!({})).await;
    let second = decide(&house, "approve", json!({ "notes": "again" })).await;
    assert_eq!((second.status, &second.text), (200, &first.text));
    let other = decide(&house, "deny", json!({})).await;
    assert_eq!((other.status, refusal(&other, "/automation/deny").as_str()), (409, "already_decided"));
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn a_payload_and_a_media_item_of_one_id_are_two_things() {
    let house = samples::scene().await;
    assert_eq!(decide(&house, "approve", json!({})).await.status, 200);
    assert_eq!(house.acme.get("/api/payloads/42").await.json["automation_status"], "pending");
}

#[tokio::test]
async fn n8n_that_is_down_is_told_later() {
    let house = samples::scene().await;
    house.n8n.set_down(true);
    let answer = decide(&house, "approve", json!({})).await;
    assert_eq!((answer.status, &answer.json["resume_state"]), (200, &json!("pending")), "{answer:?}");
    house.n8n.set_down(false);
    house.live(Duration::from_secs(30)).await;
    assert_eq!(told(&house).len(), 1);
    assert_eq!(shown(&house.acme, 42).await["resume"]["state"], "resumed");
}

#[tokio::test]
async fn regenerate_needs_allow_regenerate() {
    let house = samples::scene().await;
    house.acme.patch("/api/media/42", json!({ "allow_regenerate": false })).await;
    assert_eq!(named(&decide(&house, "regenerate", json!({})).await), ["entity_id"]);
    assert_eq!(decide(&house, "approve", json!({})).await.status, 200);
}

#[tokio::test]
async fn posting_again_renews_the_item_and_leaves_it_where_it_was_filed() {
    let house = samples::scene().await;
    assert_eq!(decide(&house, "regenerate", json!({})).await.status, 200);
    let waiting = "/api/media/list?human_interaction=1&automation_status=pending";
    assert_eq!(house.acme.get(waiting).await.json["count"], 0);
    let mut body = samples::media::media();
    body["url"] = json!("https://cdn.example.com/second.mp4");
    let again = house.acme.post("/automation/media/create", body).await;
    assert_eq!((again.status, again.id(), &again.json["collection_id"]), (201, 42, &json!(1)), "{again:?}");
    let now = shown(&house.acme, 42).await;
    assert_holds(&now, &json!({ "automation_status": "pending", "collection_id": 1 }));
    assert_eq!((&now["decision"], &now["resume"]), (&Value::Null, &Value::Null));
    let steps: Vec<_> = now["history"].as_array().unwrap().iter().map(|entry| entry["to"].clone()).collect();
    assert_eq!(steps, ["regenerate", "pending"]);
    assert_eq!(house.acme.get(waiting).await.json["count"], 1);
    assert_eq!(house.acme.get("/api/collections/1").await.json["media_count"], 1);
    assert_holds(&house.acme.get("/api/media/stats").await.json, &json!({ "total": 1, "pending_review": 1 }));
    house.n8n.goes_on_to(0, 42);
    let answer = decide(&house, "approve", json!({})).await;
    assert_eq!((answer.status, &answer.json["n8n_resumed"]), (200, &json!(true)), "{answer:?}");
}

#[tokio::test]
async fn another_execution_workflow_or_type_is_an_item_of_its_own() {
    let house = samples::scene().await;
    decide(&house, "regenerate", json!({})).await;
    for (field, value) in [("execution_id", "exec-790"), ("workflow_id", "other"), ("media_type", "image")] {
        let body = samples::with(samples::media::media(), field, json!(value));
        let other = house.acme.post("/automation/media/create", body).await;
        assert_eq!(other.status, 201);
        assert_ne!(other.id(), 42, "{field}");
    }
    // A payload of the same execution does not renew a media item either.
    let payload = house.acme.post("/automation/payload/create", json!({
        "title": "x", "task_type": "video", "workflow_id": "abc123", "execution_id": "exec-789", "installation_id": 45,
    }));
    assert_eq!(payload.await.status, 201);
    assert_eq!(shown(&house.acme, 42).await["automation_status"], "regenerate");
}

#[tokio::test]
async fn another_tenants_item_is_not_there() {
    let house = samples::scene().await;
    let body = json!({ "entity_id": 42, "entity_type": "media_item" });
    let answer = house.rival.post("/automation/approve", body).await;
    assert_eq!((answer.status, refusal(&answer, "/automation/approve").as_str()), (404, "not_found"));
    assert_eq!(shown(&house.acme, 42).await["automation_status"], "pending");
}
