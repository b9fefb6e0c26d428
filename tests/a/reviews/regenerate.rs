use futures::future::{join, join_all};
use serde_json::{Value, json};

use harness::{Answer, TestApp, named, samples};

async fn decide(house: &TestApp, verb: &str) -> Answer {
    house
        .acme
        .post(&format!("/automation/{verb}"), json!({ "entity_id": 42, "entity_type": "custom_payload" }))
        .await
}

async fn shown(house: &TestApp) -> Value {
    house.acme.get("/api/payloads/42").await.json
}

#[tokio::test]
async fn regenerate_needs_allow_regenerate() {
    let house = samples::scene().await;
    house.acme.patch("/api/payloads/42", json!({ "allow_regenerate": false })).await;
    let answer = decide(&house, "regenerate").await;
    assert_eq!(named(&answer), ["entity_id"]);
    assert!(answer.json["message"].as_str().unwrap().contains("allow_regenerate"), "{answer:?}");
    assert_eq!(shown(&house).await["automation_status"], "pending");
    assert_eq!(decide(&house, "approve").await.status, 200, "it can still be approved");
}

#[tokio::test]
async fn posting_again_keeps_the_id_and_waits_for_a_person_once_more() {
    let house = samples::scene().await;
    assert_eq!(decide(&house, "regenerate").await.status, 200);
    let body = samples::with(samples::payload(), "payload", json!({ "second": "attempt" }));
    let again = house.acme.post("/automation/payload/create", body).await;
    assert_eq!((again.status, again.id()), (201, 42), "{again:?}");
    assert_eq!(again.json["automation_status"], "pending");
    let now = shown(&house).await;
    assert_eq!(now["payload"], json!({ "second": "attempt" }));
    assert_eq!((&now["decision"], &now["resume"]), (&Value::Null, &Value::Null));
    let steps: Vec<_> = now["history"].as_array().unwrap().iter().map(|entry| entry["to"].clone()).collect();
    assert_eq!(steps, ["regenerate", "pending"]);
    assert_eq!(house.acme.get("/api/payloads/list").await.json["count"], 1);
}

#[tokio::test]
async fn the_second_attempt_can_be_decided() {
    let house = samples::scene().await;
    decide(&house, "regenerate").await;
    house.acme.post("/automation/payload/create", samples::payload()).await;
    house.n8n.goes_on_to(0, 42);
    let answer = decide(&house, "approve").await;
    assert_eq!((answer.status, &answer.json["n8n_resumed"]), (200, &json!(true)), "{answer:?}");
    let told: Vec<_> =
        house.n8n.execution(0).unwrap().decisions.iter().map(|told| told["decision"].clone()).collect();
    assert_eq!(told, ["regenerate", "approved"]);
}

#[tokio::test]
async fn a_post_from_another_execution_is_a_payload_of_its_own() {
    let house = samples::scene().await;
    decide(&house, "regenerate").await;
    for (field, value) in [("execution_id", "exec-790"), ("workflow_id", "other"), ("task_type", "brief")] {
        let body = samples::with(samples::payload(), field, json!(value));
        let other = house.acme.post("/automation/payload/create", body).await;
        assert_eq!(other.status, 201);
        assert_ne!(other.id(), 42, "{field}");
    }
    assert_eq!(shown(&house).await["automation_status"], "regenerate");
}

/// Two questions of one execution with the same type: the second is no renewal of the first, and gets neither its id nor its
/// content.
#[tokio::test]
async fn a_post_with_another_title_is_a_payload_of_its_own() {
    let house = samples::scene().await;
    decide(&house, "regenerate").await;
    let body = samples::with(samples::payload(), "title", json!("Quite another question"));
    let other = house.acme.post("/automation/payload/create", body).await;
    assert_eq!(other.status, 201);
    assert_ne!(other.id(), 42);
    assert_eq!(shown(&house).await["automation_status"], "regenerate");
    let again = house.acme.post("/automation/payload/create", samples::payload()).await;
    assert_eq!(again.id(), 42, "its own next attempt renews it still");
}

#[tokio::test]
async fn where_the_node_is_told_it_counts_and_the_title_may_change() {
    let house = samples::scene().await;
    let from = |node: &str, title: &str| {
        let body = samples::with(samples::payload(), "node", json!(node));
        samples::with(body, "title", json!(title))
    };
    let post = async |node: &str, title: &str| {
        let made = house.acme.post("/automation/payload/create", from(node, title)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.id()
    };
    let id = post("Ask A", "First draft").await;
    let body = json!({ "entity_id": id, "entity_type": "custom_payload" });
    assert_eq!(house.acme.post("/automation/regenerate", body).await.status, 200);
    assert_ne!(post("Ask B", "First draft").await, id, "another node, with the same title");
    assert_eq!(post("Ask A", "Second draft").await, id);
}

/// A loop over items, one of which has sent back two: each new draft goes to its own.
#[tokio::test]
async fn of_several_that_were_sent_back_the_one_of_the_same_title_is_renewed() {
    for (path, kind, with) in [
        ("/api/payloads", "custom_payload", json!({ "task_type": "ad" })),
        ("/api/media", "media_item", json!({ "media_type": "image" })),
    ] {
        let house = samples::scene().await;
        let post = async |title: &str, node: Option<&str>| {
            let mut body = json!({ "installation_id": 45, "workflow_id": "abc123", "execution_id": "5", "title": title,
                "allow_regenerate": true, "human_interaction": true, "node": node });
            body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
            let made = house.acme.post(path, body).await;
            assert_eq!(made.status, 201, "{made:?}");
            made.id()
        };
        let send_back = async |id: u64| {
            let body = json!({ "entity_id": id, "entity_type": kind });
            assert_eq!(house.acme.post("/automation/regenerate", body).await.status, 200);
        };
        for node in [None, Some("ask")] {
            let (a, b) = (post("Ad A", node).await, post("Ad B", node).await);
            send_back(a).await;
            send_back(b).await;
            assert_ne!(post("Ad C", node).await, b, "another item of the loop");
            assert_eq!(post("AD A ", node).await, a);
            assert_eq!(post("Ad B", node).await, b);
            send_back(b).await;
            let next = post("Ad D", node).await;
            assert!(
                ![a, b].contains(&next),
                "the node has asked about others, and this may be the next of them"
            );
        }
    }
}

#[tokio::test]
async fn only_one_post_renews_the_payload() {
    let house = samples::scene().await;
    decide(&house, "regenerate").await;
    let first = house.acme.post("/automation/payload/create", samples::payload()).await;
    let second = house.acme.post("/automation/payload/create", samples::payload()).await;
    assert_eq!(first.id(), 42);
    assert_ne!(second.id(), 42);
}

#[tokio::test]
async fn another_tenants_post_renews_nothing() {
    let house = samples::scene().await;
    house.seed_installation(&house.rival, 46).await;
    decide(&house, "regenerate").await;
    let body = samples::with(samples::payload(), "installation_id", json!(46));
    let other = house.rival.post("/automation/payload/create", body).await;
    assert_eq!(other.status, 201, "{other:?}");
    assert_ne!(other.id(), 42);
    assert_eq!(shown(&house).await["automation_status"], "regenerate");
}

/// n8n's answer to the decision is noted while the workflow goes on and posts again.
#[tokio::test]
async fn posting_again_gets_through_beside_other_changes() {
    let reviewed = json!({ "installation_id": 45, "workflow_id": "abc123", "execution_id": "5", "allow_regenerate": true, "human_interaction": true });
    let with = |more: Value| {
        let mut body = reviewed.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (kind, path, post) in [
        ("custom_payload", "/api/payloads", with(json!({ "title": "Report" }))),
        ("invoice", "/api/invoices", with(json!({ "invoice_number": "INV-9", "amount": 1 }))),
        ("media_item", "/api/media", with(json!({ "title": "Logo", "media_type": "image" }))),
        (
            "lead",
            "/api/leads",
            with(json!({ "first_name": "A", "last_name": "B", "email": "a@example.com" })),
        ),
    ] {
        let house = samples::scene().await;
        let id = house.acme.post(path, post.clone()).await.id();
        let body = json!({ "entity_id": id, "entity_type": kind });
        assert_eq!(house.acme.post("/automation/regenerate", body).await.status, 200, "{kind}");
        let one = format!("{path}/{id}");
        let changes = (0..4).map(|n| house.acme.patch(&one, json!({ "allow_regenerate": n % 2 == 0 })));
        let (again, _) = join(house.acme.post(path, post), join_all(changes)).await;
        assert_eq!((again.status, again.id()), (201, id), "{kind}: {again:?}");
    }
}
