//! The log of events.

use harness::TestApp;
use serde_json::{Value, json};

fn types(listed: &Value) -> Vec<&str> {
    listed["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect()
}

async fn lead(house: &TestApp, email: &str) -> u64 {
    let body = json!({ "first_name": "Jane", "last_name": "Doe", "email": email, "lead_source": "website" });
    let made = house.acme.post("/api/leads", body).await;
    assert!(made.status < 300, "{made:?}");
    made.id()
}

#[tokio::test]
async fn what_becomes_of_a_lead_is_told_in_the_words_of_the_catalogue() {
    let house = TestApp::new().await;
    let id = lead(&house, "jane@example.com").await;
    house
        .acme
        .patch(&format!("/api/leads/{id}"), json!({ "phone": "+49 30 1", "company_name": "Acme" }))
        .await;
    house.acme.patch(&format!("/api/leads/{id}"), json!({ "status": "Contacted" })).await;
    house.acme.delete(&format!("/api/leads/{id}")).await;
    let listed = house.acme.get("/v1/events").await;
    let expected = ["lead.deleted", "lead.status_changed", "lead.updated", "lead.updated", "lead.created"];
    assert_eq!(types(&listed.json), expected, "{listed:?}");
    let data = listed.json["data"].as_array().unwrap();
    assert_eq!(data[3]["data"]["changed"], json!(["company_name", "phone"]));
    assert_eq!(data[4]["data"]["source"], "website");
    assert_eq!(data[4]["actor"]["username"], house.acme.key.username.as_str());
    let subjects: Vec<_> = data.iter().map(|event| &event["subject"]["id"]).collect();
    assert!(subjects.iter().all(|subject| *subject == subjects[0]), "{subjects:?}");
    assert!(subjects[0].as_str().unwrap().starts_with("lead_"));
    let ids: std::collections::BTreeSet<_> = data.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), data.len(), "each has an id of its own");
    assert_eq!(listed.json["meta"]["has_more"], false);
    assert!(types(&house.rival.get("/v1/events").await.json).is_empty());
}

#[tokio::test]
async fn a_list_of_types_and_a_span_are_filters() {
    let house = TestApp::new().await;
    let id = lead(&house, "jane@example.com").await;
    house.acme.delete(&format!("/api/leads/{id}")).await;
    for (query, expected) in [
        ("type=lead.deleted", &["lead.deleted"][..]),
        ("type=lead.created,lead.deleted", &["lead.deleted", "lead.created"]),
        ("type=form.created", &[]),
        ("type=token_usage.recorded", &[]),
        ("workflow_id=wf1&type=lead.created", &[]),
        ("from=2100-01-01", &[]),
        ("from=2100-01-01&to=2020-01-01", &[]),
        ("to=2020-01-01", &[]),
        ("from=2020-01-01&to=2100-01-01", &["lead.deleted", "lead.created"]),
    ] {
        let listed = house.acme.get(&format!("/v1/events?{query}")).await;
        assert_eq!(types(&listed.json), expected, "{query}");
    }
    for query in ["type=lead.eaten", "limit=101", "limit=0", "cursor=!", "from=x"] {
        let refused = house.acme.get(&format!("/v1/events?{query}")).await;
        assert_eq!(
            (refused.status, &refused.json["error"]["code"]),
            (422, &json!("VALIDATION_ERROR")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_entity_that_waits_for_a_person_is_told_twice_for_the_price_of_once() {
    let house = TestApp::new().await;
    let body = json!({ "title": "Draft", "payload": {}, "human_interaction": true, "workflow_id": "wf1" });
    let before = house.meter();
    house.acme.post("/api/payloads", body).await;
    let waiting = house.meter().since(&before).write_units;
    let before = house.meter();
    house.acme.post("/api/payloads", json!({ "title": "Draft", "payload": {} })).await;
    let plain = house.meter().since(&before).write_units;
    let listed = house.acme.get("/v1/events").await;
    assert_eq!(types(&listed.json), ["payload.created", "review.requested", "payload.created"]);
    assert!(waiting - plain <= 2.0, "{waiting} {plain}: an index entry and no more");
}

#[tokio::test]
async fn a_refused_request_tells_nothing() {
    let house = TestApp::new().await;
    let id = lead(&house, "jane@example.com").await;
    lead(&house, "jane@example.com").await;
    house.acme.post("/api/leads", json!({ "first_name": "x" })).await;
    house.rival.delete(&format!("/api/leads/{id}")).await;
    assert_eq!(types(&house.acme.get("/v1/events").await.json), ["lead.created"]);
    assert!(types(&house.rival.get("/v1/events").await.json).is_empty());
}

#[tokio::test]
async fn a_repeat_under_the_same_key_tells_nothing_new() {
    let house = TestApp::new().await;
    let body = json!({ "title": "Draft", "payload": {} });
    for _ in 0..3 {
        let key = [("idempotency-key", "exec-1-0")];
        let path = "/api/payloads";
        let made = house.acme.call(http::Method::POST, path, Some(body.clone()), &key).await;
        assert!(made.status < 300, "{made:?}");
    }
    assert_eq!(types(&house.acme.get("/v1/events").await.json), ["payload.created"]);
}

#[tokio::test]
async fn the_catalogue_says_what_each_type_holds() {
    let house = TestApp::new().await;
    let listed = house.acme.get("/v1/events/types").await;
    let types = listed.json["data"].as_array().unwrap();
    assert_eq!(listed.json["meta"]["total"], types.len());
    for kind in types {
        let (schema, example) = (&kind["schema"], kind["example"].as_object().unwrap());
        let declared = schema["properties"].as_object().unwrap();
        assert!(example.keys().all(|name| declared.contains_key(name)), "{kind}");
    }
}

#[tokio::test]
async fn a_usage_record_is_its_own_event() {
    let house = TestApp::new().await;
    for (workflow, execution) in [("wf1", "1"), ("wf2", "2"), ("wf1", "3")] {
        let body = json!({
            "n8n_base_url": "https://n8n.example.com", "workflow_id": workflow, "execution_id": execution, "model_id": "gpt-4", "input_tokens": 399, "output_tokens": 288,
        });
        let made = house.acme.post("/api/token-usage", body).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let listed = house.acme.get("/v1/events?workflow_id=wf1&limit=1").await;
    let event = &listed.json["data"][0];
    assert_eq!(
        (&event["type"], &event["data"]["execution_id"]),
        (&json!("token_usage.recorded"), &json!("3"))
    );
    assert_eq!((&event["data"]["input_tokens"], &event["actor"]), (&json!(399), &json!(null)), "{event}");
    let next = listed.json["meta"]["next_cursor"].as_str().unwrap();
    let rest =
        house.acme.get(&format!("/v1/events?workflow_id=wf1&type=token_usage.recorded&cursor={next}")).await;
    assert_eq!(rest.json["data"][0]["data"]["execution_id"], "1", "{rest:?}");
    assert_eq!(
        (rest.json["data"].as_array().unwrap().len(), &rest.json["meta"]["has_more"]),
        (1, &json!(false))
    );
    let later = house.acme.get("/v1/events?workflow_id=wf1&from=2100-01-01").await;
    assert_eq!(later.json["data"], json!([]));
    assert_eq!(house.rival.get("/v1/events?workflow_id=wf1").await.json["data"], json!([]));
}

#[tokio::test]
async fn a_deletion_that_decides_is_a_decision() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    house.n8n.runs(7, "wf1", house.app.now().0);
    let body = json!({
        "title": "Draft", "payload": {}, "human_interaction": true, "installation_id": installation, "workflow_id": "wf1",
        "execution_id": "7",
    });
    let made = house.acme.post("/automation/payload/create", body).await;
    let path = format!("/api/payloads/{}?decide=deny", made.id());
    assert_eq!(house.acme.delete(&path).await.status, 200);
    let listed = house.acme.get("/v1/events?type=review.denied,payload.deleted").await;
    assert_eq!(types(&listed.json), ["payload.deleted", "review.denied"], "{listed:?}");
    let audited = house.acme.get("/api/v1/audit_log?category=decisions").await;
    assert_eq!(audited.json["audit_log"][0]["action"], "review.denied", "{audited:?}");
}

#[tokio::test]
async fn keys_roles_and_logins_are_for_who_may_inspect() {
    let house = TestApp::new().await;
    house.acme.post("/api/v1/api_keys", json!({ "name": "n8n" })).await;
    lead(&house, "jane@example.com").await;
    let viewer = house.user(&house.acme, shared::domain::org::Role::Viewer).await;
    assert_eq!(types(&viewer.get("/v1/events").await.json), ["lead.created"]);
    assert!(types(&viewer.get("/v1/events?type=api_key.created").await.json).is_empty());
    assert!(types(&house.acme.get("/v1/events").await.json).contains(&"api_key.created"));
}

#[tokio::test]
async fn an_event_is_found_by_the_time_that_it_shows() {
    let house = TestApp::new().await;
    for n in 0..5 {
        lead(&house, &format!("{n}@example.com")).await;
    }
    let listed = house.acme.get("/v1/events").await.json;
    for event in listed["data"].as_array().unwrap() {
        let at = event["created_at"].as_str().unwrap();
        let found = house.acme.get(&format!("/v1/events?from={at}&to={at}")).await.json;
        let found: Vec<_> = found["data"].as_array().unwrap().iter().map(|event| &event["id"]).collect();
        assert!(found.contains(&&event["id"]), "{at}: {found:?}");
    }
}

#[tokio::test]
async fn of_what_happened_in_one_moment_the_last_is_the_newest() {
    let house = TestApp::new().await;
    let body = json!({ "title": "Draft", "payload": {}, "human_interaction": true });
    let made = house.acme.post("/api/payloads", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.acme.patch(&format!("/api/payloads/{}", made.id()), json!({ "payload": { "a": 1 } })).await;
    let listed = house.acme.get("/v1/events").await;
    assert_eq!(types(&listed.json), ["payload.updated", "review.requested", "payload.created"], "{listed:?}");
    assert_eq!(listed.json["data"][0]["data"]["changed"], json!(["payload"]));
    let group = listed.json["data"][1]["group_id"].as_str().unwrap_or_else(|| panic!("{listed:?}"));
    assert!(group.starts_with("group_"), "{listed:?}");
    let of_group = house.acme.get(&format!("/v1/events?group_id={group}")).await;
    assert_eq!(types(&of_group.json).len(), 3, "{of_group:?}");
    let none = house.acme.get("/v1/events?group_id=7").await;
    assert!(none.status == 200 && types(&none.json).is_empty(), "{none:?}");
}
