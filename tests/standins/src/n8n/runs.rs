//! The data of an execution: its runs, as n8n keeps them.

use serde_json::{Value, json};

use super::{Execution, Order, api::row};

/// The run data as n8n keeps it.
struct Runs {
    clock: i64,
    runs: serde_json::Map<String, Value>,
    nodes: Vec<Value>,
    links: serde_json::Map<String, Value>,
}

impl Runs {
    fn node(&mut self, name: &str, kind: &str, parameters: &Value) {
        self.nodes.push(json!({ "name": name, "type": kind, "parameters": parameters }));
    }

    fn link(&mut self, from: &str, to: &str) {
        let targets = self.links.entry(from).or_insert_with(|| json!({ "main": [[]] }));
        if let Some(targets) = targets["main"][0].as_array_mut() {
            targets.push(json!({ "node": to, "type": "main", "index": 0 }));
        }
    }

    fn add(&mut self, node: &str, status: &str, items: Vec<Value>, from: Option<(&str, usize)>) {
        self.clock += 10;
        let source: Vec<Value> =
            from.iter().map(|(node, run)| json!({ "previousNode": node, "previousNodeRun": run })).collect();
        let items: Vec<Value> = items.into_iter().map(|item| json!({ "json": item })).collect();
        let entry = json!({
            "startTime": self.clock, "executionTime": 5, "executionIndex": 0, "source": source,
            "executionStatus": status, "data": { "main": [items] },
        });
        if let Some(runs) = self.runs.entry(node).or_insert_with(|| json!([])).as_array_mut() {
            runs.push(entry);
        }
    }

    /// A Wait that is over, or is stood at. False when the execution has not come beyond it.
    fn wait(
        &mut self,
        execution: &Execution,
        number: usize,
        node: &str,
        item: Value,
        from: (&str, usize),
    ) -> bool {
        if let Some(decision) = execution.decisions.get(number).filter(|_| number < execution.passed) {
            self.add(node, "success", vec![json!({ "body": decision })], Some(from));
            return true;
        }
        if number < execution.passed {
            self.add(node, "success", vec![json!({ "body": {} })], Some(from));
            return true;
        }
        if number == execution.passed && execution.status == "waiting" {
            self.add(node, "waiting", vec![item], Some(from));
        }
        false
    }
}

const WAIT: &str = "n8n-nodes-base.wait";
const CALL: &str = "n8n-nodes-base.httpRequest";

/// Its runs, up to the Wait that it stands at.
pub(super) fn with_data(id: u64, execution: &Execution, node: Option<&(String, Value)>) -> Value {
    let mut runs = Runs {
        clock: execution.started_at,
        runs: Default::default(),
        nodes: Vec::new(),
        links: Default::default(),
    };
    runs.node("Webhook", "n8n-nodes-base.webhook", &json!({}));
    runs.add("Webhook", "success", vec![json!({ "body": {} })], None);
    let last = match &execution.order {
        Order::InTurn => runs.in_turn(execution, node),
        Order::Loop(order) => runs.in_a_loop(execution, order),
        Order::Row { suffixes } => runs.in_a_row(execution, *suffixes),
    };
    let mut value = row(id, execution);
    value["data"] = json!({
        "resultData": { "runData": runs.runs, "lastNodeExecuted": last },
        "resumeToken": execution.token,
    });
    value["workflowData"] =
        json!({ "id": execution.workflow_id, "nodes": runs.nodes, "connections": runs.links });
    value
}

/// Each adds the runs of its [`Order`] and tells the node that ran last.
impl Runs {
    fn in_turn(&mut self, execution: &Execution, node: Option<&(String, Value)>) -> String {
        let (kind, parameters) = node.cloned().unwrap_or_else(|| (WAIT.to_owned(), hook(None)));
        self.node("Create", CALL, &call());
        self.node("Wait", &kind, &parameters);
        for (at, entity) in execution.entities.iter().enumerate() {
            let from = if at == 0 { ("Webhook", 0) } else { ("Wait", at - 1) };
            self.add("Create", "success", vec![made(entity)], Some(from));
            self.wait(execution, at, "Wait", json!({ "id": entity }), ("Create", at));
        }
        "Wait".to_owned()
    }

    fn in_a_loop(&mut self, execution: &Execution, order: &[u64]) -> String {
        self.node("Create", CALL, &call());
        self.node("Loop", "n8n-nodes-base.splitInBatches", &json!({}));
        self.node("Wait", WAIT, &hook(None));
        for (from, to) in [("Webhook", "Create"), ("Create", "Loop"), ("Loop", "Wait"), ("Wait", "Loop")] {
            self.link(from, to);
        }
        let all = execution.entities.iter().map(made).collect();
        self.add("Create", "success", all, Some(("Webhook", 0)));
        for (at, entity) in order.iter().enumerate() {
            let from = if at == 0 { ("Create", 0) } else { ("Wait", at - 1) };
            self.add("Loop", "success", vec![made(entity)], Some(from));
            if !self.wait(execution, at, "Wait", made(entity), ("Loop", at)) {
                break;
            }
        }
        "Wait".to_owned()
    }

    fn in_a_row(&mut self, execution: &Execution, suffixes: bool) -> String {
        let names = |kind: &str| -> Vec<String> {
            execution.entities.iter().map(|entity| format!("{kind} {entity}")).collect()
        };
        let (asks, waits) = (names("Ask"), names("Wait"));
        let row: Vec<&str> =
            std::iter::once("Webhook").chain(asks.iter().chain(&waits).map(String::as_str)).collect();
        row.windows(2).for_each(|pair| self.link(pair[0], pair[1]));
        let mut from = "Webhook";
        for (name, entity) in asks.iter().zip(&execution.entities) {
            self.node(name, CALL, &call());
            self.add(name, "success", vec![made(entity)], Some((from, 0)));
            from = name;
        }
        for (at, name) in waits.iter().enumerate() {
            self.node(name, WAIT, &hook(suffixes.then_some(at)));
        }
        let answered = execution.entities.last().map(made).unwrap_or_default();
        let mut last = "Wait".to_owned();
        for (at, name) in waits.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| json!({ "body": execution.decisions.get(before) }));
            let item = before.unwrap_or_else(|| answered.clone());
            last.clone_from(name);
            if !self.wait(execution, at, name, item, (from, 0)) {
                break;
            }
            from = name;
        }
        last
    }
}

/// What a call that creates an entity is answered with.
fn made(entity: &u64) -> Value {
    json!({ "success": true, "id": entity })
}

/// The parameters of such a call.
fn call() -> Value {
    json!({ "url": "https://baton.example.com/automation/payload/create" })
}

/// The parameters of a Wait for a webhook, where it has a suffix: `for-` and its number.
fn hook(suffix: Option<usize>) -> Value {
    let options = suffix.map_or(json!({}), |suffix| json!({ "webhookSuffix": format!("for-{suffix}") }));
    json!({ "resume": "webhook", "httpMethod": "POST", "options": options })
}
