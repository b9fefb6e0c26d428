mod one;
mod rule;
mod several;
mod suffixes;

use serde_json::{Map, Value, json};

use std::collections::HashSet;

use super::*;

const WAITING_2_8: &str = include_str!("../../fixtures/waiting-2.8.4.json");
const WAITING_2_41: &str = include_str!("../../fixtures/waiting-2.41.1.json");

const OURS: u64 = 229_376_000_000_001;
const NEXT: u64 = 229_376_000_000_002;

/// An execution in the making: node runs are added in the order in which they happen.
struct Story {
    status: &'static str,
    nodes: Vec<Value>,
    runs: Map<String, Value>,
    last: String,
    clock: u64,
    order: u64,
}

impl Story {
    fn new() -> Self {
        let wait = |name: &str| json!({"name": name, "type": "n8n-nodes-base.wait", "parameters": {"resume": "webhook", "httpMethod": "POST"}});
        let nodes = vec![
            json!({"name": "Webhook", "type": "n8n-nodes-base.webhook", "parameters": {}}),
            json!({"name": "Create", "type": "n8n-nodes-base.httpRequest", "parameters": {}}),
            json!({"name": "Set", "type": "n8n-nodes-base.set", "parameters": {}}),
            json!({"name": "Agent", "type": "@n8n/n8n-nodes-langchain.agent", "parameters": {}}),
            json!({"name": "Tool", "type": "n8n-nodes-base.httpRequestTool", "parameters": {}}),
            json!({"name": "Pause", "type": "n8n-nodes-base.wait", "parameters": {"amount": 5, "unit": "seconds"}}),
            json!({"name": "Slack", "type": "n8n-nodes-base.slack", "parameters": {"operation": "sendAndWait"}}),
            json!({"name": "Sub", "type": "n8n-nodes-base.executeWorkflow", "parameters": {}}),
            wait("Wait"),
            wait("Second"),
        ];
        Self { status: "running", nodes, runs: Map::new(), last: String::new(), clock: 1_000_000, order: 0 }
            .run("Webhook", None, json!({"topic": "T"}))
    }

    fn add(mut self, node: &str, entry: Value) -> Self {
        let runs = self.runs.entry(node).or_insert_with(|| json!([]));
        runs.as_array_mut().unwrap().push(entry);
        self.last = node.to_owned();
        self.clock += 100;
        self.order += 1;
        self
    }

    fn entry(&self, after: Option<(&str, u64)>, status: &str, data: &Value) -> Value {
        let source: Vec<Value> =
            after.iter().map(|(node, run)| json!({"previousNode": node, "previousNodeRun": run})).collect();
        json!({"startTime": self.clock, "executionTime": 50, "executionIndex": self.order, "source": source,
            "executionStatus": status, "data": data})
    }

    fn run(self, node: &str, after: Option<(&str, u64)>, item: impl Into<Value>) -> Self {
        let item: Value = item.into();
        let entry = self.entry(after, "success", &json!({"main": [[{"json": item}]]}));
        self.add(node, entry)
    }

    fn create(self, after: (&str, u64), id: u64) -> Self {
        self.run("Create", Some(after), json!({"id": id, "status": "pending"}))
    }

    fn wait(mut self, node: &str, after: (&str, u64)) -> Self {
        let entry = self.entry(Some(after), "waiting", &json!({"main": [[{"json": {"id": OURS}}]]}));
        self.status = "waiting";
        self.add(node, entry)
    }

    /// What n8n does: the waiting entry goes, the node runs again, and the index begins anew.
    fn resume(mut self) -> Self {
        let node = self.last.clone();
        let entry = self.runs[&node].as_array_mut().unwrap().pop().unwrap();
        let source = entry["source"][0].clone();
        self.clock += 60_000;
        self.order = 0;
        self.status = "running";
        let after = source["previousNode"].as_str().unwrap().to_owned();
        let run = source["previousNodeRun"].as_u64().unwrap();
        self.run(&node, Some((&after, run)), json!({"body": {"decision": "approve"}}))
    }

    fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }

    fn json(&self) -> Value {
        json!({"id": "7", "status": self.status, "workflowData": {"nodes": self.nodes},
            "data": {"resultData": {"runData": self.runs, "lastNodeExecuted": self.last}}})
    }

    fn view(&self, created: &Created) -> WaitView {
        WaitView::read(self.json().to_string().as_bytes(), created)
    }

    fn whose(&self, id: u64) -> Whose {
        self.view(&Created::new(id, None)).whose
    }
}

fn others(ids: &[u64]) -> Vec<Sibling> {
    ids.iter().map(|id| Sibling { id: id.to_string(), open: true, suffix: None }).collect()
}

impl Story {
    fn among(&self, id: u64, others_of_it: &[u64]) -> Whose {
        self.view(&Created::new(id, None).among(others(others_of_it))).whose
    }

    /// Resumed by a decision of Baton's.
    fn decided(self, id: u64) -> Self {
        let node = self.last.clone();
        let mut story = self.resume();
        let runs = story.runs[&node].as_array_mut().unwrap();
        runs.last_mut().unwrap()["data"] =
            json!({"main": [[{"json": {"body": {"decision": "approved", "entity_id": id}}}]]});
        story
    }

    fn with_items(mut self, items: &[u64]) -> Self {
        let items: Vec<Value> = items.iter().map(|id| json!({"json": {"id": id}})).collect();
        let node = self.last.clone();
        let runs = self.runs[&node].as_array_mut().unwrap();
        runs.last_mut().unwrap()["data"] = json!({"main": [items]});
        self
    }
}

impl Story {
    /// The Wait nodes have these suffixes, and the second follows the first.
    fn suffixed(mut self, suffixes: [&str; 2]) -> Self {
        for (name, suffix) in ["Wait", "Second"].into_iter().zip(suffixes) {
            let node = self.nodes.iter_mut().find(|node| node["name"] == name).unwrap();
            node["parameters"]["options"] = json!({"webhookSuffix": suffix});
        }
        self
    }

    /// Two calls in a row.
    fn asks_twice(self) -> Self {
        self.create(("Webhook", 0), OURS).run("Tool", Some(("Create", 0)), json!({"id": NEXT}))
    }

    /// Whose wait it is, where [`OURS`] and [`NEXT`] came with these suffixes and `Second` follows `Wait`.
    fn between(&self, own: Option<&str>, next: Option<&str>) -> (Whose, Whose) {
        let mut json = self.json();
        json["workflowData"]["connections"] = json!({"Wait": {"main": [[{"node": "Second"}]]}});
        let url = |suffix: Option<&str>| {
            suffix.map(|it| Url::parse(&format!("https://n8n.example/webhook-waiting/7/{it}")).unwrap())
        };
        let read = |id: u64, own: Option<&str>, other: u64, others: Option<&str>| {
            let suffix = url(others).as_ref().and_then(suffix_of).map(|suffix| super::mark(&suffix));
            let other = Sibling { id: other.to_string(), open: true, suffix };
            let created = Created::new(id, None).passed(url(own).as_ref()).among(vec![other]);
            WaitView::read(json.to_string().as_bytes(), &created).whose
        };
        (read(OURS, own, NEXT, next), read(NEXT, next, OURS, own))
    }
}
