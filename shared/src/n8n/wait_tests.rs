use serde_json::{Map, Value, json};

use std::collections::HashSet;

use super::*;

const WAITING_2_8: &str = include_str!("fixtures/waiting-2.8.4.json");
const WAITING_2_41: &str = include_str!("fixtures/waiting-2.41.1.json");

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

#[test]
fn a_real_execution_that_waits_is_ours_and_its_url_can_be_rebuilt() {
    let host = Url::parse("http://127.0.0.1:5688").unwrap();
    let created = Created::new(OURS, None).also("pl_1");

    let new = WaitView::read(WAITING_2_41.as_bytes(), &created);
    assert_eq!((new.whose, new.poll), (Whose::Ours, Poll::Waiting));
    let node = new.node.clone().unwrap();
    assert_eq!(
        (node.name.as_str(), node.kind, node.method.as_deref()),
        ("Wait for decision", WaitKind::Webhook, Some("POST"))
    );
    assert!(!format!("{new:?}{node:?}").contains("0123456789abcdef"), "tokens are not printed");
    let rebuilt = rebuild_resume_url(
        &host,
        &new.execution_id.unwrap(),
        node.suffix.as_deref(),
        new.resume_token.as_ref().map(Secret::reveal),
    );
    assert_eq!(
        Some(rebuilt.as_str()),
        node.resume_url.as_ref().map(Secret::reveal),
        "n8n recorded the same URL"
    );

    let old = WaitView::read(WAITING_2_8.as_bytes(), &created);
    assert_eq!((old.whose, old.resume_token), (Whose::Ours, None));
    assert_eq!(old.node.unwrap().resume_url, None);
}

#[test]
fn the_time_of_creation_stands_in_for_an_id_that_is_not_to_be_seen() {
    let created = |at| Created::new(OURS, Some(at));
    let real = |at| WaitView::read(WAITING_2_41.as_bytes(), &created(at)).whose;
    assert_eq!(real(1_795_305_935_710), Whose::Ours);
    assert_eq!(real(1_795_305_935_710 - 60_000), Whose::Unknown);
    assert_eq!(WaitView::read(WAITING_2_41.as_bytes(), &Created::new(OURS, None)).whose, Whose::Unknown);
}

#[test]
fn a_time_that_fits_runs_before_and_after_a_wait_decides_nothing() {
    let mut story = Story::new().create(("Webhook", 0), NEXT).wait("Wait", ("Create", 0)).resume();
    story.clock += 1_000;
    let at = i64::try_from(story.clock).unwrap();
    let story = story.create(("Wait", 0), NEXT).wait("Wait", ("Create", 1));
    assert_eq!(
        story.view(&Created::new(OURS, Some(at))).whose,
        Whose::Ours,
        "a minute lies between the two runs"
    );

    let mut quick = Story::new().create(("Webhook", 0), NEXT).wait("Wait", ("Create", 0)).resume();
    quick.runs["Wait"][0]["startTime"] =
        quick.runs["Create"][0]["startTime"].as_u64().map(|t| t + 100).into();
    quick.clock -= 60_000;
    let at = i64::try_from(quick.clock).unwrap();
    let quick = quick.create(("Wait", 0), NEXT).wait("Wait", ("Create", 1));
    assert_eq!(quick.view(&Created::new(OURS, Some(at))).whose, Whose::Unknown);
}

#[test]
fn a_stale_decision_never_reaches_a_later_wait() {
    let first = Story::new().create(("Webhook", 0), OURS).wait("Wait", ("Create", 0));
    assert_eq!(first.whose(OURS), Whose::Ours);
    let resumed = first.resume();
    assert_eq!(resumed.whose(OURS), Whose::Passed);
    let second = resumed.create(("Wait", 0), NEXT).wait("Second", ("Create", 1));
    assert_eq!(second.whose(OURS), Whose::Passed);
    assert_eq!(second.whose(NEXT), Whose::Ours);
}

#[test]
fn the_same_wait_node_in_a_loop_is_told_apart_by_its_runs() {
    let mut story = Story::new().create(("Webhook", 0), OURS).wait("Wait", ("Create", 0)).resume();
    story = story.create(("Wait", 0), NEXT).wait("Wait", ("Create", 1));
    assert_eq!(story.whose(OURS), Whose::Passed);
    assert_eq!(story.whose(NEXT), Whose::Ours);
    // The index began anew at the resume: by it, the first creation would be the last.
    assert!(
        story.runs["Create"][0]["executionIndex"].as_u64()
            >= story.runs["Create"][1]["executionIndex"].as_u64()
    );
}

#[test]
fn an_entity_that_was_sent_back_waits_behind_its_newest_post() {
    let story = Story::new()
        .create(("Webhook", 0), OURS)
        .wait("Wait", ("Create", 0))
        .resume()
        .create(("Wait", 0), OURS);
    let again = Created::new(OURS, None).reposted(1);
    assert_eq!(story.view(&again).whose, Whose::NotYet);
    let story = story.wait("Wait", ("Create", 1));
    assert_eq!(story.view(&again).whose, Whose::Ours);
    assert_eq!(story.whose(OURS), Whose::Passed, "the first decision must not come again");
    let story = story.resume().create(("Wait", 1), NEXT).wait("Wait", ("Create", 2));
    assert_eq!(story.view(&again).whose, Whose::Passed, "the next entity's wait is not this one's");
}

#[test]
fn a_wait_that_is_not_reached_is_not_yet() {
    let story = Story::new().create(("Webhook", 0), OURS);
    assert_eq!(story.whose(OURS), Whose::NotYet);
    let story = story.run("Set", Some(("Create", 0)), json!({"id": OURS}));
    assert_eq!(story.whose(OURS), Whose::NotYet, "the copy of the id does not make Set the creator");
    assert_eq!(story.wait("Wait", ("Set", 0)).whose(OURS), Whose::Ours);
}

#[test]
fn a_pause_for_a_time_is_no_gate() {
    let story =
        Story::new().create(("Webhook", 0), OURS).run("Pause", Some(("Create", 0)), json!({"id": OURS}));
    assert_eq!(story.whose(OURS), Whose::NotYet);
    assert_eq!(story.wait("Wait", ("Pause", 0)).whose(OURS), Whose::Ours);

    let paused = Story::new().create(("Webhook", 0), OURS).wait("Pause", ("Create", 0));
    assert_eq!(paused.whose(OURS), Whose::NotYet, "a decision must not cut a long pause short");
    assert_eq!(paused.view(&Created::default()).node.unwrap().kind, WaitKind::Time);
    let sub = Story::new().create(("Webhook", 0), OURS).wait("Sub", ("Create", 0));
    assert_eq!(sub.whose(OURS), Whose::NotYet);
}

#[test]
fn a_disabled_wait_is_no_gate() {
    let mut story =
        Story::new().create(("Webhook", 0), OURS).run("Second", Some(("Create", 0)), json!({"id": OURS}));
    assert_eq!(story.whose(OURS), Whose::Passed);
    story.nodes.last_mut().unwrap()["disabled"] = true.into();
    assert_eq!(story.whose(OURS), Whose::NotYet);
}

#[test]
fn a_wait_of_another_branch_is_not_ours() {
    // Breadth-first executions create both before either waits.
    let both =
        Story::new().create(("Webhook", 0), OURS).run("Tool", Some(("Webhook", 0)), json!({"id": NEXT}));
    let both = both.wait("Wait", ("Create", 0));
    assert_eq!(both.whose(OURS), Whose::Ours);
    assert_eq!(both.whose(NEXT), Whose::NotYet);
    let second = both.resume().wait("Second", ("Tool", 0));
    assert_eq!(second.whose(OURS), Whose::Passed);
    assert_eq!(second.whose(NEXT), Whose::Ours);
}

#[test]
fn what_an_agents_tool_creates_waits_after_the_agent() {
    let story = Story::new();
    let tool = story.entry(Some(("Agent", 0)), "success", &json!({"ai_tool": [[{"json": {"id": OURS}}]]}));
    let mut story = story.add("Tool", tool);
    story = story.run("Agent", Some(("Webhook", 0)), json!({"output": "asked"}));
    // The agent began before its tool.
    story.runs["Agent"][0]["startTime"] = 1_000_050.into();
    assert_eq!(story.whose(OURS), Whose::NotYet);
    assert_eq!(story.wait("Wait", ("Agent", 0)).whose(OURS), Whose::Ours);
}

#[test]
fn an_execution_that_has_ended_takes_no_decision() {
    for status in ["success", "error", "canceled", "crashed"] {
        let story = Story::new().create(("Webhook", 0), OURS).wait("Wait", ("Create", 0)).status(status);
        assert_eq!(story.whose(OURS), Whose::Passed, "{status}");
        assert_eq!(story.view(&Created::default()).node, None);
        let without = Story::new().create(("Webhook", 0), OURS).status(status);
        assert_eq!(without.whose(OURS), Whose::Passed, "{status}, no wait at all");
    }
}

#[test]
fn while_it_runs_a_waiting_entry_is_from_before_the_resume() {
    let story = Story::new().create(("Webhook", 0), OURS).wait("Wait", ("Create", 0)).status("running");
    assert_eq!(story.whose(OURS), Whose::NotYet);
}

#[test]
fn an_execution_that_runs_may_not_show_its_runs_yet() {
    let story = Story::new();
    assert_eq!(story.whose(OURS), Whose::NotYet);
    let bare = json!({"id": "7", "status": "running", "data": {"resultData": {"runData": {}}}});
    assert_eq!(WaitView::read(bare.to_string().as_bytes(), &Created::new(OURS, None)).whose, Whose::NotYet);
}

#[test]
fn a_creation_that_is_not_to_be_seen_leaves_it_unknown() {
    let elsewhere =
        Story::new().run("Sub", Some(("Webhook", 0)), json!({"done": true})).wait("Wait", ("Sub", 0));
    assert_eq!(elsewhere.whose(OURS), Whose::Unknown);
    let at = Some(1_000_120);
    assert_eq!(
        elsewhere.view(&Created::new(OURS, at)).whose,
        Whose::Unknown,
        "a sub-workflow does not call us"
    );
    for json in ["", "{}", "[]", "null", r#"{"status":"waiting"}"#] {
        assert_eq!(WaitView::read(json.as_bytes(), &Created::new(OURS, at)).whose, Whose::Unknown, "{json}");
    }
}

#[test]
fn an_id_that_a_trigger_or_a_decision_brought_was_not_created_by_that_run() {
    let brought = json!({"body": {"payload_id": OURS}});
    let mut story =
        Story::new().run("Set", Some(("Webhook", 0)), json!({})).wait("Wait", ("Set", 0)).resume();
    story.runs["Wait"][0]["data"] = json!({"main": [[{"json": brought}]]});
    let story = story.run("Set", Some(("Wait", 0)), brought.clone()).wait("Second", ("Set", 1));
    assert_eq!(story.whose(OURS), Whose::Passed, "else a decision could open the wait after its own");

    let mut story = Story::new();
    story.runs["Webhook"][0]["data"] = json!({"main": [[{"json": brought}]]});
    assert_eq!(story.wait("Wait", ("Webhook", 0)).whose(OURS), Whose::Unknown);
}

#[test]
fn the_id_is_found_in_every_form_it_may_come_back_in() {
    for item in [
        json!({"id": OURS}),
        json!({"id": OURS.to_string()}),
        json!({"payload_id": OURS}),
        json!({"body": {"id": OURS}, "statusCode": 201}),
        json!({"data": {"id": OURS.to_string()}}),
        json!({"reviewId": "rv_9x"}),
    ] {
        let story =
            Story::new().run("Create", Some(("Webhook", 0)), item.clone()).wait("Wait", ("Create", 0));
        let created = Created::new(OURS, None).also("rv_9x");
        assert_eq!(story.view(&created).whose, Whose::Ours, "{item}");
    }
    let story =
        Story::new().run("Create", Some(("Webhook", 0)), json!({"count": OURS})).wait("Wait", ("Create", 0));
    assert_eq!(story.whose(OURS), Whose::Unknown, "a number that is no id");
}

#[test]
fn a_message_that_waits_for_its_answer_is_a_gate_of_another_kind() {
    let story = Story::new().create(("Webhook", 0), OURS).wait("Slack", ("Create", 0));
    let view = story.view(&Created::new(OURS, None));
    assert_eq!((view.whose, view.node.unwrap().kind), (Whose::Ours, WaitKind::SendAndWait));
    assert_eq!(story.resume().whose(OURS), Whose::Passed);
}

#[test]
fn the_node_as_it_ran_goes_before_its_definition() {
    let mut story = Story::new().create(("Webhook", 0), OURS).wait("Wait", ("Create", 0));
    let node = |story: &Story| story.view(&Created::default()).node.unwrap();
    assert_eq!(node(&story).method.as_deref(), Some("POST"));
    let wait = story.nodes.iter_mut().find(|n| n["name"] == "Wait").unwrap();
    wait["parameters"] = json!({"resume": "webhook", "options": {"webhookSuffix": "/a/b/"}});
    assert_eq!(node(&story).method.as_deref(), Some("GET"), "n8n leaves out what is the default");
    assert_eq!(node(&story).suffix.as_deref(), Some("a/b"));

    let mut json = story.json();
    json["data"]["executionData"] = json!({"nodeExecutionStack": [{"node": {"name": "Wait", "type": "n8n-nodes-base.wait",
        "parameters": {"resume": "webhook", "httpMethod": "={{ $json.m }}", "options": {"webhookSuffix": "={{ $json.s }}"}}}}]});
    let stacked = WaitView::read(json.to_string().as_bytes(), &Created::default()).node.unwrap();
    assert_eq!((stacked.method, stacked.suffix, stacked.suffix_computed), (None, None, true));
}

#[test]
fn urls_keep_the_prefix_and_escape_what_they_are_given() {
    let url = |host: &str, id: &str, suffix, token| {
        rebuild_resume_url(&Url::parse(host).unwrap(), id, suffix, token).to_string()
    };
    assert_eq!(url("https://n8n.example", "25", None, None), "https://n8n.example/webhook-waiting/25");
    assert_eq!(
        url("https://example.com/n8n/?x=1#y", "25", Some("/a/b/"), Some("ab+c")),
        "https://example.com/n8n/webhook-waiting/25/a/b?signature=ab%2Bc"
    );
    assert_eq!(url("https://h", "../x", Some("a?b"), None), "https://h/webhook-waiting/..%2Fx/a%3Fb");
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

#[test]
fn of_two_calls_in_a_row_the_first_wait_is_the_first_calls() {
    let asked =
        || Story::new().create(("Webhook", 0), OURS).run("Tool", Some(("Create", 0)), json!({"id": NEXT}));
    let first = asked().wait("Wait", ("Tool", 0)).with_items(&[NEXT]);
    let mut linked = first.json();
    linked["workflowData"]["connections"] = json!({"Wait": {"main": [[{"node": "Second"}]]}});
    let read = |json: &Value, id, other| {
        WaitView::read(json.to_string().as_bytes(), &Created::new(id, None).among(others(&[other]))).whose
    };
    assert_eq!((read(&linked, OURS, NEXT), read(&linked, NEXT, OURS)), (Whose::Ours, Whose::NotYet));
    let second = first.decided(OURS).wait("Second", ("Wait", 0)).with_items(&[]);
    assert_eq!((second.among(OURS, &[NEXT]), second.among(NEXT, &[OURS])), (Whose::Passed, Whose::Ours));

    // Somebody else ended the first one.
    let other = asked().wait("Wait", ("Tool", 0)).with_items(&[NEXT]).resume();
    let other = other.wait("Second", ("Wait", 0)).with_items(&[]);
    assert_eq!((other.among(OURS, &[NEXT]), other.among(NEXT, &[OURS])), (Whose::Passed, Whose::Ours));

    // No second Wait comes: the first call asked for nothing to be waited for, and the item tells.
    let mut alone = asked().wait("Wait", ("Tool", 0)).with_items(&[NEXT]).json();
    alone["workflowData"]["connections"] = json!({"Wait": {"main": [[{"node": "Set"}]]}});
    assert_eq!((read(&alone, OURS, NEXT), read(&alone, NEXT, OURS)), (Whose::NotYet, Whose::Ours));
}

#[test]
fn one_wait_with_the_items_of_several_is_everybodys_and_over_for_all() {
    let story = Story::new().create(("Webhook", 0), OURS).with_items(&[OURS, NEXT]);
    let story = story.wait("Wait", ("Create", 0)).with_items(&[OURS, NEXT]);
    assert_eq!((story.among(OURS, &[NEXT]), story.among(NEXT, &[OURS])), (Whose::Ours, Whose::Ours));
    let over = story.decided(OURS).run("Set", Some(("Wait", 0)), json!({}));
    assert_eq!((over.among(OURS, &[NEXT]), over.among(NEXT, &[OURS])), (Whose::Passed, Whose::Passed));
}

#[test]
fn an_item_that_is_led_to_its_wait_goes_before_the_order_of_the_calls() {
    let story =
        Story::new().create(("Webhook", 0), OURS).run("Tool", Some(("Create", 0)), json!({"id": NEXT}));
    let story = story.run("Set", Some(("Tool", 0)), json!({"id": OURS}));
    let story = story.run("Set", Some(("Set", 0)), json!({"id": NEXT}));
    let story = story.wait("Wait", ("Set", 1)).with_items(&[NEXT]);
    assert_eq!((story.among(OURS, &[NEXT]), story.among(NEXT, &[OURS])), (Whose::NotYet, Whose::Ours));
}

#[test]
fn a_wait_that_says_nothing_is_nobodys_while_two_may_be_meant() {
    let story = Story::new().create(("Webhook", 0), OURS).with_items(&[OURS, NEXT]);
    let story = story.run("Set", Some(("Create", 0)), json!({"n": 1}));
    let story = story.wait("Wait", ("Set", 0)).with_items(&[]);
    assert_eq!(
        (story.among(OURS, &[NEXT]), story.among(NEXT, &[OURS])),
        (Whose::Contested, Whose::Contested)
    );
    let mut closed = others(&[NEXT]);
    closed[0].open = false;
    assert_eq!(story.view(&Created::new(OURS, None).among(closed)).whose, Whose::Ours);
}

#[test]
fn the_suffix_of_the_passed_address_names_the_wait() {
    let url = |suffix: &str| {
        Url::parse(&format!("https://n8n.example/webhook-waiting/7{suffix}?signature=x")).unwrap()
    };
    assert_eq!(suffix_of(&url("")), None);
    assert_eq!(suffix_of(&url("/a/b/")).as_deref(), Some("a/b"));
    let mut story = Story::new().create(("Webhook", 0), OURS);
    for (name, suffix) in [("Wait", "/first/"), ("Second", "se cond")] {
        let node = story.nodes.iter_mut().find(|node| node["name"] == name).unwrap();
        node["parameters"]["options"] = json!({"webhookSuffix": suffix});
    }
    let story = story.wait("Wait", ("Create", 0)).with_items(&[]);
    let whose = |story: &Story, suffix: &str| {
        story.view(&Created::new(OURS, None).passed(Some(&url(suffix))).among(others(&[NEXT]))).whose
    };
    assert_eq!(whose(&story, "/first"), Whose::Ours);
    assert_eq!(whose(&story, "/se%20cond"), Whose::NotYet);
    let story = story.resume().wait("Second", ("Wait", 0)).with_items(&[]);
    assert_eq!((whose(&story, "/first"), whose(&story, "/se%20cond")), (Whose::Passed, Whose::Ours));
    let hashed = Sibling { id: NEXT.to_string(), open: true, suffix: Some(mark("se cond")) };
    let created = Created::new(OURS, None).among(vec![hashed]);
    assert_eq!(
        story.view(&created).whose,
        Whose::Passed,
        "the Wait that stands is named by another's address"
    );
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

#[test]
fn a_suffix_that_several_came_with_tells_nothing() {
    let asked = || Story::new().create(("Webhook", 0), OURS).with_items(&[OURS, NEXT]).suffixed(["rev", ""]);
    let silent =
        asked().run("Set", Some(("Create", 0)), json!({"n": 1})).wait("Wait", ("Set", 0)).with_items(&[]);
    let both = |story: &Story| story.between(Some("rev"), Some("rev"));
    assert_eq!(both(&silent), (Whose::Contested, Whose::Contested));
    assert_eq!(silent.between(Some("rev"), Some("other")), (Whose::Ours, Whose::NotYet));
    let shown = asked().run("Set", Some(("Create", 0)), json!({"id": NEXT})).wait("Wait", ("Set", 0));
    assert_eq!(both(&shown.with_items(&[NEXT])), (Whose::NotYet, Whose::Ours), "then the item tells");
    let row =
        Story::new().asks_twice().suffixed(["rev", "rev"]).wait("Wait", ("Tool", 0)).with_items(&[NEXT]);
    assert_eq!(both(&row), (Whose::Ours, Whose::NotYet), "then the place tells");

    let closed = |open| {
        let url = Url::parse("https://n8n.example/webhook-waiting/7/rev").unwrap();
        let other = Sibling { id: NEXT.to_string(), open, suffix: Some(super::mark("rev")) };
        Created::new(OURS, None).passed(Some(&url)).among(vec![other])
    };
    assert_eq!(silent.view(&closed(false)).whose, Whose::Ours, "the other one is over");
    let elsewhere = Story::new().suffixed(["rev", ""]).wait("Wait", ("Webhook", 0)).with_items(&[]);
    assert_eq!(elsewhere.view(&closed(true)).whose, Whose::Contested);
    assert_eq!(elsewhere.view(&closed(false)).whose, Whose::Ours);
}

#[test]
fn a_suffix_goes_before_the_item_and_the_place() {
    let first = |after: &str, items: &[u64], suffixes| {
        let story = Story::new().asks_twice().suffixed(suffixes);
        let story = match after {
            "Set" => story.run("Set", Some(("Tool", 0)), json!({"id": OURS})),
            _ => story,
        };
        story.wait("Wait", (after, 0)).with_items(items)
    };
    let (ours, next) = ((Whose::Ours, Whose::NotYet), (Whose::NotYet, Whose::Ours));
    for (after, items) in [("Tool", &[NEXT][..]), ("Set", &[OURS]), ("Set", &[OURS, NEXT]), ("Set", &[])] {
        let story = first(after, items, ["b", "a"]);
        assert_eq!(story.between(Some("a"), Some("b")), next, "{after} {items:?}");
        let story = story.decided(NEXT).wait("Second", ("Wait", 0)).with_items(&[NEXT]);
        assert_eq!(story.between(Some("a"), Some("b")), (Whose::Ours, Whose::Passed), "{after} {items:?}");
        let story = first(after, items, ["a", "b"]);
        assert_eq!(story.between(Some("a"), Some("b")), ours, "{after} {items:?}");
    }
    assert_eq!(first("Tool", &[NEXT], ["b", ""]).between(None, Some("b")), next, "only the second has one");
    assert_eq!(first("Tool", &[NEXT], ["", "a"]).between(Some("a"), None), next, "only the first has one");
    let over =
        first("Tool", &[NEXT], ["", "a"]).decided(NEXT).wait("Second", ("Wait", 0)).with_items(&[NEXT]);
    assert_eq!(over.between(Some("a"), None), (Whose::Ours, Whose::Passed));
    let at_once = Story::new().create(("Webhook", 0), OURS).with_items(&[OURS, NEXT]).suffixed(["b", "a"]);
    let at_once = at_once.wait("Wait", ("Create", 0)).with_items(&[OURS, NEXT]);
    assert_eq!(at_once.between(Some("a"), Some("b")), next, "the items of one call");
}

#[test]
fn suffixes_are_the_same_however_they_are_escaped() {
    let came = |text: &str| suffix_of(&Url::parse(&format!("https://h/webhook-waiting/7/{text}")).unwrap());
    for (node, passed) in [
        ("a@b:c", "a%40b%3Ac"),
        ("a@b:c", "a@b:c"),
        ("a+b", "a%2Bb"),
        ("a;b", "a%3Bb"),
        ("a,b=$&", "a%2Cb%3D%24%26"),
        ("\u{fc} x", "%C3%BC%20x"),
        ("%41", "%2541"),
        ("/a/b/", "a/b"),
    ] {
        assert_eq!(written(node), came(passed), "{node} {passed}");
        let story = Story::new().asks_twice().suffixed(["first", node]);
        let story = story.wait("Wait", ("Tool", 0)).resume().wait("Second", ("Wait", 0));
        assert_eq!(
            story.between(Some("else"), Some(passed)),
            (Whose::NotYet, Whose::Ours),
            "{node} {passed}"
        );
    }
    assert_ne!(written("a b"), came("a+b"));
    assert_ne!(written("A"), came("%2541"));
    assert_ne!(came("%FF"), came("%FE"), "what is no text stays apart");
}

/// Asks, asks, leads the second answer to the first Wait and the first to the second.
#[test]
fn an_item_that_may_have_been_led_to_a_wait_is_not_overruled_by_the_order_of_the_calls() {
    let led = Story::new().asks_twice().run("Set", Some(("Tool", 0)), json!({"id": NEXT}));
    let first = led.wait("Wait", ("Set", 0)).with_items(&[NEXT]);
    let whose = |story: &Story| story.between(None, None);
    assert_eq!(whose(&first), (Whose::Contested, Whose::Contested));
    let second = first.resume().run("Set", Some(("Wait", 0)), json!({"id": OURS}));
    let second = second.wait("Second", ("Set", 1)).with_items(&[OURS]);
    assert_eq!(whose(&second), (Whose::Ours, Whose::Passed), "now the items tell");

    // What shows no id, and what only lets items through, says nothing: the place tells.
    let silent = Story::new().asks_twice().run("Set", Some(("Tool", 0)), json!({"n": 1}));
    assert_eq!(whose(&silent.wait("Wait", ("Set", 0)).with_items(&[])), (Whose::Ours, Whose::NotYet));
    let paused = Story::new().asks_twice().run("Pause", Some(("Tool", 0)), json!({"id": NEXT}));
    assert_eq!(whose(&paused.wait("Wait", ("Pause", 0)).with_items(&[NEXT])), (Whose::Ours, Whose::NotYet));
}

/// What goes on from a Wait shows the entity that was decided, and asks nothing.
#[test]
fn a_decision_that_is_passed_on_to_the_next_wait_is_not_whose_that_wait_is() {
    let decision = json!({"body": {"decision": "approved", "entity_id": OURS}});
    for between in ["Pause", "Set"] {
        let first = Story::new().asks_twice().wait("Wait", ("Tool", 0)).with_items(&[NEXT]);
        let story = first.decided(OURS).run(between, Some(("Wait", 0)), decision.clone());
        let story = story.wait("Second", (between, 0)).with_items(&[OURS]);
        assert_eq!(story.between(None, None), (Whose::Passed, Whose::Ours), "{between}");
    }
    // Asked anew, it is.
    let first = Story::new().asks_twice().wait("Wait", ("Tool", 0)).with_items(&[NEXT]);
    let again = first.decided(OURS).create(("Wait", 0), OURS);
    let again = again.wait("Second", ("Create", 1));
    for items in [&[OURS][..], &[]] {
        let (runs, nodes, last) = (again.runs.clone(), again.nodes.clone(), again.last.clone());
        let story = Story { runs, nodes, last, ..again }.with_items(items);
        assert_eq!(story.between(None, None).1, Whose::Contested, "{items:?}");
        let back = Created::new(OURS, None).reposted(1).among(others(&[NEXT]));
        assert_eq!(story.view(&back).whose, Whose::Ours, "{items:?}");
    }
}

/// The first gate after a run by the rule's own words: for each gate a walk of its own goes back to the beginning.
fn gate_word_for_word(timeline: &Timeline<'_>, place: usize) -> Option<usize> {
    let creators = timeline.creators(place, &mut timeline.walks.borrow_mut());
    (place + 1..timeline.places()).find(|&next| {
        let (gate, run) = timeline.nth(next).unwrap();
        let mut seen = HashSet::from([gate]);
        let mut stack = vec![gate];
        let mut comes = run.sources.is_empty();
        while let Some(at) = stack.pop() {
            comes |= creators.contains(&at);
            let before =
                timeline.run(at).unwrap().sources.iter().filter_map(|source| timeline.graph.find(source));
            stack.extend(before.filter(|&before| seen.insert(before)));
        }
        comes && timeline.is_gate(gate)
    })
}

/// An execution whose runs come from anywhere, also from what began later.
fn entangled(seed: u64) -> Value {
    let mut dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut below = |n: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % n
    };
    let names = ["Create", "Set", "Tool", "Wait", "Second", "Slack"];
    let mut story = Story::new();
    for _ in 0..below(30) {
        let source: Vec<Value> = (0..below(3))
            .map(|_| json!({"previousNode": names[below(6) as usize], "previousNodeRun": below(4)}))
            .collect();
        let output = if below(4) == 0 { "ai_tool" } else { "main" };
        let entry = json!({"startTime": story.clock, "source": source, "executionStatus": "success",
            "data": {output: [[]]}});
        story = story.add(names[below(6) as usize], entry);
    }
    story.json()
}

#[test]
fn the_gate_after_a_run_is_what_the_rule_says_word_for_word() {
    let (mut gates, mut all) = (0, 0);
    for seed in 0..400 {
        let scan = Scan::read(entangled(seed).to_string().as_bytes(), Want::Ids(&HashMap::new())).unwrap();
        let created = Created::default();
        let timeline = Timeline::new(&scan, Poll::Waiting, true, &created);
        for place in 0..timeline.places() {
            let gate = timeline.gate_after(place);
            assert_eq!(gate, gate_word_for_word(&timeline, place), "seed {seed}, place {place}");
            gates += usize::from(gate.is_some());
            all += 1;
        }
        assert!(!timeline.walks.borrow().steps.spent, "seed {seed}");
    }
    assert!(all > 4_000 && gates * 4 > all && gates * 4 < all * 3, "{gates} of {all}");
}

/// A thousand runs at the moment of creation, each of which may be its creator, and a thousand gates after them: what
/// would take a thousand times a thousand walks is not judged.
#[test]
fn an_execution_made_to_be_entangled_takes_no_decision() {
    let mut story = Story::new();
    for turn in 0..1_000_u64 {
        let before = if turn == 0 { ("Webhook", 0) } else { ("Create", turn - 1) };
        let mut entry = story.entry(Some(before), "success", &json!({"main": [[]]}));
        entry["startTime"] = json!(1_000_000 + turn);
        story = story.add("Create", entry);
    }
    story.clock += 60_000;
    for turn in 0..1_000 {
        let mut entry = story.entry(Some(("Set", turn)), "success", &json!({"main": [[]]}));
        entry["source"] = json!([{"previousNode": "Second", "previousNodeRun": turn + 1}]);
        story = story.add("Second", entry);
    }
    let story = story.status("waiting");
    let view = story.view(&Created::new(OURS, Some(1_000_500)));
    assert_eq!(view.whose, Whose::Unknown);
    let scan = Scan::read(story.json().to_string().as_bytes(), Want::Ids(&HashMap::new())).unwrap();
    let created = Created::new(OURS, Some(1_000_500));
    let timeline = Timeline::new(&scan, Poll::Waiting, true, &created);
    timeline.whose();
    assert!(timeline.walks.borrow().steps.spent);
}
