//! An execution of n8n that waits for a decision, and what becomes of it.

use serde_json::{Value, json};

use crate::{Answer, TestApp};

/// The execution that waits in these tests.
pub const EXECUTION: u64 = 7;

/// Where execution 7 waits, as its workflow says.
pub const RESUME_URL: &str = "https://n8n.example.com/webhook-waiting/7?signature=token-7";

/// A registered n8n and an entity that an execution of it created and waits for. With the URL that the workflow passed,
/// if it passed one.
pub async fn parked(house: &TestApp, resume_url: Option<&str>) -> u64 {
    let installation = house.register(&house.acme).await;
    let mut body = json!({
        "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": EXECUTION,
        "allow_regenerate": true,
    });
    if let Some(url) = resume_url {
        body["resume_url"] = url.into();
    }
    let made = house.acme.post("/automation/payload/create", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.n8n.waits(EXECUTION, "wf1", made.id());
    made.id()
}

/// As [`parked`], for several entities of one execution, each with a URL that has a suffix of its own or all with the same.
pub async fn asked(house: &TestApp, count: usize, suffixes: bool) -> Vec<u64> {
    let installation = house.register(&house.acme).await;
    let mut made = Vec::new();
    for number in 0..count {
        let url = if suffixes {
            RESUME_URL.replace("/7?", &format!("/7/for-{number}?"))
        } else {
            RESUME_URL.to_owned()
        };
        let body = json!({
            "title": format!("Report {number}"), "installation_id": installation, "workflow_id": "wf1",
            "execution_id": EXECUTION, "resume_url": url,
        });
        let answer = house.acme.post("/automation/payload/create", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        made.push(answer.id());
        house.advance(std::time::Duration::from_millis(10));
    }
    made
}

pub async fn decide(house: &TestApp, verb: &str, entity: u64) -> Answer {
    let body = json!({ "entity_id": entity, "entity_type": "custom_payload", "notes": "ok" });
    house.acme.post(&format!("/automation/{verb}"), body).await
}

/// What the entity says of its resume.
pub async fn resume_of(house: &TestApp, entity: u64) -> Value {
    house.acme.get(&format!("/api/payloads/{entity}")).await.json["resume"].clone()
}

/// The decisions that n8n took.
pub fn told(house: &TestApp) -> Vec<Value> {
    house.n8n.execution(EXECUTION).unwrap().decisions
}

/// The method and path of every call to n8n since the first `skip`.
pub fn calls(house: &TestApp, skip: usize) -> Vec<String> {
    let sent = house.network.sent().into_iter().skip(skip);
    sent.map(|sent| {
        let query = sent.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{} {}{query}", sent.method, sent.url.path())
    })
    .collect()
}
