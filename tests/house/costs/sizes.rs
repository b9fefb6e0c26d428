//! What the same step costs as its body grows: content, custom fields, descriptions.
//!
//! Its one rule: what does not write the body does not pay for it.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};

use harness::{
    Answer, TestApp,
    parked::{EXECUTION, decide},
    samples,
};

use super::measure;

/// Bytes of the body, and what they are called in the file.
pub(super) const SIZES: [(usize, &str); 4] = [(200, "0.2"), (4_000, "4"), (16_000, "16"), (60_000, "60")];

const SIZED: &str = include_str!("../../costs/sizes.csv");
const HEAD: &str = "step,kilobytes,read_units,write_units,bodies";

/// What a step costs with a body of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Sized {
    pub step: String,
    pub size: String,
    pub read_units: f64,
    pub write_units: f64,
    pub bodies: usize,
}

/// Measures the steps of one size.
struct Scale<'a> {
    house: &'a TestApp,
    size: &'static str,
    costs: Vec<Sized>,
}

impl Scale<'_> {
    async fn of<T>(&mut self, step: &str, work: impl Future<Output = T>) -> T {
        let (cost, done) = measure(self.house, step, work).await;
        self.costs.push(Sized {
            step: cost.step,
            size: self.size.into(),
            read_units: cost.read_units,
            write_units: cost.write_units,
            bodies: cost.bodies,
        });
        done
    }

    async fn request(&mut self, step: &str, work: impl Future<Output = Answer>) -> Answer {
        let answer = self.of(step, work).await;
        assert!(answer.status < 300, "{step}: {answer:?}");
        answer
    }
}

pub(super) async fn measured() -> Vec<Sized> {
    let mut all = Vec::new();
    for (bytes, size) in SIZES {
        all.extend(payloads(bytes, size).await);
        all.extend(invoices(bytes, size).await);
        all.extend(leads(bytes, size).await);
        if bytes <= 16_000 {
            all.extend(media(bytes, size).await);
        }
    }
    // Each step with its sizes, in the order of the first size.
    let order: Vec<String> = all.iter().map(|sized| sized.step.clone()).collect();
    all.sort_by_key(|sized| order.iter().position(|step| *step == sized.step));
    all
}

const SECOND: Duration = Duration::from_secs(1);

/// A payload that an execution waits for: made, changed, decided, told, listed, deleted.
async fn payloads(bytes: usize, size: &'static str) -> Vec<Sized> {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let mut scale = Scale { house: &house, size, costs: Vec::new() };
    let body = |execution: u64| {
        json!({
            "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": execution,
            "allow_regenerate": true, "payload": { "text": "x".repeat(bytes) },
        })
    };
    let post = |execution| house.acme.post("/automation/payload/create", body(execution));
    // Makes the workflow known.
    assert_eq!(post(99).await.status, 201);
    let id = scale.request("payload: create for review", post(EXECUTION)).await.id();
    house.n8n.waits(EXECUTION, "wf1", id);
    let once = || house.acme.post_once("/api/payloads", "sized", body(5));
    scale.request("payload: create with an Idempotency-Key", once()).await;
    scale.request("payload: create, repeated", once()).await;
    let path = format!("/api/payloads/{id}");
    scale.request("payload: get", house.acme.get(&path)).await;
    scale.request("payload: list three", house.acme.get("/api/payloads/list")).await;
    scale.request("payload: rename", house.acme.patch(&path, json!({ "title": "Another" }))).await;
    let content = json!({ "payload": { "text": "y".repeat(bytes) } });
    scale.request("payload: new content", house.acme.patch(&path, content)).await;
    house.n8n.set_down(true);
    scale.request("payload: approve, n8n is down", decide(&house, "approve", id)).await;
    for step in ["payload: second attempt, n8n is down", "payload: third attempt, n8n is down"] {
        house.advance(3 * SECOND);
        assert_eq!(scale.of(step, house.drain()).await, 1);
    }
    house.n8n.set_down(false);
    house.advance(10 * SECOND);
    assert_eq!(scale.of("payload: n8n takes the decision", house.drain()).await, 1);
    scale.request("payload: delete", house.acme.delete(&path)).await;
    scale.costs
}

async fn invoices(bytes: usize, size: &'static str) -> Vec<Sized> {
    let house = TestApp::new().await;
    let mut scale = Scale { house: &house, size, costs: Vec::new() };
    let body = json!({
        "invoice_number": "INV-1", "amount": 12, "currency": "USD", "custom_data": { "text": "x".repeat(bytes) },
    });
    let id = scale.request("invoice: create", house.acme.post("/api/invoices", body.clone())).await.id();
    let path = format!("/api/invoices/{id}");
    scale.request("invoice: list one", house.acme.get("/api/invoices/list")).await;
    scale.request("invoice: change its notes", house.acme.patch(&path, json!({ "notes": "due" }))).await;
    let of_status = format!("{path}/status");
    let paid = house.acme.patch(&of_status, json!({ "status": "paid" }));
    scale.request("invoice: set its status", paid).await;
    scale.request("invoice: delete", house.acme.delete(&path)).await;
    let other = samples::with(body, "invoice_number", json!("INV-2"));
    let once = || house.acme.post_once("/api/invoices", "sized", other.clone());
    scale.request("invoice: create with an Idempotency-Key", once()).await;
    scale.request("invoice: create, repeated", once()).await;
    scale.costs
}

/// A lead with its text in custom fields, of 15 KB each.
async fn leads(bytes: usize, size: &'static str) -> Vec<Sized> {
    let house = TestApp::new().await;
    for n in 0..4 {
        let field = json!({ "machine_name": format!("notes_{n}"), "label": format!("Notes {n}"), "field_type": "textarea" });
        let made = house.acme.post("/api/lead-custom-fields", field).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let mut scale = Scale { house: &house, size, costs: Vec::new() };
    let body = |name: &str| {
        let mut body = json!({
            "email": format!("{name}@example.com"), "first_name": "Jane", "last_name": "Miller",
            "lead_source": "website", "company_name": "Acme",
        });
        for (n, at) in (0..bytes).step_by(15_000).enumerate() {
            body[format!("notes_{n}")] = Value::from("x".repeat((bytes - at).min(15_000)));
        }
        body
    };
    let id = scale.request("lead: create", house.acme.post("/api/leads", body("jane"))).await.id();
    let path = format!("/api/leads/{id}");
    scale.request("lead: change its phone", house.acme.patch(&path, json!({ "phone": "+49 30 1" }))).await;
    let once = || house.acme.post_once("/api/leads", "sized", body("mary"));
    scale.request("lead: create with an Idempotency-Key", once()).await;
    scale.request("lead: create, repeated", once()).await;
    scale.request("lead: delete", house.acme.delete(&path)).await;
    scale.costs
}

/// A media item with a description, and tags beyond ten thousand characters of it.
async fn media(bytes: usize, size: &'static str) -> Vec<Sized> {
    let house = TestApp::new().await;
    let mut scale = Scale { house: &house, size, costs: Vec::new() };
    let description = bytes.min(10_000);
    let mut body = json!({
        "title": "Launch", "media_type": "image", "description": "x".repeat(description),
        "human_interaction": true,
    });
    if bytes > description {
        body["tags"] = Value::from("x".repeat(bytes - description));
    }
    let id = scale.request("media: create", house.acme.post("/api/media", body.clone())).await.id();
    let path = format!("/api/media/{id}");
    scale.request("media: rename", house.acme.patch(&path, json!({ "title": "Another" }))).await;
    let approve = json!({ "entity_id": id, "entity_type": "media_item" });
    scale.request("media: approve", house.acme.post("/automation/approve", approve)).await;
    let once = || house.acme.post_once("/api/media", "sized", body.clone());
    scale.request("media: create with an Idempotency-Key", once()).await;
    scale.request("media: create, repeated", once()).await;
    scale.request("media: delete", house.acme.delete(&path)).await;
    scale.costs
}

pub(super) fn planned() -> Vec<Sized> {
    let mut lines = SIZED.lines();
    assert_eq!(lines.next(), Some(HEAD));
    lines.map(parse).collect()
}

fn parse(line: &str) -> Sized {
    let mut cells = line.rsplitn(5, ',').collect::<Vec<_>>().into_iter().rev();
    let mut cell = || cells.next().unwrap_or_else(|| panic!("too few cells: {line}"));
    Sized {
        step: cell().to_owned(),
        size: cell().to_owned(),
        read_units: cell().parse().unwrap(),
        write_units: cell().parse().unwrap(),
        bodies: cell().parse().unwrap(),
    }
}

pub(super) fn written(costs: &[Sized]) -> String {
    let mut text = format!("{HEAD}\n");
    for Sized { step, size, read_units, write_units, bodies } in costs {
        writeln!(text, "{step},{size},{read_units},{write_units},{bodies}").unwrap();
    }
    text
}

#[tokio::test]
async fn every_size_costs_what_its_budget_says() {
    let (planned, measured) = (planned(), measured().await);
    let wrong: Vec<String> = measured
        .iter()
        .filter(|sized| !planned.contains(sized))
        .map(|sized| {
            let of = |other: &&Sized| (&other.step, &other.size) == (&sized.step, &sized.size);
            format!("{sized:?}\n  in the budget: {:?}", planned.iter().find(of))
        })
        .collect();
    assert!(
        wrong.is_empty() && planned.len() == measured.len(),
        "{}\n\nIf that is meant: cargo test -p house-tests --test house -- --ignored costs::write",
        wrong.join("\n")
    );
}
