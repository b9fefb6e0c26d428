//! Least privilege: what the functions do is what their roles grant, no less and no more. That it is no less, every test
//! of the house shows (`harness/src/roles.rs`); here is that it is no more.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::Method;
use serde_json::json;
use shared::{
    egress::OutError,
    lambda::batch,
    queue::{QueueName, Task, TaskKind},
    store::Key,
    tenant::TenantId,
    work::Handled,
};

use harness::{
    BATON, N8N, PASSWORD, TestApp, pass,
    roles::{ROLES, Right, acting, working},
    samples::{operations, scene, staged},
    stories::{
        Bill, Connect, Create, CreateMedia, Decide, DeleteCollection, DeleteLeads, Forget, Message, PostLead,
        Push, PushBesidePost, Register, Repost, Story, Trigger, Usage,
    },
};

/// Who makes, changes and ends credentials: keys, people, the organization.
const MAKERS: [&str; 7] =
    ["account", "api-keys", "background", "installations", "n8n-nodes", "sessions", "team"];

type Used = BTreeMap<&'static str, BTreeSet<Right>>;

fn add(used: &mut Used, house: &TestApp) {
    for (function, rights) in house.ledger.used() {
        used.entry(function).or_default().extend(rights);
    }
}

/// Every route, once, and again under the same `Idempotency-Key`.
async fn routes(used: &mut Used) {
    for operation in operations().await {
        let (mut house, sample) = staged(operation).await;
        // So that what is asked for is asked of the ports and not remembered.
        house.restart();
        let caller = sample.caller(&house).await;
        let once = [("idempotency-key", "exec-551-0-0")];
        let headers: &[_] = if sample.route.remembers() { &once } else { &[] };
        let first = sample.send_with(&caller, headers).await;
        assert!(first.status < 300, "{operation}: {first:?}");
        // A second time what a reply is remembered of is found, and what was deleted is not.
        sample.send_with(&caller, headers).await;
        // As the function's host does when it has answered.
        acting(sample.route.function, house.app.accounts().note_key_uses()).await;
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
    told(used, PushBesidePost).await;
    told(used, Usage { pushed: false }).await;
    told(used, Usage { pushed: true }).await;
    told(used, Message { first: false }).await;
    told(used, Bill { taken: true }).await;
    told(used, Forget).await;
    told(used, Trigger).await;
    told(used, Connect).await;
}

/// What the samples do not ask for.
async fn filters(used: &mut Used) {
    let house = TestApp::new().await;
    let by = house.acme.key.user_id;
    let renamed = house.acme.patch("/api/v1/account", json!({ "name": "Acme & Sons" })).await;
    assert_eq!(renamed.status, 200, "{renamed:?}");
    let listed = house.acme.get(&format!("/api/v1/audit_log?actor_id={by}")).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    assert!(listed.text.contains("organization.updated"), "{listed:?}");
    add(used, &house);
}

/// n8n is away while decisions fall about everything that can be decided about, and comes back.
async fn n8n_away(used: &mut Used) {
    let house = scene().await;
    house.n8n.set_down(true);
    let mut owed = Vec::new();
    for (kind, path, body) in [
        ("custom_payload", "/automation/payload/create", json!({ "title": "x" })),
        ("custom_payload", "/automation/payload/create", json!({ "title": "y" })),
        (
            "media_item",
            "/automation/media/create",
            json!({ "title": "x", "media_type": "file", "collection_id": 1 }),
        ),
        ("lead", "/api/leads", json!({ "first_name": "A", "last_name": "B", "email": "a@example.com" })),
        ("invoice", "/api/invoices", json!({ "invoice_number": "INV-7", "amount": 1 })),
    ] {
        let mut body = body;
        for (name, value) in [
            ("installation_id", json!(45)),
            ("workflow_id", json!("wf1")),
            ("execution_id", json!("7")),
            ("human_interaction", json!(true)),
            ("automation_status", json!("pending")),
            ("resume_url", json!(format!("{N8N}/webhook-waiting/7?signature=token-7"))),
        ] {
            body[name] = value;
        }
        let made = house.acme.post(path, body).await;
        let decision = json!({ "entity_id": made.id(), "entity_type": kind });
        let decided = house.acme.post("/automation/approve", decision).await;
        assert_eq!(decided.json["resume_state"], "pending", "{kind}: {decided:?}");
        owed.push(made.id());
    }
    // What n8n has not heard outlives all but the first.
    for (path, id) in ["payloads", "media", "leads", "invoices"].iter().zip(&owed[1..]) {
        let deleted = house.acme.delete(&format!("/api/{path}/{id}")).await;
        assert_eq!(deleted.status, 200, "{path}: {deleted:?}");
    }
    // Nobody has taken up the messages of the next attempts when the index shows the debts.
    house.advance(Duration::from_secs(70));
    assert!(house.tick().await.sent >= owed.len());
    pass(&house, 60).await;
    house.n8n.waits(7, "wf1", owed[0]);
    house.n8n.set_down(false);
    pass(&house, 600).await;
    add(used, &house);
}

/// An n8n that moves, whose workflows are renamed, and that is listed when it comes back.
async fn n8n_moved(used: &mut Used) {
    let mut house = scene().await;
    house.register(&house.acme).await;
    let usage = json!({
        "n8n_base_url": N8N, "workflow_id": "wf1", "execution_id": "8", "model_id": "gpt-4", "input_tokens": 1,
        "output_tokens": 1,
    });
    assert_eq!(house.acme.post("/api/token-usage", usage).await.status, 201);
    let id = house.register(&house.acme).await;
    house.n8n.set_down(true);
    let moved = json!({
        "instance_id": "my-n8n-001", "host": "https://moved.example.com", "api_key": "n8n-api-key-here", "title": "x",
    });
    assert_eq!(house.acme.post("/api/installs/register", moved).await.status, 200);
    for name in ["Report", "Monthly report"] {
        house.restart();
        let mut data = harness::stories::execution_data();
        data["workflowData"]["name"] = json!(name);
        let push = json!({ "installation_id": id, "workflow_id": "wf1", "execution_data": data });
        assert_eq!(house.acme.post("/api/push/executions", push).await.status, 200);
    }
    house.register(&house.acme).await;
    house.n8n.add_workflow("wf1", "Yearly report", "report");
    house.restart();
    house.n8n.set_down(false);
    pass(&house, 120).await;
    // A run that shows no execution: its webhook may be another workflow's by now.
    let endpoint = format!("{N8N}/webhook/invokati-trigger/{id}/wf1");
    assert_eq!(house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await.status, 200);
    pass(&house, 60).await;
    assert_eq!(house.acme.delete(&format!("/api/installs/{id}")).await.status, 200);
    pass(&house, 240).await;
    add(used, &house);
}

/// A workflow that fails, goes silent and runs again, with alerts about both.
async fn watched(used: &mut Used) {
    let house = scene().await;
    for rule in [json!({ "kind": "failing", "failures": 1 }), json!({ "kind": "silent", "after_minutes": 5 })]
    {
        assert_eq!(house.acme.post("/api/alerts", rule).await.status, 201);
    }
    // One that Baton does not know is looked up in n8n.
    let unknown = json!({ "kind": "failing", "workflow_id": "nobodys" });
    assert_eq!(house.acme.post("/api/alerts", unknown).await.status, 404);
    for (execution, status) in [(1, "error"), (2, "success")] {
        let data = json!({ "id": execution, "status": status, "startedAt": "2025-01-21T10:30:00Z" });
        let push = json!({ "installation_id": 45, "workflow_id": "wf1", "execution_data": data });
        assert_eq!(house.acme.post("/api/push/executions", push).await.status, 200);
    }
    pass(&house, 600).await;
    house.n8n.runs(3, "wf1", house.app.now().0);
    pass(&house, 200).await;
    let told = house.acme.get("/api/notifications/list?type=workflow_alert").await;
    assert_eq!(told.json["count"], 1, "{told:?}");
    let alerts = house.acme.get("/api/alerts").await;
    assert!(!alerts.text.contains("No execution"), "{alerts:?}");
    add(used, &house);
}

/// A file that is uploaded, taken, shown and deleted with its item, and one that nobody takes.
async fn files(used: &mut Used) {
    let house = scene().await;
    let mut uploads = Vec::new();
    for _ in 0..2 {
        let made = house.acme.post("/api/media/uploads", json!({ "file_name": "a.txt", "bytes": 2 })).await;
        let path = made.json["url"].as_str().unwrap().strip_prefix(BATON).unwrap();
        assert_eq!(house.acme.bare(Method::PUT, path, Some(json!(42)), &[]).await.status, 200);
        uploads.push(made.json["upload_id"].clone());
    }
    let body = json!({ "title": "Text", "media_type": "file", "upload_id": uploads[0] });
    let path = format!("/api/media/{}", house.acme.post("/api/media", body).await.id());
    let shown = house.acme.get(&path).await;
    let address = shown.json["download_url"].as_str().unwrap().strip_prefix(BATON).unwrap().to_owned();
    assert_eq!(house.acme.bare(Method::GET, &address, None, &[]).await.status, 200);
    assert_eq!(house.acme.delete(&path).await.status, 200);
    house.advance(Duration::from_secs(3700));
    pass(&house, 60).await;
    add(used, &house);
}

/// n8n takes a credential, does not, has lost it.
async fn credentials(used: &mut Used) {
    let house = TestApp::new().await;
    house.register(&house.acme).await;
    let path = "/api/n8n/nodes/payload-review";
    house.n8n.refuse_credentials(Some(403));
    let refused = house.acme.post_once(path, "once", json!({})).await;
    assert_eq!(refused.json["credential"]["state"], "by_hand", "{refused:?}");
    house.n8n.refuse_credentials(None);
    for _ in 0..2 {
        let made = house.acme.post(path, json!({})).await;
        assert_eq!(made.json["credential"]["state"], "created", "{made:?}");
        house.n8n.delete_credentials();
    }
    add(used, &house);
}

/// What lists narrow to, a trigger that n8n does not take, large content that goes, a login that fails.
async fn the_rest(used: &mut Used) {
    let house = scene().await;
    for path in [
        "/api/payloads/list?automation_status=pending",
        "/api/media/list?automation_status=pending",
        "/api/media/list?collection_id=1",
        "/api/leads/list?human_interaction=1",
        "/api/chats/list?status=active",
        "/api/notifications/list?unread=1",
    ] {
        assert_eq!(house.acme.get(path).await.status, 200, "{path}");
    }
    house.n8n.answer_webhooks(Err(OutError::Connect("connection refused".into())));
    let trigger = json!({ "endpoint": format!("{N8N}/webhook/report") });
    let refused = house.acme.post_once("/api/trigger-webhook", "once", trigger).await;
    assert_eq!(refused.status, 502, "{refused:?}");
    let made =
        house.acme.post("/api/payloads", json!({ "title": "x", "payload": "x".repeat(100_000) })).await;
    let path = format!("/api/payloads/{}", made.id());
    assert_eq!(house.acme.get(&path).await.status, 200);
    assert_eq!(house.acme.patch(&path, json!({ "payload": "small" })).await.status, 200);
    assert_eq!(house.acme.delete(&path).await.status, 200);
    let bound = json!({ "group_ids": [house.acme.key.group_id] });
    assert_eq!(house.acme.patch("/api/v1/team_members/31", bound).await.status, 200);
    for password in ["wrong password", PASSWORD] {
        let body = json!({ "username": "jane@acme.example", "password": password });
        house.acme.bare(Method::POST, "/api/v1/auth/login", Some(body), &[]).await;
    }
    add(used, &house);
}

/// The event source takes messages from a queue and deletes them (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>);
/// one that must wait the worker's own code puts back.
async fn event_sources(used: &mut Used) {
    for queue in QueueName::ALL {
        let house = TestApp::new().await;
        // One of them is sent again, and the other, which names no work, can only be released.
        let kind = TaskKind::ALL.into_iter().find(|kind| kind.queue() == queue).unwrap();
        let task =
            serde_json::to_string(&Task::new(kind, &Key::of(TenantId(1), "payload", "1"), "r")).unwrap();
        let record = |body: &str| json!({ "messageId": body, "receiptHandle": "r", "body": body });
        let event = json!({ "Records": [record("{}"), record(&task)] });
        let event: batch::Event = serde_json::from_value(event).unwrap();
        let later = async |_: &str, _: bool| Handled::Retry(Duration::from_secs(5));
        let (queues, left) = (&*house.app.queue, || Duration::from_secs(5));
        working(queue, batch::run(queues, queue, &event, left, later, async |_, _| {})).await;
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
    filters(&mut used).await;
    n8n_away(&mut used).await;
    n8n_moved(&mut used).await;
    watched(&mut used).await;
    files(&mut used).await;
    credentials(&mut used).await;
    the_rest(&mut used).await;
    event_sources(&mut used).await;
    let mut unused = Vec::new();
    for (function, role) in &*ROLES {
        let used = used.get(function.as_str()).unwrap_or_else(|| panic!("{function} did nothing"));
        let idle = role.rights.keys().filter(|right| !used.contains(*right));
        unused.extend(idle.map(|(action, resource)| format!("{function}: {action} on {resource}")));
    }
    assert!(unused.is_empty(), "granted and never used:\n{}", unused.join("\n"));
}

/// Whoever takes a function over reaches the partitions that it works on, and no others: no credentials, where it makes none.
#[test]
fn every_right_to_items_names_its_partitions() {
    for (function, role) in &*ROLES {
        for ((action, resource), leading) in &role.rights {
            // The due index is led by its shards.
            if action.starts_with("dynamodb:") && !resource.contains("/index/due") {
                assert!(leading.is_some(), "{function}: {action} on {resource} without LeadingKeys");
            }
            let credentials =
                |pattern: &String| ["G#key#*", "T#*#user", "T#*#org"].contains(&pattern.as_str());
            let writes =
                !["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"].contains(&action.as_str());
            if writes && leading.iter().flatten().any(credentials) {
                assert!(MAKERS.contains(&function.as_str()), "{function} may {action} credentials");
            }
        }
    }
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

/// A reply that is repeated comes to no handler, so a right that one of them looks at would not be looked at.
#[test]
fn no_handler_asks_for_a_scope() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let mut folders = vec![root];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                for right in [".allows(", "missing_scope", "covers("] {
                    assert!(!text.contains(right), "{}: {right} belongs into http/routes/", path.display());
                }
            }
        }
    }
    assert!(files > 100, "{files}: the functions are elsewhere");
}
