//! The binary from outside: what it prints, how it starts and stops, and what it keeps.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads what the house wrote"
)]

mod people;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod support;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc::channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use support::{Baton, ask, call, command, peer, printed, run};

fn data() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    (dir, data)
}

/// The commands that the greeting offers: path, key and body of each.
fn curl_lines(greeting: &str) -> Vec<(String, String, String)> {
    let commands = greeting.split("\n  curl -s ").skip(1);
    commands
        .map(|text| {
            let url = text.split(' ').next().unwrap();
            let path = format!("/{}", url.splitn(4, '/').nth(3).unwrap());
            let key = text.split("X-API-Key: ").nth(1).unwrap().split('\'').next().unwrap();
            let body = text.split("-d '").nth(1).unwrap().split('\'').next().unwrap();
            (path, key.to_owned(), body.to_owned())
        })
        .collect()
}

#[test]
fn the_first_start_shows_all_that_is_needed_and_later_ones_show_no_key() {
    let (_dir, data) = data();
    let baton = Baton::greeted(&data, &[], &[], |line| line.contains("PASTE_THE_ID"));
    let said = baton.greeting.clone();
    assert!(said.contains(&format!("http://{}/docs", baton.addr)), "{said}");
    assert!(said.contains(&data.display().to_string()), "{said}");
    let curls = curl_lines(&said);
    assert_eq!(curls.len(), 3, "{said}");
    let mut made = Value::Null;
    for (path, key, body) in curls {
        let body = body.replace("PASTE_THE_ID_FROM_ABOVE", &made["id"].to_string());
        let answer = ask(&baton.addr, &key, "POST", &path, Some(&serde_json::from_str(&body).unwrap()));
        assert!(answer.status < 300, "{path} {body}: {answer:?}");
        made = answer.json;
    }
    assert_eq!(made["action"], "approved", "the three lines do the main job");
    assert_eq!(call(&baton.addr, "GET", "/docs", &[], None).unwrap().status, 200);
    baton.signal("TERM");
    assert!(baton.end().0.success());
    let key = curl_lines(&said).remove(0).1;
    let again = Baton::greeted(&data, &[], &["serve"], |_| true);
    assert!(again.greeting.contains(&data.display().to_string()), "{}", again.greeting);
    assert!(again.greeting.lines().count() == 1 && !again.greeting.contains(&key), "{}", again.greeting);
    assert_eq!(ask(&again.addr, &key, "GET", "/api/auth/test", None).status, 200);
    let words = again.greeting.clone();
    again.signal("INT");
    let (status, log) = again.end();
    assert!(status.success() && !words.contains("password") && !log.contains(&key), "{log}");
}

#[test]
fn with_json_the_greeting_is_one_object() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let said: Value = serde_json::from_str(&baton.greeting).unwrap();
    assert_eq!(said["address"], format!("http://{}", baton.addr));
    assert_eq!(said["docs"], format!("http://{}/docs", baton.addr));
    assert_eq!(said["data_dir"], data.display().to_string());
    assert!(said["organization_id"].is_u64() && said["admin"]["password"].is_string(), "{said}");
    assert_eq!(ask(&baton.addr, &baton.key(), "GET", "/api/auth/test", None).status, 200);
    baton.signal("TERM");
    assert!(baton.end().0.success());
    let again = Baton::start(&data, &[]);
    let said: Value = serde_json::from_str(&again.greeting).unwrap();
    assert_eq!((&said["api_key"], &said["admin"]), (&Value::Null, &Value::Null), "{said}");
}

#[test]
fn a_wrong_setting_stops_the_start_with_one_line() {
    let (dir, data) = data();
    let file = dir.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let file = file.display().to_string();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let wrong = [
        ("BATON_ADDR", "8080"),
        ("BATON_ADDR", &*taken),
        ("BATON_LOG", "a=b=c"),
        ("BATON_LOG_FORMAT", "xml"),
        ("BATON_EGRESS_ALLOW", "10.0.0.0"),
        ("BATON_TRIGGER_LIMIT", "many"),
        ("BATON_POLL_LIMIT", "many"),
        ("BATON_DEFAULT_PLAN", "gold"),
        ("BATON_MAX_BODY_BYTES", "6MB"),
        ("BATON_DATA_DIR", &*file),
    ];
    for (name, value) in wrong {
        let output = command(&data, &[(name, value)]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}={value}: {said}");
        assert_eq!(said.lines().count(), 1, "{name}={value}: {said}");
        assert!(said.contains(name) && said.contains(value), "{name}={value}: {said}");
        assert!(output.stdout.is_empty(), "{name}={value}: {output:?}");
    }
}

#[test]
fn every_command_has_help() {
    let (_dir, data) = data();
    let commands: [&[&str]; 12] = [
        &[],
        &["serve"],
        &["org"],
        &["org", "create"],
        &["user"],
        &["user", "create"],
        &["user", "password"],
        &["key"],
        &["key", "create"],
        &["key", "list"],
        &["key", "revoke"],
        &["openapi"],
    ];
    for arguments in commands {
        let output = run(&data, &[arguments, &["--help"]].concat());
        assert!(output.status.success(), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("--json"), "{arguments:?}");
    }
    assert!(!data.exists(), "help makes no data directory");
}

#[test]
fn sigterm_lets_a_request_finish() {
    let (_dir, data) = data();
    let (arrived, arrivals) = channel();
    let (release, released) = channel::<()>();
    let (arrived, released) = (Mutex::new(arrived), Mutex::new(released));
    let n8n = peer(move |what, _| {
        if what.starts_with("POST /webhook/") {
            arrived.lock().unwrap().send(()).unwrap();
            let _ = released.lock().unwrap().recv();
        }
        (200, r#"{"data":[],"nextCursor":null}"#.into())
    });
    let baton = Baton::start(&data, &[]);
    let (addr, key) = (baton.addr.clone(), baton.key());
    let body = json!({ "instance_id": "a", "host": n8n, "api_key": "key", "title": "n8n" });
    assert_eq!(ask(&addr, &key, "POST", "/api/installs/register", Some(&body)).status, 201);
    let client = thread::spawn({
        let (addr, key) = (addr.clone(), key.clone());
        move || {
            let body = json!({ "endpoint": format!("{n8n}/webhook/slow") });
            call(&addr, "POST", "/api/trigger-webhook", &[("x-api-key", &key)], Some(&body))
        }
    });
    arrivals.recv_timeout(Duration::from_secs(30)).unwrap();
    baton.signal("TERM");
    // Until the listener is closed, the signal may not have been seen.
    while std::net::TcpStream::connect(&addr).is_ok() {
        thread::sleep(Duration::from_millis(5));
    }
    release.send(()).unwrap();
    let answer = client.join().unwrap().unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let (status, log) = baton.end();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn sigkill_loses_nothing_that_was_acknowledged() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let key = baton.key();
    let acknowledged = Arc::new(Mutex::new((Vec::new(), 0)));
    let clients: Vec<_> = (0..4)
        .map(|client: u32| {
            let (addr, key, acknowledged) = (baton.addr.clone(), key.clone(), acknowledged.clone());
            thread::spawn(move || {
                let credential = [("x-api-key", &*key)];
                for number in 0.. {
                    let payload = json!({ "title": format!("{client}-{number}"), "payload": { "n": number } });
                    let Ok(made) = call(&addr, "POST", "/api/payloads", &credential, Some(&payload)) else { return };
                    assert_eq!(made.status, 201, "{made:?}");
                    acknowledged.lock().unwrap().0.push((made.json["id"].clone(), payload));
                    let usage = json!({
                        "n8n_base_url": "https://n8n.example.com", "workflow_id": "wf", "execution_id": client,
                        "model_id": "gpt-4", "input_tokens": 1, "output_tokens": 1,
                    });
                    let Ok(made) = call(&addr, "POST", "/api/token-usage", &credential, Some(&usage)) else { return };
                    assert_eq!(made.status, 201, "{made:?}");
                    acknowledged.lock().unwrap().1 += 1;
                }
            })
        })
        .collect();
    while acknowledged.lock().unwrap().1 < 100 {
        thread::sleep(Duration::from_millis(2));
    }
    baton.signal("KILL");
    for client in clients {
        client.join().unwrap();
    }
    let (status, _) = baton.end();
    assert!(!status.success());
    let baton = Baton::start(&data, &[]);
    let (payloads, usages) = acknowledged.lock().unwrap().clone();
    assert!(payloads.len() >= 100);
    for (id, payload) in payloads {
        let shown = ask(&baton.addr, &key, "GET", &format!("/api/payloads/{id}"), None);
        assert_eq!((shown.status, &shown.json["payload"]), (200, &payload["payload"]), "{shown:?}");
    }
    let stats = ask(&baton.addr, &key, "GET", "/api/token-usage/wf/stats", None).json["stats"].clone();
    let records = stats["total_records"].as_u64().unwrap();
    assert!((usages..=usages + 4).contains(&records), "{records} records, {usages} acknowledged");
    assert_eq!(stats["input_tokens"].as_u64(), Some(records), "the sums are kept by the same write");
}

#[test]
fn log_lines_are_json_and_hold_the_request_id() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let headers = [("x-api-key", &*baton.key()), ("x-request-id", "test-request-0001")];
    let answer = call(&baton.addr, "GET", "/api/auth/test", &headers, None).unwrap();
    assert!(answer.head.contains("x-request-id: test-request-0001"), "{answer:?}");
    baton.signal("TERM");
    let (_, log) = baton.end();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ours = lines.iter().find(|line| line["id"] == "test-request-0001");
    let ours = ours.unwrap_or_else(|| panic!("no line of the request in {log}"));
    assert_eq!(
        (&ours["message"], &ours["status"], &ours["route"]),
        (&json!("answered"), &json!(200), &json!("/api/auth/test"))
    );
}

#[test]
fn one_id_leads_from_the_request_to_the_task() {
    let (_dir, data) = data();
    let (n8n, down) = (Arc::new(Mutex::new(true)), Arc::new(Mutex::new(0)));
    let (is_down, calls) = (n8n.clone(), down.clone());
    let host = peer(move |what, _| {
        *calls.lock().unwrap() += 1;
        match (*is_down.lock().unwrap(), what.starts_with("GET /api/v1/executions/7")) {
            (true, _) => (503, "{}".into()),
            (false, true) => (404, r#"{"message":"Not Found"}"#.into()),
            (false, false) => (200, r#"{"data":[],"nextCursor":null}"#.into()),
        }
    });
    let baton = Baton::start(&data, &[]);
    let key = baton.key();
    let body = json!({ "instance_id": "a", "host": host, "api_key": "key", "title": "n8n" });
    let id =
        ask(&baton.addr, &key, "POST", "/api/installs/register", Some(&body)).json["installation_id"].clone();
    let body = json!({ "title": "a", "installation_id": id, "workflow_id": "wf1", "execution_id": "7" });
    let entity = ask(&baton.addr, &key, "POST", "/automation/payload/create", Some(&body)).json["id"].clone();
    let body = json!({ "entity_id": entity, "entity_type": "custom_payload" });
    let headers = [("x-api-key", &*key), ("x-request-id", "the-decision-0001")];
    // Not a second before a tick, whose message would be as quick as the decision's own.
    thread::sleep(Duration::from_millis(300));
    let decided = call(&baton.addr, "POST", "/automation/approve", &headers, Some(&body)).unwrap();
    assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
    *n8n.lock().unwrap() = false;
    let path = format!("/api/payloads/{entity}");
    while ask(&baton.addr, &key, "GET", &path, None).json["resume"]["state"] == "pending" {
        thread::sleep(Duration::from_millis(50));
    }
    baton.signal("TERM");
    let (_, log) = baton.end();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let spans: Vec<_> = lines
        .filter(|line| line["span"]["id"] == "the-decision-0001")
        .map(|line| line["span"]["name"].clone())
        .collect();
    assert!(spans.contains(&json!("request")) && spans.contains(&json!("task")), "{log}");
}

#[test]
fn secrets_are_in_no_log_line_and_no_file() {
    const N8N_KEY: &str = "canary-n8n-key-3f9a";
    const SIGNATURE: &str = "canary-signature-77c1";
    const QUERY: &str = "canary-query-5b2e";
    let (_dir, data) = data();
    let host = peer(|what, _| match what.split(['?', ' ']).nth(1).unwrap_or_default() {
        "/api/v1/executions/7" => (404, r#"{"message":"Not Found"}"#.into()),
        "/webhook-waiting/8" => (401, r#"{"error":"Invalid token"}"#.into()),
        path if path.starts_with("/api/v1/executions/") => (401, r#"{"message":"Unauthorized"}"#.into()),
        path if path.starts_with("/webhook") => (500, r#"{"message":"Error in workflow"}"#.into()),
        _ => (200, r#"{"data":[],"nextCursor":null}"#.into()),
    });
    let baton = Baton::start(&data, &[("BATON_LOG", "trace")]);
    let (addr, key) = (baton.addr.clone(), baton.key());
    let greeting: Value = serde_json::from_str(&baton.greeting).unwrap();
    let post = |path: &str, body: Value| ask(&addr, &key, "POST", path, Some(&body));
    let body = json!({ "instance_id": "a", "host": host, "api_key": N8N_KEY, "title": "n8n" });
    let id = post("/api/installs/register", body).json["installation_id"].clone();
    for execution in ["7", "8", "9"] {
        let url = format!("{host}/webhook-waiting/{execution}?signature={SIGNATURE}");
        let body = json!({
            "title": "a", "installation_id": id, "workflow_id": "wf1", "execution_id": execution, "resume_url": url,
        });
        let made = post("/automation/payload/create", body);
        assert_eq!(made.status, 201, "{made:?}");
        let body = json!({ "entity_id": made.json["id"], "entity_type": "custom_payload" });
        assert_eq!(post("/automation/approve", body).status, 200);
    }
    let triggered =
        post("/api/trigger-webhook", json!({ "endpoint": format!("{host}/webhook/x?token={QUERY}") }));
    assert_eq!(triggered.status, 502, "{triggered:?}");
    baton.signal("TERM");
    let (_, log) = baton.end();
    assert!(log.contains("TRACE"), "no trace was kept");
    let password = greeting["admin"]["password"].as_str().unwrap();
    let files = files(&data);
    assert!(files.iter().any(|(name, _)| name.ends_with("baton.db")), "{files:?}");
    for secret in [N8N_KEY, SIGNATURE, QUERY, &key, password] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} in the log: {line:?}");
        for (name, bytes) in &files {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {}", name.display());
        }
    }
}

/// Every file below a directory, with what is in it.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() { files(&path) } else { vec![(path.clone(), std::fs::read(&path).unwrap())] }
        })
        .collect()
}
