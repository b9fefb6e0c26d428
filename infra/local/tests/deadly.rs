//! A tenant's n8n whose answer ends the process: it does so twice, and nobody else notices for long.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads what the house wrote by another reader than its own"
)]

#[expect(dead_code, reason = "the processes of this test die")]
mod support;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::json;
use support::{Baton, ask, peer, printed, run, waiting};

const DEADLY: &str = "an answer to die of";

fn start(data: &Path) -> Baton {
    Baton::start(data, &[("BATON_CHAOS_DEADLY", DEADLY), ("BATON_LOG", "warn")])
}

#[test]
fn an_answer_that_kills_does_so_twice_and_then_its_debt_is_put_off() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let baton = start(&data);
    let create = [
        "org",
        "create",
        "Other",
        "--admin-email",
        "joe@other.example",
        "--admin-password",
        "long enough",
        "--json",
    ];
    let other = printed(&run(&data, &create))["api_key"].as_str().unwrap().to_owned();
    // The first n8n is away until it is registered, and answers its list of workflows then.
    let deadly = Arc::new(AtomicBool::new(false));
    let kills = deadly.clone();
    let first = peer(move |_, _| match kills.load(SeqCst) {
        true => (200, json!({ "data": [{ "id": "1", "name": DEADLY }], "nextCursor": null }).to_string()),
        false => (503, "{}".into()),
    });
    register(&baton, &baton.key(), &first);
    // The other one is away until the process has died twice, and owes a decision meanwhile.
    let (back, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (is_back, heard) = (back.clone(), told.clone());
    let entity = Arc::new(std::sync::Mutex::new(0));
    let about = entity.clone();
    let second = peer(move |what, _| match what {
        _ if !is_back.load(SeqCst) => (503, "{}".into()),
        what if what.starts_with("GET /api/v1/executions/7") => (200, waiting(7, *about.lock().unwrap())),
        what if what.starts_with("POST /webhook-waiting/7") => {
            heard.fetch_add(1, SeqCst);
            (200, r#"{"message":"Workflow was started"}"#.into())
        }
        _ => (200, r#"{"data":[],"nextCursor":null}"#.into()),
    });
    let installation = register(&baton, &other, &second);
    let body = json!({ "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": "7" });
    let made = ask(&baton.addr, &other, "POST", "/automation/payload/create", Some(&body));
    *entity.lock().unwrap() = made.json["id"].as_u64().unwrap();
    let body = json!({ "entity_id": made.json["id"], "entity_type": "custom_payload" });
    let decided = ask(&baton.addr, &other, "POST", "/automation/approve", Some(&body));
    assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
    deadly.store(true, SeqCst);
    let mut process = baton;
    for death in 1..=2 {
        assert!(process.ends_within(Duration::from_secs(30)), "it has not died for the {death}. time");
        process = start(&data);
    }
    back.store(true, SeqCst);
    assert!(!process.ends_within(Duration::from_secs(15)), "it died again: {}", process.said());
    let said = process.said();
    assert!(said.contains("a debt is put off") && said.contains("the process has died of it"), "{said}");
    assert_eq!(told.load(SeqCst), 1, "what the other tenant is owed is done");
    let shown = ask(&process.addr, &other, "GET", &format!("/api/payloads/{}", made.json["id"]), None);
    assert_eq!(shown.json["resume"]["state"], "resumed", "{shown:?}");
}

fn register(baton: &Baton, key: &str, host: &str) -> serde_json::Value {
    let body = json!({ "instance_id": host, "host": host, "api_key": "an-n8n-key", "title": "n8n" });
    let registered = ask(&baton.addr, key, "POST", "/api/installs/register", Some(&body));
    assert_eq!(registered.status, 201, "{registered:?}");
    registered.json["installation_id"].clone()
}
