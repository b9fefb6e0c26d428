//! Least privilege: what the functions do is what their roles grant, no less and no more. That it is no less, every test
//! of the house shows (`support/roles.rs`); here is that it is no more.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};
use shared::{
    egress::OutError,
    lambda::batch,
    queue::QueueName,
    work::Outcome,
};

use crate::{
    faults::{
        pass,
        stories::{
            Bill, Connect, Create, CreateMedia, Decide, DeleteCollection, DeleteLeads, Forget, Message, PostLead,
            Push, Register, Repost, Story, Trigger, Usage,
        },
    },
    support::{
        TestApp,
        roles::{ROLES, Right, working},
        samples::{samples, scene},
    },
};

type Used = BTreeMap<&'static str, BTreeSet<Right>>;

fn add(used: &mut Used, house: &TestApp) {
    for (function, rights) in house.ledger.used() {
        used.entry(function).or_default().extend(rights);
    }
}

/// Every route, once, and again under the same `Idempotency-Key`.
async fn routes(used: &mut Used) {
    let operations: Vec<_> =
        samples(&TestApp::new().await).iter().map(|sample| sample.route.operation).collect();
    for operation in operations {
        let mut house = scene().await;
        // So that what is asked for is asked of the ports and not remembered.
        house.restart();
        let all = samples(&house);
        let sample = all.iter().find(|sample| sample.route.operation == operation).unwrap();
        let caller = sample.caller(&house).await;
        let once = [("idempotency-key", "exec-551-0-0")];
        let headers: &[_] = if sample.route.remembers() { &once } else { &[] };
        let first = sample.send_with(&caller, headers).await;
        assert!(first.status < 300, "{operation}: {first:?}");
        // A second time what a reply is remembered of is found, and what was deleted is not.
        sample.send_with(&caller, headers).await;
        pass(&house, 20).await;
        add(used, &house);
    }
}

async fn told(used: &mut Used, story: impl Story) {
    let mut house = TestApp::new().await;
    let at = story.set_up(&house).await;
    house.restart();
    let answer = story.act(&house, &at).await;
    assert!(answer.status < 300, "{answer:?}");
    pass(&house, 120).await;
    story.state(&house, &at).await;
    add(used, &house);
}

async fn stories(used: &mut Used) {
    told(used, Decide("approve")).await;
    told(used, Decide("regenerate")).await;
    told(used, Create { bytes: 10 }).await;
    told(used, Create { bytes: 100_000 }).await;
    told(used, Repost).await;
    told(used, PostLead { on_duplicate: "create" }).await;
    told(used, PostLead { on_duplicate: "update" }).await;
    told(used, DeleteLeads).await;
    told(used, CreateMedia).await;
    told(used, DeleteCollection).await;
    told(used, Push).await;
    told(used, Register).await;
    told(used, Usage { pushed: false }).await;
    told(used, Usage { pushed: true }).await;
    told(used, Message { first: false }).await;
    told(used, Bill { taken: true }).await;
    told(used, Forget).await;
    told(used, Trigger).await;
    told(used, Connect).await;
}

/// What goes wrong asks for more than what goes well.
async fn troubles(used: &mut Used) {
    // n8n is away while a decision falls, and back later; then a trigger that n8n refuses.
    let house = TestApp::new().await;
    house.n8n.set_down(true);
    let at = Register.act(&house, &Value::Null).await.json;
    let parked = house
        .acme
        .post(
            "/automation/payload/create",
            json!({ "title": "Report", "installation_id": at["installation_id"], "workflow_id": "wf1", "execution_id": "7" }),
        )
        .await;
    let decision = json!({ "entity_id": parked.id(), "entity_type": "custom_payload" });
    let decided = house.acme.post("/automation/approve", decision).await;
    assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
    pass(&house, 60).await;
    house.n8n.set_down(false);
    pass(&house, 600).await;
    house.n8n.answer_webhooks(Err(OutError::Connect("connection refused".into())));
    let trigger = json!({ "endpoint": "https://n8n.example.com/webhook/report" });
    let refused = house.acme.post_once("/api/trigger-webhook", "once", trigger).await;
    assert_eq!(refused.status, 502, "{refused:?}");
    add(used, &house);
    // A large payload that is replaced by a small one, and deleted.
    let house = TestApp::new().await;
    let made = house.acme.post("/api/payloads", json!({ "title": "x", "payload": "x".repeat(100_000) })).await;
    let path = format!("/api/payloads/{}", made.id());
    assert_eq!(house.acme.get(&path).await.status, 200);
    assert_eq!(house.acme.patch(&path, json!({ "payload": "small" })).await.status, 200);
    assert_eq!(house.acme.delete(&path).await.status, 200);
    add(used, &house);
    // Logins, good and bad.
    let house = TestApp::new().await;
    for password in ["wrong password", crate::support::PASSWORD] {
        let body = json!({ "username": "jane@acme.example", "password": password });
        house.acme.bare(http::Method::POST, "/api/v1/auth/login", Some(body), &[]).await;
    }
    add(used, &house);
}

/// The event source takes messages from a queue and deletes them (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>);
/// one that must wait the worker's own code puts back.
async fn event_sources(used: &mut Used) {
    for queue in QueueName::ALL {
        let house = TestApp::new().await;
        let event = json!({ "Records": [{ "messageId": "1", "receiptHandle": "r", "body": "{}" }] });
        let event: batch::Event = serde_json::from_value(event).unwrap();
        let later = async |_: &str| Outcome::Retry(Duration::from_secs(5));
        working(queue, batch::run(&*house.app.queue, queue, &event, Duration::from_secs(5), later)).await;
        working(queue, house.app.queue.receive(queue, 1, Duration::from_secs(1))).await.unwrap();
        working(queue, house.app.queue.delete(queue, "r")).await.unwrap();
        working(queue, house.app.queue.depth(queue)).await.unwrap();
        add(used, &house);
    }
}

#[tokio::test]
async fn no_role_grants_what_its_function_does_not_use() {
    let mut used = Used::new();
    routes(&mut used).await;
    stories(&mut used).await;
    troubles(&mut used).await;
    event_sources(&mut used).await;
    let mut unused = Vec::new();
    for (function, role) in &*ROLES {
        let used = used.get(function.as_str()).unwrap_or_else(|| panic!("{function} did nothing"));
        let idle = role.rights.keys().filter(|right| !used.contains(*right));
        unused.extend(idle.map(|(action, resource)| format!("{function}: {action} on {resource}")));
    }
    assert!(unused.is_empty(), "granted and never used:\n{}", unused.join("\n"));
}

/// A star stands in a name that one kind of thing has, never for everything.
#[test]
fn no_role_grants_everything() {
    for (function, role) in &*ROLES {
        for (action, resource) in role.rights.keys() {
            assert!(!action.contains('*'), "{function}: {action}");
            assert!(!resource.contains("Arn}/*\"") && resource != "\"*\"", "{function}: {resource}");
            assert!(!action.ends_with(":Scan"), "{function}: {action}");
        }
    }
}

/// The due index and the partitions that no tenant owns are not led by a tenant: who may read them is named here.
#[test]
fn only_the_clock_reads_what_everybody_owes() {
    for (function, role) in &*ROLES {
        let due = role.rights.keys().any(|(_, resource)| resource.contains("/index/due"));
        assert_eq!(due, function == "tick", "{function}");
    }
}
