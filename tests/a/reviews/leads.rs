//! Leads are reviewed by the rules of payloads.

use std::time::Duration;

use serde_json::{Value, json};

use harness::{Answer, N8N, TestApp, assert_holds, named, refusal, samples};

/// A lead that execution 7 waits for.
async fn parked() -> (TestApp, u64) {
    let house = samples::scene().await;
    let id = post(&house, "jane@example.com", json!({})).await;
    house.n8n.waits(7, "abc123", id);
    (house, id)
}

fn body(email: &str, more: &Value) -> Value {
    let mut body = json!({
        "first_name": "Jane", "last_name": "Doe", "email": email, "installation_id": 45, "workflow_id": "abc123",
        "execution_id": 7, "human_interaction": true, "allow_regenerate": true,
        "resume_url": format!("{N8N}/webhook-waiting/7?signature=token-7"),
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn post(house: &TestApp, email: &str, more: Value) -> u64 {
    let made = house.acme.post("/api/leads", body(email, &more)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

async fn decide(house: &TestApp, verb: &str, id: u64) -> Answer {
    let body = json!({ "entity_id": id.to_string(), "entity_type": "lead", "notes": "Seen." });
    house.acme.post(&format!("/automation/{verb}"), body).await
}

async fn shown(house: &TestApp, id: u64) -> Value {
    house.acme.get(&format!("/api/leads/{id}")).await.json
}

#[tokio::test]
async fn each_verb_is_stored_and_n8n_is_told() {
    for (verb, word) in [("approve", "approved"), ("deny", "denied"), ("regenerate", "regenerate")] {
        let (house, id) = parked().await;
        let answer = decide(&house, verb, id).await;
        let expected = json!({
            "success": true, "entity_id": id, "entity_type": "lead", "action": word, "automation_status": word,
            "n8n_resumed": true,
        });
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_holds(&answer.json, &expected);
        let told = json!({ "decision": word, "notes": "Seen.", "entity_id": id, "entity_type": "lead" });
        assert_eq!(house.n8n.execution(7).unwrap().decisions, [told]);
        let now = shown(&house, id).await;
        assert_eq!(
            (&now["decision"]["decision"], &now["decision"]["notes"]),
            (&json!(word), &json!("Seen."))
        );
        assert_eq!(now["history"][0]["by"], "jane@acme.example");
        assert_eq!(now["status"], "New", "the pipeline is another matter");
    }
}

#[tokio::test]
async fn the_first_decision_stands() {
    let (house, id) = parked().await;
    decide(&house, "approve", id).await;
    assert_eq!(decide(&house, "approve", id).await.status, 200);
    let other = decide(&house, "deny", id).await;
    assert_eq!((other.status, refusal(&other, "/automation/deny").as_str()), (409, "already_decided"));
    assert_eq!(house.n8n.execution(7).unwrap().decisions.len(), 1);
}

#[tokio::test]
async fn a_dead_n8n_hears_of_it_later() {
    let (house, id) = parked().await;
    house.n8n.set_down(true);
    let answer = decide(&house, "approve", id).await;
    assert_eq!((answer.status, &answer.json["resume_state"]), (200, &json!("pending")), "{answer:?}");
    house.live(Duration::from_secs(20)).await;
    house.n8n.set_down(false);
    house.live(Duration::from_secs(120)).await;
    assert_eq!(shown(&house, id).await["resume"]["state"], "resumed");
    assert_eq!(house.n8n.execution(7).unwrap().decisions.len(), 1);
}

#[tokio::test]
async fn posting_again_after_regenerate_renews_the_lead() {
    let (house, id) = parked().await;
    let moved = json!({ "status": "Qualified", "phone": "1" });
    assert_eq!(house.acme.patch(&format!("/api/leads/{id}"), moved).await.status, 200);
    decide(&house, "regenerate", id).await;
    let again =
        house.acme.post("/api/leads", body(" JANE@example.com", &json!({ "pain_points": "Better." }))).await;
    assert_eq!((again.status, again.id()), (201, id), "{again:?}");
    assert_eq!(
        (&again.json["automation_status"], &again.json["status"]),
        (&json!("pending"), &json!("Qualified"))
    );
    let now = shown(&house, id).await;
    // What was not posted again stays, and so does what people did meanwhile.
    let expected =
        json!({ "pain_points": "Better.", "phone": "1", "status": "Qualified", "human_interaction": true });
    assert_holds(&now, &expected);
    assert_eq!((&now["decision"], &now["resume"]), (&Value::Null, &Value::Null));
    house.n8n.goes_on_to(7, id);
    let approved = decide(&house, "approve", id).await;
    assert_eq!(approved.json["n8n_resumed"], true, "{approved:?}");
    assert_eq!(house.acme.get("/api/leads/list?email=jane@example.com").await.json["count"], 1);
}

/// A sheet with the same person twice: the second row asks once more, as soon as n8n went on with the first one's answer.
#[tokio::test]
async fn the_same_person_later_in_one_execution_is_asked_about_again() {
    let (house, id) = parked().await;
    let again = house.acme.post("/api/leads?on_duplicate=update", body("jane@example.com", &json!({}))).await;
    assert_eq!(
        (again.id(), &again.json["automation_status"]),
        (id, &json!("pending")),
        "a repeat changes nothing"
    );
    assert_eq!(decide(&house, "approve", id).await.json["n8n_resumed"], true);
    let second =
        house.acme.post("/api/leads?on_duplicate=update", body("Jane@Example.com", &json!({}))).await;
    assert_eq!((second.id(), &second.json["automation_status"]), (id, &json!("pending")), "{second:?}");
    house.n8n.goes_on_to(7, id);
    let denied = decide(&house, "deny", id).await;
    assert_eq!((denied.status, &denied.json["n8n_resumed"]), (200, &json!(true)), "{denied:?}");
    let told: Vec<_> =
        house.n8n.execution(7).unwrap().decisions.iter().map(|told| told["decision"].clone()).collect();
    assert_eq!(told, ["approved", "denied"]);
}

#[tokio::test]
async fn only_the_sent_back_lead_of_the_execution_is_renewed() {
    let (house, id) = parked().await;
    decide(&house, "regenerate", id).await;
    let other = post(&house, "joe@example.com", json!({})).await;
    assert_ne!(other, id);
    // The same person from another execution is the same lead: it stays sent back.
    let elsewhere =
        house.acme.post("/api/leads", body("jane@example.com", &json!({ "execution_id": 8 }))).await;
    assert_eq!((elsewhere.status, elsewhere.id()), (200, id), "{elsewhere:?}");
    assert_eq!(shown(&house, id).await["automation_status"], "regenerate");
}

#[tokio::test]
async fn regenerate_needs_allow_regenerate() {
    let house = samples::scene().await;
    let id = post(&house, "jane@example.com", json!({ "allow_regenerate": false })).await;
    assert_eq!(named(&decide(&house, "regenerate", id).await), ["entity_id"]);
}

#[tokio::test]
async fn another_tenants_lead_is_a_404() {
    let (house, id) = parked().await;
    for id in [id, samples::NOWHERE] {
        let body = json!({ "entity_id": id, "entity_type": "lead" });
        let answer = house.rival.post("/automation/approve", body).await;
        assert_eq!((answer.status, refusal(&answer, "/automation/approve").as_str()), (404, "not_found"));
    }
    assert_eq!(shown(&house, id).await["automation_status"], "pending");
}
