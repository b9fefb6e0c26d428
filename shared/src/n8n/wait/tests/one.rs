//! Whose a wait is, where one entity was asked about.

use super::*;

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
