//! One tenant's hanging n8n, and how long the others wait: three hundred decisions are owed to it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test with a stopwatch fails by panicking"
)]

#[expect(dead_code, reason = "what other tests of the process need")]
mod support;

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Baton, ask, peer, printed, run, waiting};

const OWED: u64 = 300;
const OTHERS: u64 = 30;
/// A decision whose first attempt failed is tried again after a second.
const GOAL: Duration = Duration::from_secs(2);

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario from its beginning to its end")]
fn a_hanging_n8n_delays_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let baton = Baton::start(&data, &[("BATON_LOG", "warn")]);
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
    let (key, other) = (baton.key(), printed(&run(&data, &create))["api_key"].as_str().unwrap().to_owned());
    let hangs = Arc::new(AtomicBool::new(false));
    let silent = hangs.clone();
    let hanging = peer(move |_, _| {
        if silent.load(SeqCst) {
            thread::sleep(Duration::from_secs(60));
        }
        (503, "{}".into())
    });
    // Its first look at each execution fails, so that the decision is owed.
    let (entities, told) = (Arc::new(Mutex::new(BTreeMap::new())), Arc::new(Mutex::new(BTreeMap::new())));
    let (about, heard, looked) = (entities.clone(), told.clone(), Mutex::new(HashSet::new()));
    let well = peer(move |what, _| {
        let number = what.split(['/', '?']).find_map(|part| part.parse::<u64>().ok());
        match number {
            Some(number) if what.starts_with("GET") && looked.lock().unwrap().insert(number) => {
                (503, "{}".into())
            }
            Some(number) if what.starts_with("GET") => (200, waiting(number, about.lock().unwrap()[&number])),
            Some(number) => {
                heard.lock().unwrap().insert(number, Instant::now());
                (200, r#"{"message":"Workflow was started"}"#.into())
            }
            None => (200, r#"{"data":[],"nextCursor":null}"#.into()),
        }
    });
    let (slow, quick) = (register(&baton, &key, &hanging), register(&baton, &other, &well));
    for number in 0..OWED {
        let id = post(&baton, &key, &slow, number);
        approve(&baton, &key, id);
    }
    hangs.store(true, SeqCst);
    let mut decided = BTreeMap::new();
    for number in 1..=OTHERS {
        let id = post(&baton, &other, &quick, number);
        entities.lock().unwrap().insert(number, id);
        approve(&baton, &other, id);
        decided.insert(number, Instant::now());
        thread::sleep(Duration::from_millis(250));
    }
    let patience = Instant::now();
    while told.lock().unwrap().len() < decided.len() && patience.elapsed() < Duration::from_secs(120) {
        thread::sleep(Duration::from_millis(50));
    }
    let told = told.lock().unwrap();
    assert_eq!(told.len(), decided.len(), "some were not told within two minutes");
    let mut waits: Vec<Duration> =
        decided.iter().map(|(number, at)| told[number].duration_since(*at)).collect();
    waits.sort();
    let (median, worst) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    println!(
        "with {OWED} owed to a hanging n8n, another tenant's decisions took {median:?}, at most {worst:?}"
    );
    assert!(worst <= GOAL, "{waits:?}");
}

fn register(baton: &Baton, key: &str, host: &str) -> Value {
    let body = json!({ "instance_id": host, "host": host, "api_key": "an-n8n-key", "title": "n8n" });
    let registered = ask(&baton.addr, key, "POST", "/api/installs/register", Some(&body));
    assert_eq!(registered.status, 201, "{registered:?}");
    registered.json["installation_id"].clone()
}

fn post(baton: &Baton, key: &str, installation: &Value, execution: u64) -> u64 {
    let body = json!({
        "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": execution.to_string(),
    });
    ask(&baton.addr, key, "POST", "/automation/payload/create", Some(&body)).json["id"].as_u64().unwrap()
}

fn approve(baton: &Baton, key: &str, id: u64) {
    let body = json!({ "entity_id": id, "entity_type": "custom_payload" });
    let decided = ask(&baton.addr, key, "POST", "/automation/approve", Some(&body));
    assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
}
