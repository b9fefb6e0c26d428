use serde_json::{Value, json};
use shared::domain::org::Role;

use super::{SECOND, THIRD, bound, three_groups};

fn lead(email: &str) -> Value {
    json!({ "email": email, "first_name": "Ann", "last_name": "Lee" })
}

#[tokio::test]
async fn what_who_is_bound_makes_lies_in_his_group_and_he_sees_no_other() {
    let house = three_groups().await;
    let (second, third) = (bound(&house, &[SECOND]).await, bound(&house, &[THIRD]).await);
    for (key, email) in [(&house.acme, "a@x.example"), (&second, "b@x.example"), (&third, "c@x.example")] {
        assert_eq!(key.post("/api/leads", lead(email)).await.status, 201);
    }
    let own = second.get("/api/leads/list").await;
    assert_eq!(
        (&own.json["total"], &own.json["leads"][0]["email"]),
        (&json!(1), &json!("b@x.example")),
        "{own:?}"
    );
    assert_eq!(own.json["leads"][0]["group_id"], SECOND);
    assert_eq!(house.acme.get("/api/leads/list").await.json["total"], 3);
    assert_eq!(second.get("/api/leads/recent").await.json["count"], 1);
    let found = second.get("/api/leads/list?search=ann").await;
    assert_eq!(found.json["leads"].as_array().map(Vec::len), Some(1), "{found:?}");
    let several = bound(&house, &[SECOND, THIRD]).await;
    let both = several.get("/api/leads/list").await;
    assert_eq!(both.json["leads"].as_array().map(Vec::len), Some(2), "{both:?}");
    let named = second.get(&format!("/api/leads/list?group_id={THIRD}")).await;
    assert_eq!((named.status, &named.json["code"]), (403, &json!("no_such_group")));
    let put = second
        .post(
            "/api/leads",
            json!({ "email": "d@x.example", "first_name": "Dan", "last_name": "Lee", "group_id": THIRD }),
        )
        .await;
    assert_eq!((put.status, &put.json["code"]), (403, &json!("no_such_group")));
}

#[tokio::test]
async fn one_address_is_a_lead_in_each_group() {
    let house = three_groups().await;
    let (second, third) = (bound(&house, &[SECOND]).await, bound(&house, &[THIRD]).await);
    let first = second.post("/api/leads", lead("a@x.example")).await;
    let other = third.post("/api/leads", lead("a@x.example")).await;
    assert_eq!((first.status, other.status), (201, 201));
    assert_ne!(first.id(), other.id());
    let theirs = format!("/api/leads/{}", other.id());
    assert_eq!(second.get(&theirs).await.status, 404);
    assert_eq!(second.patch(&theirs, json!({ "first_name": "Mine" })).await.status, 404);
    assert_eq!(second.delete(&theirs).await.status, 404);
    let many = json!({ "action": "delete", "ids": [other.id()] });
    let bulk = second.post("/api/leads/bulk", many).await;
    assert!(bulk.text.contains("not found"), "{bulk:?}");
    assert_eq!(third.get(&theirs).await.status, 200);
}

#[tokio::test]
async fn numbers_are_of_the_groups_that_somebody_sees() {
    let house = three_groups().await;
    let (second, both) = (bound(&house, &[SECOND]).await, bound(&house, &[SECOND, THIRD]).await);
    let third = bound(&house, &[THIRD]).await;
    for key in [&house.acme, &second, &third] {
        let said = json!({ "session_id": "s-1", "role": "user", "content": "Hello" });
        assert_eq!(key.post("/api/chats/message", said).await.status, 201);
        let item = json!({ "title": "Clip", "media_type": "file", "url": "https://cdn.example.com/a.bin" });
        assert_eq!(key.post("/api/media", item).await.status, 201);
    }
    for (key, number) in [(&second, 1), (&both, 2), (&house.acme, 3)] {
        let media = key.get("/api/media/stats").await;
        assert!(media.text.contains(&format!("\"total\":{number}")), "{media:?}");
        let chats = key.get("/api/chats/stats").await;
        assert!(chats.text.contains(&format!(":{number}")), "{chats:?}");
        let listed = key.get("/api/media/list").await;
        assert_eq!(listed.json["media"].as_array().map(Vec::len), Some(number), "{listed:?}");
    }
}

#[tokio::test]
async fn who_is_bound_decides_on_what_lies_in_his_group() {
    let house = three_groups().await;
    let (second, third) = (bound(&house, &[SECOND]).await, bound(&house, &[THIRD]).await);
    let made = second.post("/automation/payload/create", json!({ "title": "Report" })).await;
    let decision = json!({ "entity_id": made.id(), "entity_type": "custom_payload" });
    assert_eq!(third.post("/automation/approve", decision.clone()).await.status, 404);
    assert_eq!(second.post("/automation/approve", decision).await.status, 200);
}

#[tokio::test]
async fn a_bound_user_is_bound_in_sessions_and_keys_and_it_ends_with_the_binding() {
    let house = three_groups().await;
    house.acme.post("/api/leads", lead("a@x.example")).await;
    let person = house.bound_user(&house.acme, Role::Editor, &[super::group(SECOND)]).await;
    assert_eq!(person.get("/api/leads/list").await.json["total"], 0);
    let made = person.post("/api/leads", lead("b@x.example")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let seen = house.acme.get(&format!("/api/leads/{}", made.id())).await;
    assert_eq!(seen.json["group_id"], SECOND, "{seen:?}");
}

#[tokio::test]
async fn an_answer_that_was_remembered_for_one_who_sees_more_is_not_given_to_a_bound_key() {
    let house = three_groups().await;
    let second = bound(&house, &[SECOND]).await;
    let first = house.acme.post_once("/api/leads", "same", lead("a@x.example")).await;
    let own = second.post_once("/api/leads", "same", lead("a@x.example")).await;
    assert_eq!((first.status, own.status), (201, 201));
    assert_ne!(first.id(), own.id());
    assert_eq!(second.post_once("/api/leads", "same", lead("a@x.example")).await.id(), own.id());
}

#[tokio::test]
async fn usage_of_a_workflow_shows_as_far_as_it_is_ones_own() {
    let house = three_groups().await;
    let (second, third) = (bound(&house, &[SECOND]).await, bound(&house, &[THIRD]).await);
    for (key, name, host) in
        [(&second, "two", "https://two.example"), (&third, "three", "https://three.example")]
    {
        let n8n = json!({ "instance_id": name, "host": host, "api_key": "k", "title": name });
        let made = key.post("/api/installs/register", n8n).await;
        assert_eq!(made.status, 201, "{made:?}");
        let used = json!({
            "installation_id": made.json["installation_id"], "workflow_id": format!("wf-{name}"), "execution_id": "1",
            "model_id": "gpt-4", "input_tokens": 10, "output_tokens": 1,
        });
        assert_eq!(key.post("/api/token-usage", used.clone()).await.status, 201);
        // A workflow that was copied from one n8n to the other has one id in both.
        let mut copied = used;
        copied["workflow_id"] = json!("wf-copied");
        assert_eq!(key.post("/api/token-usage", copied).await.status, 201);
    }
    assert_eq!(second.get("/api/token-usage/wf-three/stats").await.status, 404);
    assert_eq!(second.get("/api/token-usage/wf-three/records").await.status, 404);
    assert_eq!(second.get("/api/token-usage/wf-two/stats").await.status, 200);
    for (path, count) in [("wf-two", 1), ("wf-copied", 1)] {
        let records = second.get(&format!("/api/token-usage/{path}/records")).await;
        assert_eq!(records.json["records"].as_array().map(Vec::len), Some(count), "{records:?}");
    }
    for (key, tokens) in [(&second, 10), (&third, 10), (&house.acme, 20)] {
        let stats = key.get("/api/token-usage/wf-copied/stats").await;
        assert_eq!(stats.json["stats"]["input_tokens"], tokens, "{stats:?}");
    }
    house.drain().await;
}

fn pushed(installation: &Value, execution: &str) -> Value {
    let log = json!({ "tokenUsage": { "promptTokens": 1000, "completionTokens": 50 },
        "response": { "generations": [[{ "generationInfo": { "model_name": "gpt-4" } }]] } });
    let run = json!({ "startTime": 2, "executionTime": 1, "source": [{ "previousNode": "Agent" }],
        "data": { "ai_languageModel": [[{ "json": log }]] } });
    json!({ "installation_id": installation, "workflow_id": "wf", "execution_data": {
        "id": execution, "status": "success", "startedAt": "2025-01-21T10:30:00Z", "stoppedAt": "2025-01-21T10:30:05Z",
        "data": { "resultData": { "runData": { "Model": [run] } } } } })
}

fn posted(execution: &str, tokens: u64, model: &str) -> Value {
    json!({ "workflow_id": "wf", "execution_id": execution, "model_id": model, "node_id": "Model",
        "input_tokens": tokens, "output_tokens": tokens, "n8n_base_url": "https://unknown.example" })
}

/// The tokens and models that somebody sees of the workflow.
async fn stats(key: &harness::Caller, query: &str) -> (u64, Vec<String>) {
    let answer = key.get(&format!("/api/token-usage/wf/stats{query}")).await;
    let stats = &answer.json["stats"];
    let models = stats["by_model"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    let models = models.iter().map(|model| model["model_id"].as_str().unwrap().to_owned());
    (stats["input_tokens"].as_u64().unwrap(), models.collect())
}

#[tokio::test]
async fn what_a_bound_key_posts_is_of_no_execution_of_another_group() {
    let house = three_groups().await;
    let (second, third) = (bound(&house, &[SECOND]).await, bound(&house, &[THIRD]).await);
    let n8n =
        json!({ "instance_id": "three", "host": "https://three.example", "api_key": "k", "title": "Three" });
    let three = third.post("/api/installs/register", n8n).await.json["installation_id"].clone();
    // Pushed first and posted after it, and the other way round.
    assert_eq!(third.post("/api/push/executions", pushed(&three, "800")).await.json["metered"], 1);
    for execution in ["800", "801"] {
        let made = second.post("/api/token-usage", posted(execution, 5000, "gpt-4")).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    assert_eq!(third.post("/api/push/executions", pushed(&three, "801")).await.json["metered"], 1);
    let records = third.get("/api/token-usage/wf/records").await.json;
    let records = records["records"].as_array().unwrap();
    assert!(records.len() == 2 && records.iter().all(|record| record["counted"] == true), "{records:?}");
    assert_eq!(stats(&third, "").await, (2_000, vec!["gpt-4".to_owned()]));
    assert_eq!(stats(&second, "").await.0, 10_000);
    // One who is bound to no group may post for any.
    assert_eq!(house.acme.post("/api/token-usage", posted("800", 7000, "gpt-4")).await.status, 201);
    assert_eq!(
        stats(&third, "").await.0,
        1_000,
        "the more complete account of 800 is the organization's now"
    );
    house.drain().await;
}

#[tokio::test]
async fn sums_of_a_workflow_are_of_the_groups_that_somebody_sees() {
    let house = three_groups().await;
    let (second, third) = (bound(&house, &[SECOND]).await, bound(&house, &[THIRD]).await);
    for (key, execution, tokens, model) in [
        (&second, "1", 2, "gpt-4"),
        (&third, "2", 8_892, "secret-model"),
        (&house.acme, "3", 400, "another-secret"),
    ] {
        assert_eq!(key.post("/api/token-usage", posted(execution, tokens, model)).await.status, 201);
    }
    for query in ["", "?from=2020-01-01&to=2100-01-01"] {
        assert_eq!(stats(&second, query).await, (2, vec!["gpt-4".to_owned()]), "{query}");
        assert_eq!(stats(&third, query).await, (8_892, vec!["secret-model".to_owned()]), "{query}");
        assert_eq!(stats(&house.acme, query).await.0, 9_294, "{query}");
    }
    assert_eq!(stats(&second, "?model=secret-model").await.0, 0);
    house.drain().await;
}
