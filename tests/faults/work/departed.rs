//! Deleting what a workflow waits for: nothing that was acknowledged is undone, and nobody waits unheard.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{accounts::NewKey, queue::QueueName};
use standins::dump;

use harness::parked::{EXECUTION, told};
use harness::{Answer, N8N, TestApp};

const SECOND: Duration = Duration::from_secs(1);
const RESUME_URL: &str = "https://n8n.example.com/webhook-waiting/7?signature=token-7";

/// How each kind is posted, named and reached.
const KINDS: [(&str, &str, &str); 4] = [
    ("custom_payload", "/automation/payload/create", "/api/payloads"),
    ("media_item", "/automation/media/create", "/api/media"),
    ("lead", "/api/leads", "/api/leads"),
    ("invoice", "/api/invoices", "/api/invoices"),
];

async fn posted(house: &TestApp, path: &str, execution: u64) -> u64 {
    let installation = house.register(&house.acme).await;
    let body = json!({
        "title": "Report", "media_type": "file", "first_name": "Jane", "last_name": "Doe", "invoice_number": "INV-1",
        "email": format!("{execution}@example.com"), "amount": 5000, "installation_id": installation, "workflow_id": "wf1",
        "execution_id": execution.to_string(), "human_interaction": true,
        "resume_url": RESUME_URL.replace('7', &execution.to_string()),
    });
    let made = house.acme.post(path, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.n8n.waits(execution, "wf1", made.id());
    made.id()
}

async fn decide(house: &TestApp, kind: &str, id: u64) -> Answer {
    house.acme.post("/automation/approve", json!({ "entity_id": id, "entity_type": kind })).await
}

async fn owed(house: &TestApp) -> usize {
    dump::items(&house.file).await.unwrap().iter().filter(|item| item.due_at.is_some()).count()
}

async fn departed(house: &TestApp) -> usize {
    dump::items(&house.file).await.unwrap().iter().filter(|item| item.pk.contains("departed")).count()
}

#[tokio::test]
async fn a_decision_outlives_its_entity() {
    for (kind, create, path) in KINDS {
        let mut house = TestApp::new().await;
        let id = posted(&house, create, EXECUTION).await;
        house.n8n.set_down(true);
        assert_eq!(decide(&house, kind, id).await.json["resume_state"], "pending", "{kind}");
        let deleted = house.acme.delete(&format!("{path}/{id}")).await;
        assert_eq!((deleted.status, deleted.json.get("warnings")), (200, None), "{deleted:?}");
        assert_eq!(house.acme.get(&format!("{path}/{id}")).await.status, 404, "{kind}");
        let list = house.acme.get(&format!("{path}/list")).await.text;
        assert!(!list.contains(&format!("\"id\":{id}")), "{list}");
        assert_eq!(decide(&house, kind, id).await.status, 404, "{kind}");
        // Its messages are lost with the process, and n8n is away for a while.
        dump::lose_messages(&house.file).await.unwrap();
        house.restart();
        house.live(40 * SECOND).await;
        assert_eq!((told(&house).len(), departed(&house).await), (0, 1), "{kind}");
        house.sweep().await;
        house.n8n.set_down(false);
        for _ in 0..4 {
            house.live(100 * SECOND).await;
            house.sweep().await;
        }
        let expected = json!([{ "decision": "approved", "notes": "", "entity_id": id, "entity_type": kind }]);
        assert_eq!(json!(told(&house)), expected);
        assert_eq!((owed(&house).await, departed(&house).await), (0, 0), "{kind}: it goes with its debt");
    }
}

#[tokio::test]
async fn a_deletion_while_n8n_is_told_loses_nothing_and_tells_once() {
    for (kind, create, path) in KINDS {
        for lost in [false, true] {
            let house = TestApp::new().await;
            let id = posted(&house, create, EXECUTION).await;
            if lost {
                house.n8n.lose_next_answer();
            }
            let (acme, one) = (house.acme.clone(), format!("{path}/{id}"));
            house.faults.meanwhile("/webhook-waiting/", async move {
                assert_eq!(acme.delete(&one).await.status, 200);
            });
            assert_eq!(decide(&house, kind, id).await.status, 200);
            house.live(200 * SECOND).await;
            assert_eq!((told(&house).len(), owed(&house).await, departed(&house).await), (1, 0, 0), "{kind}");
        }
    }
}

#[tokio::test]
async fn what_nobody_decided_on_is_deleted_with_a_warning() {
    for (_, create, path) in KINDS {
        let house = TestApp::new().await;
        let id = posted(&house, create, EXECUTION).await;
        let deleted = house.acme.delete(&format!("{path}/{id}")).await;
        assert_eq!(
            (deleted.status, &deleted.json["warnings"][0]["code"]),
            (200, &json!("execution_waits")),
            "{deleted:?}"
        );
        let said = deleted.json["warnings"][0]["message"].as_str().unwrap();
        assert!(said.contains("execution 7 of workflow wf1"), "{said}");
        house.live(5 * SECOND).await;
        assert_eq!((told(&house).len(), owed(&house).await), (0, 0));
    }
}

#[tokio::test]
async fn what_nobody_decided_on_can_be_denied_with_its_deletion() {
    for (kind, create, path) in KINDS {
        let house = TestApp::new().await;
        let id = posted(&house, create, EXECUTION).await;
        let one = format!("{path}/{id}?decide=deny");
        let scopes = ["payloads", "media", "leads", "invoices"].map(|of| format!("{of}:write")).into();
        let writes = house.key(&house.acme, NewKey { scopes, ..NewKey::default() }).await;
        let refused = writes.delete(&one).await;
        assert_eq!((refused.status, &refused.json["code"]), (403, &json!("missing_scope")), "{refused:?}");
        let wrong = house.acme.delete(&format!("{path}/{id}?decide=approve")).await;
        assert!([400, 422].contains(&wrong.status), "{wrong:?}");
        assert_eq!(house.acme.get(&format!("{path}/{id}")).await.status, 200, "nothing was deleted");
        let deleted = house.acme.delete(&one).await;
        assert_eq!((deleted.status, deleted.json.get("warnings")), (200, None), "{deleted:?}");
        house.live(2 * SECOND).await;
        let expected = json!([{ "decision": "denied", "notes": "", "entity_id": id, "entity_type": kind }]);
        assert_eq!(json!(told(&house)), expected);
        assert_eq!((owed(&house).await, departed(&house).await), (0, 0));
    }
}

#[tokio::test]
async fn a_decision_that_stands_is_not_turned_by_a_deletion() {
    let house = TestApp::new().await;
    let id = posted(&house, "/automation/payload/create", EXECUTION).await;
    house.n8n.set_down(true);
    decide(&house, "custom_payload", id).await;
    let deleted = house.acme.delete(&format!("/api/payloads/{id}?decide=deny")).await;
    assert_eq!(
        (deleted.status, &deleted.json["warnings"][0]["code"]),
        (200, &json!("already_decided")),
        "{deleted:?}"
    );
    house.n8n.set_down(false);
    house.live(30 * SECOND).await;
    assert_eq!(told(&house)[0]["decision"], "approved");
}

async fn bulk(house: &TestApp, query: &str, ids: &[u64]) -> Value {
    let body = json!({ "action": "delete", "ids": ids });
    let answer = house.acme.post(&format!("/api/leads/bulk{query}"), body).await;
    assert_eq!((answer.status, &answer.json["affected"]), (200, &json!(ids.len())), "{answer:?}");
    answer.json
}

#[tokio::test]
async fn leads_deleted_together_keep_their_debts_and_warn_one_by_one() {
    for deny in [false, true] {
        let house = TestApp::new().await;
        let mut ids = Vec::new();
        for execution in 20..30 {
            ids.push(posted(&house, "/api/leads", execution).await);
        }
        house.n8n.set_down(true);
        for id in &ids[..5] {
            assert_eq!(decide(&house, "lead", *id).await.json["resume_state"], "pending");
        }
        house.n8n.set_down(false);
        let answer = bulk(&house, if deny { "?decide=deny" } else { "" }, &ids).await;
        let warnings = answer["warnings"].as_array().cloned().unwrap_or_default();
        assert_eq!(warnings.len(), 5, "{answer}");
        let (code, of) = if deny { ("already_decided", &ids[..5]) } else { ("execution_waits", &ids[5..]) };
        for id in of {
            let about =
                |warning: &&Value| warning["message"].as_str().unwrap().starts_with(&format!("{id}:"));
            assert_eq!(warnings.iter().find(about).unwrap()["code"], code);
        }
        house.live(60 * SECOND).await;
        for (n, execution) in (20..30).enumerate() {
            let told = house.n8n.execution(execution).unwrap().decisions;
            let words: Vec<_> = told.iter().map(|told| told["decision"].clone()).collect();
            let expected = if n < 5 {
                vec![json!("approved")]
            } else if deny {
                vec![json!("denied")]
            } else {
                vec![]
            };
            assert_eq!(words, expected, "{execution}");
        }
        assert_eq!((owed(&house).await, departed(&house).await), (0, 0));
        assert_eq!(house.depth(QueueName::ResumeN8n).await, Default::default());
    }
    assert!(RESUME_URL.starts_with(N8N));
}

/// The right to decide is looked at before a remembered reply is repeated.
#[tokio::test]
async fn a_key_that_may_not_decide_gets_no_remembered_reply_of_one_that_may() {
    let house = TestApp::new().await;
    let id = posted(&house, "/api/leads", EXECUTION).await;
    let body = json!({ "action": "delete", "ids": [id] });
    let path = "/api/leads/bulk?decide=deny";
    assert_eq!(house.acme.post_once(path, "once", body.clone()).await.status, 200);
    let scopes = vec!["leads:write".into()];
    let writes = house.key(&house.acme, NewKey { scopes, ..NewKey::default() }).await;
    let refused = writes.post_once(path, "once", body).await;
    assert_eq!((refused.status, &refused.json["code"]), (403, &json!("missing_scope")), "{refused:?}");
}
