//! Ten decisions on executions of 31 MB, owed at once, in a process with the memory of a small function: they are told one after
//! the other, nobody dies of them, and another tenant's decision does not wait for them.
#![cfg(target_os = "linux")]
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
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Baton, ask, command_by, listen, peer, printed, reply, run, waiting};

const OWED: u64 = 10;
const SIZE: usize = 31 * 1024 * 1024;
/// What the process is told it has, and may hold at its peak: room for large answers is half of it.
const MEMORY_MB: u64 = 256;
/// Address space of its own that the kernel gives the process: a stack of 2 MB for each thread counts as well.
const LIMIT_KB: u64 = 640 * 1024;

#[test]
fn ten_executions_of_31_mb_at_once_end_no_process_and_hold_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut baton = limited(&data);
    let create =
        ["org", "create", "B", "--admin-email", "joe@b.example", "--admin-password", "long enough", "--json"];
    let other = printed(&run(&data, &create))["api_key"].as_str().unwrap().to_owned();
    let key = baton.key();
    let n8n = N8n::default();
    let (large, small) = ([n8n.large(), n8n.large()], n8n.small());
    let hosts = large.iter().cycle();
    let ids: Vec<_> =
        (1..=OWED).zip(hosts).map(|(execution, host)| owe(&baton, &key, host, execution, &n8n)).collect();
    let innocent = owe(&baton, &other, &small, 99, &n8n);
    let rest = peak_mb(&baton);
    let begun = Instant::now();
    n8n.back.store(true, SeqCst);
    let state = |key: &str, id: u64| {
        let shown = ask(&baton.addr, key, "GET", &format!("/api/payloads/{id}"), None);
        shown.json["resume"]["state"].as_str().unwrap_or_default().to_owned()
    };
    let within = |key: &str, ids: &[u64], patience: Duration| {
        let begun = Instant::now();
        while !ids.iter().all(|id| state(key, *id) == "resumed") {
            assert!(
                begun.elapsed() < patience,
                "{} of {}: {}",
                n8n.told.load(SeqCst),
                ids.len(),
                baton.said()
            );
            thread::sleep(Duration::from_millis(200));
        }
    };
    within(&other, &[innocent], Duration::from_secs(20));
    let innocent_after = begun.elapsed();
    within(&key, &ids, Duration::from_secs(240));
    let peak = peak_mb(&baton);
    println!(
        "told after {:?}, the other one after {innocent_after:?}; {rest} MB before, {peak} MB at the peak; \
         {} looks at large ones",
        begun.elapsed(),
        n8n.looks.load(SeqCst),
    );
    assert!(baton.child.try_wait().unwrap().is_none(), "{}", baton.said());
    assert_eq!(n8n.told.load(SeqCst), ids.len() + 1, "each was told once");
    assert!(peak <= MEMORY_MB, "{peak} MB");
}

/// A process that the kernel gives so much memory and no more.
fn limited(data: &Path) -> Baton {
    let memory = MEMORY_MB.to_string();
    let settings = [("BATON_LOG", "warn"), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.as_str())];
    let mut shell = command_by("sh".as_ref(), data, &settings);
    let script = format!("ulimit -d {LIMIT_KB}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_baton"), "serve", "--json"]);
    Baton::spawned(shell, |line| line.starts_with('{'))
}

/// Two n8n's that are away at first.
#[derive(Default)]
struct N8n {
    back: Arc<AtomicBool>,
    entities: Arc<Mutex<BTreeMap<u64, u64>>>,
    told: Arc<AtomicUsize>,
    looks: Arc<AtomicUsize>,
}

impl N8n {
    /// Its executions have some 78,000 steps.
    fn large(&self) -> String {
        let (back, entities, told, looks) =
            (self.back.clone(), self.entities.clone(), self.told.clone(), self.looks.clone());
        let many = steps();
        listen(move |request, stream| {
            let path = request.url.path().to_owned();
            let number = path.split('/').find_map(|part| part.parse::<u64>().ok());
            let entity = number.and_then(|number| entities.lock().unwrap().get(&number).copied());
            let with_data = request.url.query().is_some_and(|query| query.contains("includeData"));
            let _ = match (number, entity) {
                _ if !back.load(SeqCst) => reply(stream, 503, "{}"),
                (Some(number), Some(entity)) if path.starts_with("/api/v1/executions/") => {
                    let row = waiting(number, entity);
                    let row = match with_data {
                        true => {
                            looks.fetch_add(1, SeqCst);
                            row.replacen(r#""runData":{"#, &format!(r#""runData":{{{many},"#), 1)
                        }
                        false => row,
                    };
                    reply(stream, 200, &row)
                }
                _ if path.starts_with("/webhook-waiting/") => {
                    told.fetch_add(1, SeqCst);
                    reply(stream, 200, r#"{"message":"Workflow was started"}"#)
                }
                _ => reply(stream, 200, r#"{"data":[],"nextCursor":null}"#),
            };
        })
    }

    fn small(&self) -> String {
        let (back, entities, told) = (self.back.clone(), self.entities.clone(), self.told.clone());
        peer(move |what, _| match what {
            _ if !back.load(SeqCst) => (503, "{}".into()),
            what if what.starts_with("GET /api/v1/executions/99") => {
                (200, waiting(99, *entities.lock().unwrap().get(&99).unwrap()))
            }
            what if what.starts_with("POST /webhook-waiting/99") => {
                told.fetch_add(1, SeqCst);
                (200, r#"{"message":"Workflow was started"}"#.into())
            }
            _ => (200, r#"{"data":[],"nextCursor":null}"#.into()),
        })
    }
}

/// Steps of an execution before it waits: a good part of each is what tells whose wait it stands at.
fn steps() -> String {
    let mut text = String::with_capacity(SIZE);
    let mut number = 0;
    while text.len() < SIZE {
        if number > 0 {
            text.push(',');
        }
        let step = json!([{
            "startTime": 1_737_455_300_000_u64 + number, "executionTime": 1, "executionIndex": number + 10,
            "source": [{ "previousNode": "Webhook", "previousNodeRun": 0 }], "executionStatus": "success",
            "data": { "main": [[{ "json": { "note": "x".repeat(180) }, "pairedItem": { "item": 0 } }]] },
        }]);
        text.push_str(&format!(r#""Step {number}":{step}"#));
        number += 1;
    }
    text
}

/// A decision that n8n has not heard.
fn owe(baton: &Baton, key: &str, host: &str, execution: u64, n8n: &N8n) -> u64 {
    let body = json!({ "instance_id": host, "host": host, "api_key": "an-n8n-key", "title": "n8n" });
    let registered = ask(&baton.addr, key, "POST", "/api/installs/register", Some(&body));
    let installation: &Value = &registered.json["installation_id"];
    let body = json!({
        "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": execution.to_string(),
    });
    let made = ask(&baton.addr, key, "POST", "/automation/payload/create", Some(&body));
    let id = made.json["id"].as_u64().unwrap_or_else(|| panic!("{made:?}"));
    n8n.entities.lock().unwrap().insert(execution, id);
    let body = json!({ "entity_id": id, "entity_type": "custom_payload" });
    let decided = ask(&baton.addr, key, "POST", "/automation/approve", Some(&body));
    assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
    id
}

/// The most memory that the process ever held.
fn peak_mb(baton: &Baton) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", baton.child.id())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()).map_or(0, |kb| kb / 1024)
}
