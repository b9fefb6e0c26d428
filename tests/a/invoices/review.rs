use std::time::Duration;

use serde_json::{Value, json};

use super::{PATH, create, invoice, shown};
use harness::{N8N, TestApp, named, samples};

/// An invoice of execution 7, which waits for a decision on it.
async fn waiting(house: &TestApp) -> u64 {
    house.seed_installation(&house.acme, 45).await;
    let made = create(house, posted("INV-1", "7")).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.n8n.waits(7, "abc123", made.id());
    made.id()
}

/// As the vendor's node posts it in front of a Wait.
fn posted(number: &str, execution: &str) -> Value {
    let mut body = invoice(number);
    body["workflow_id"] = json!("abc123");
    body["execution_id"] = json!(execution);
    body["human_interaction"] = json!(true);
    body["resume_url"] = json!(format!("{N8N}/webhook-waiting/{execution}?signature=s3cret"));
    body
}

fn decision(id: u64) -> Value {
    json!({ "entity_id": id, "entity_type": "invoice", "notes": "Correct." })
}

#[tokio::test]
async fn a_decision_on_an_invoice_resumes_its_execution() {
    let house = TestApp::new().await;
    let id = waiting(&house).await;
    let answer = house.acme.post("/automation/approve", decision(id)).await;
    assert_eq!((answer.status, &answer.json["resume_state"]), (200, &json!("resumed")), "{answer:?}");
    let told = house.n8n.execution(7).unwrap().decisions;
    let expected =
        json!({ "decision": "approved", "notes": "Correct.", "entity_id": id, "entity_type": "invoice" });
    assert_eq!(told, [expected]);
    let shown = shown(&house, id).await;
    assert_eq!(
        (&shown["automation_status"], &shown["resume"]["state"]),
        (&json!("approved"), &json!("resumed"))
    );
    assert_eq!(shown["history"][0]["by"], "jane@acme.example");
    assert_eq!(shown["status"], "draft", "a review moves no invoice");
}

#[tokio::test]
async fn the_resume_url_alone_tells_the_execution() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let mut body = posted("INV-1", "7");
    body["execution_id"] = json!("");
    body["workflow_id"] = json!("={{$workflow.id}}");
    let id = create(&house, body).await.id();
    assert_eq!(shown(&house, id).await["execution_id"], "7");
    house.n8n.waits(7, "abc123", id);
    let answer = house.acme.post("/automation/approve", decision(id)).await;
    assert_eq!(answer.json["resume_state"], "resumed", "{answer:?}");
}

#[tokio::test]
async fn a_decision_that_n8n_missed_is_told_later() {
    let house = TestApp::new().await;
    let id = waiting(&house).await;
    house.n8n.set_down(true);
    let answer = house.acme.post("/automation/deny", decision(id)).await;
    assert_eq!((answer.status, &answer.json["resume_state"]), (200, &json!("pending")), "{answer:?}");
    house.n8n.set_down(false);
    house.live(Duration::from_secs(120)).await;
    assert_eq!(shown(&house, id).await["resume"]["state"], "resumed");
}

#[tokio::test]
async fn the_execution_that_posted_last_is_the_one_that_waits() {
    let house = TestApp::new().await;
    let id = waiting(&house).await;
    let again = create(&house, samples::with(posted("INV-1", "8"), "on_duplicate", json!("update"))).await;
    assert_eq!((again.status, again.id()), (200, id), "{again:?}");
    house.n8n.waits(8, "abc123", id);
    let answer = house.acme.post("/automation/approve", decision(id)).await;
    assert_eq!(answer.json["resume_state"], "resumed", "{answer:?}");
    assert_eq!(house.n8n.execution(8).unwrap().decisions.len(), 1);
    assert_eq!(house.n8n.execution(7).unwrap().decisions.len(), 0);
    // What is decided stays with the execution that it was decided for.
    let late = create(&house, samples::with(posted("INV-1", "9"), "on_duplicate", json!("update"))).await;
    assert_eq!(late.status, 200);
    assert_eq!(shown(&house, id).await["execution_id"], "8");
}

#[tokio::test]
async fn what_was_sent_back_is_renewed() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let body = samples::with(posted("INV-1", "7"), "allow_regenerate", json!(true));
    let id = create(&house, body.clone()).await.id();
    house.n8n.waits(7, "abc123", id);
    house.acme.patch(&format!("{PATH}/{id}/status"), json!({ "status": "sent" })).await;
    let sent_back = house.acme.post("/automation/regenerate", decision(id)).await;
    assert_eq!(sent_back.status, 200, "{sent_back:?}");
    let again = create(&house, samples::with(body, "amount", json!(6000))).await;
    assert_eq!((again.status, again.id()), (201, id), "{again:?}");
    let shown = shown(&house, id).await;
    assert_eq!((&shown["amount"], &shown["automation_status"]), (&json!(6000), &json!("pending")));
    assert_eq!((&shown["status"], shown["status_history"].as_array().unwrap().len()), (&json!("sent"), 1));
    assert_eq!(create(&house, invoice("INV-1")).await.id(), id, "and so does its number");
}

#[tokio::test]
async fn a_resume_url_must_lie_on_a_registered_n8n_and_is_never_shown() {
    let house = TestApp::new().await;
    let id = waiting(&house).await;
    let listed = house.acme.get(&format!("{PATH}/list")).await;
    for answer in [house.acme.get(&format!("{PATH}/{id}")).await, listed] {
        assert!(!answer.text.contains("s3cret") && !answer.text.contains("resume_url"), "{answer:?}");
    }
    let evil = samples::with(invoice("INV-2"), "resume_url", json!("https://evil.test/?signature=s3cret"));
    let answer = create(&house, evil).await;
    assert_eq!(named(&answer), ["resume_url"]);
    assert!(!answer.text.contains("s3cret"));
}
