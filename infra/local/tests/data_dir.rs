//! The data directory, as real processes find and leave it.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads what the house wrote by another reader than its own"
)]

#[expect(dead_code, reason = "other tests need more of it")]
mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use support::{Baton, ask, call, command, command_by, peer, printed, run};

fn data() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    (dir, data)
}

/// Everything below a folder, itself included.
fn all(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        found.extend(fs::read_dir(path).unwrap().flat_map(|entry| all(&entry.unwrap().path())));
    }
    found
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn assert_private(data: &Path) {
    for path in all(data) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

/// A payload whose content is too large for its item.
fn large(baton: &Baton, key: &str) -> Value {
    let body = json!({ "title": "Large", "payload": { "text": "x".repeat(100_000) } });
    let answer = ask(&baton.addr, key, "POST", "/api/payloads", Some(&body));
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json["id"].clone()
}

/// A server that begins with these lines of shell.
fn after(lines: &str, dir: &Path, data: &Path) -> Baton {
    let script = dir.join("start.sh");
    let baton = env!("CARGO_BIN_EXE_baton");
    fs::write(&script, format!("#!/bin/sh\n{lines}\nexec {baton} \"$@\"\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = command_by(&script, data, &[]);
    command.args(["serve", "--json"]);
    Baton::spawned(command, |line| line.starts_with('{'))
}

/// `baton serve`, which is to end by itself: its output.
fn refused(data: &Path) -> String {
    let mut child = command(data, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let started = thread::spawn(move || {
        for _ in 0..300 {
            if child.try_wait().unwrap().is_some() {
                return child.wait_with_output().unwrap();
            }
            thread::sleep(Duration::from_millis(100));
        }
        child.kill().unwrap();
        panic!("it started: {:?}", child.wait_with_output().unwrap())
    });
    let Output { status, stdout, stderr } = started.join().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!((status.code(), stdout.len(), said.lines().count()), (Some(1), 0, 1), "{said}");
    said
}

#[test]
fn what_is_stored_is_for_its_owner_alone_whatever_the_umask() {
    for umask in ["000", "022", "277"] {
        let (dir, data) = data();
        let baton = after(&format!("umask {umask}"), dir.path(), &data);
        let key = baton.key();
        large(&baton, &key);
        assert!(all(&data).len() > 8, "{:?}", all(&data));
        assert_private(&data);
        baton.signal("TERM");
        assert!(baton.end().0.success());
        assert_private(&data);
    }
}

#[test]
fn a_directory_that_is_open_to_others_is_closed_at_the_start() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let key = baton.key();
    let id = large(&baton, &key);
    baton.signal("TERM");
    baton.end();
    for path in all(&data).into_iter().filter(|path| !path.ends_with("secret.key")) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let baton = Baton::start(&data, &[]);
    assert_private(&data);
    assert_eq!(ask(&baton.addr, &key, "GET", &format!("/api/payloads/{id}"), None).status, 200);
    baton.signal("TERM");
    let (_, log) = baton.end();
    for what in ["data directory", "database", "stored bodies"] {
        assert!(
            log.lines().any(|line| line.contains("others could") && line.contains(what)),
            "{what}: {log}"
        );
    }
    let baton = Baton::start(&data, &[]);
    baton.signal("TERM");
    assert!(!baton.end().1.contains("others could"));
}

#[test]
fn a_directory_that_holds_other_things_stays_as_it_is_and_what_is_ours_in_it_is_closed() {
    let (_dir, data) = data();
    fs::create_dir(&data).unwrap();
    fs::write(data.join("notes.txt"), "x").unwrap();
    for (path, mode) in [(data.clone(), 0o755), (data.join("notes.txt"), 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let baton = Baton::start(&data, &[]);
    large(&baton, &baton.key());
    assert_eq!((mode(&data), mode(&data.join("notes.txt"))), (0o755, 0o644));
    for path in all(&data).iter().filter(|path| **path != data && !path.ends_with("notes.txt")) {
        assert_eq!(mode(path) & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn a_key_file_that_is_gone_stops_the_start_where_something_was_sealed_with_it() {
    let (_dir, data) = data();
    let host = peer(|_, _| (200, r#"{"data":[],"nextCursor":null}"#.into()));
    let baton = Baton::start(&data, &[]);
    let key = baton.key();
    baton.signal("TERM");
    baton.end();
    fs::remove_file(data.join("secret.key")).unwrap();
    // Nothing is sealed yet, so nothing is lost.
    let baton = Baton::start(&data, &[]);
    let register = json!({ "instance_id": "a", "host": host, "api_key": "n8n-key", "title": "n8n" });
    let register = |baton: &Baton| ask(&baton.addr, &key, "POST", "/api/installs/register", Some(&register));
    assert_eq!(register(&baton).status, 201);
    baton.signal("TERM");
    baton.end();
    fs::rename(data.join("secret.key"), data.join("secret.key.kept")).unwrap();
    let said = refused(&data);
    for word in ["secret.key is missing", "backup", "baton secret new"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!data.join("secret.key").exists(), "no key was made in its place");
    let listed = run(&data, &["key", "list"]);
    assert!(!listed.status.success(), "nor by the command line: {listed:?}");
    fs::rename(data.join("secret.key.kept"), data.join("secret.key")).unwrap();
    drop(Baton::start(&data, &[]));
    // Or without a backup.
    assert!(!run(&data, &["secret", "new"]).status.success(), "there is one");
    fs::remove_file(data.join("secret.key")).unwrap();
    let made = printed(&run(&data, &["secret", "new", "--json"]));
    assert!(made["key_file"].as_str().unwrap().ends_with("secret.key"), "{made}");
    let baton = Baton::start(&data, &[]);
    assert_eq!(register(&baton).status, 200);
    assert_private(&data);
}

#[test]
fn a_database_that_is_empty_or_gone_stops_the_start() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let key = baton.key();
    baton.signal("TERM");
    baton.end();
    let (database, kept) = (data.join("baton.db"), data.join("kept"));
    fs::rename(&database, &kept).unwrap();
    let said = refused(&data);
    assert!(said.contains("baton.db is missing or empty") && said.contains("backup"), "{said}");
    assert!(!database.exists(), "none was made in its place");
    fs::write(&database, "").unwrap();
    assert!(refused(&data).contains("baton.db is empty"));
    // As a version left it that kept no mark.
    fs::remove_file(data.join("baton.db.open")).unwrap();
    let said = refused(&data);
    assert!(said.contains("baton.db is empty") && said.contains("secret.key"), "{said}");
    assert_eq!(fs::metadata(&database).unwrap().len(), 0);
    fs::rename(&kept, &database).unwrap();
    let baton = Baton::start(&data, &[]);
    assert_eq!(ask(&baton.addr, &key, "GET", "/api/auth/test", None).status, 200);
}

#[test]
fn a_log_that_is_gone_after_a_kill_stops_the_start() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let key = baton.key();
    let body = json!({ "title": "Acknowledged" });
    let id = ask(&baton.addr, &key, "POST", "/api/payloads", Some(&body)).json["id"].clone();
    // The command line beside it comes and goes.
    assert!(run(&data, &["key", "list"]).status.success());
    baton.signal("KILL");
    baton.end();
    let (log, kept) = (data.join("baton.db-wal"), data.join("kept"));
    fs::rename(&log, &kept).unwrap();
    let said = refused(&data);
    for word in ["baton.db-wal is missing", "acknowledged", "baton.db.open"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    fs::rename(&kept, &log).unwrap();
    let path = format!("/api/payloads/{id}");
    let baton = Baton::start(&data, &[]);
    assert_eq!(ask(&baton.addr, &key, "GET", &path, None).status, 200);
    // Killed and looked at by the command line, which stops in order: the log went into the database.
    baton.signal("KILL");
    baton.end();
    assert!(run(&data, &["key", "list"]).status.success());
    assert!(!log.exists(), "the last one who closes the file takes the log into it");
    let baton = Baton::start(&data, &[]);
    assert_eq!(ask(&baton.addr, &key, "GET", &path, None).status, 200);
    baton.signal("TERM");
    assert!(baton.end().0.success());
    assert_eq!(fs::metadata(data.join("baton.db.open")).unwrap().len(), 0, "it stopped in order");
    // And whoever knows better goes on without it.
    let baton = Baton::start(&data, &[]);
    baton.signal("KILL");
    baton.end();
    fs::remove_file(&log).unwrap();
    refused(&data);
    fs::remove_file(data.join("baton.db.open")).unwrap();
    let baton = Baton::start(&data, &[]);
    assert_eq!(ask(&baton.addr, &key, "GET", &path, None).status, 200);
}

#[test]
fn health_says_when_nothing_can_be_written() {
    let (dir, data) = data();
    // A disk on which no file grows beyond a megabyte or two.
    let baton = after("trap '' XFSZ\nulimit -f 2048", dir.path(), &data);
    let (addr, key) = (baton.addr.clone(), baton.key());
    let health = || call(&addr, "GET", "/health", &[], None).unwrap();
    assert_eq!(health().status, 200);
    // Until not even the smallest thing fits.
    for (method, path, body) in [
        ("POST", "/api/payloads", json!({ "title": "x", "payload": { "text": "x".repeat(50_000) } })),
        ("POST", "/api/notifications", json!({ "title": "x", "message": "y" })),
    ] {
        let write = || ask(&addr, &key, method, path, Some(&body)).status;
        let full = (0..2_000).find(|_| (write(), write(), write()) == (503, 503, 503));
        assert!(full.is_some(), "the disk did not fill up");
    }
    // What was found before is believed for five seconds.
    let answer = (0..75).map(|_| health()).find(|answer| {
        thread::sleep(Duration::from_millis(200));
        answer.status != 200
    });
    let answer = answer.unwrap();
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(
        (&answer.json["status"], &answer.json["reason"]),
        (&json!("degraded"), &json!("store_unwritable"))
    );
    assert_eq!(ask(&addr, &key, "GET", "/api/payloads/list", None).status, 200, "it can be read");
    assert!(answer.head.contains("retry-after"), "{answer:?}");
}

#[test]
fn passwords_are_read_from_standard_input() {
    let (_dir, data) = data();
    let typed = |arguments: &[&str], text: &str| {
        let mut child = command(&data, &[]);
        let mut child = child
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its arguments does not read.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes());
        child.wait_with_output().unwrap()
    };
    let create =
        ["org", "create", "Acme", "--admin-email", "jane@acme.example", "--password-stdin", "--json"];
    for (text, why) in [("", "no password"), ("\n", "no password"), ("short\n", "characters")] {
        let refused = typed(&create, text);
        assert_eq!(refused.status.code(), Some(1), "{text:?}: {refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(why), "{text:?}: {refused:?}");
    }
    printed(&typed(&create, "correct horse battery\nand more\n"));
    let owner = ["--user", "jane@acme.example"];
    let user =
        ["user", "create", "--email", "ed@acme.example", "--role", "viewer", "--password-stdin", "--json"];
    let made = printed(&typed(&[&user[..], &owner].concat(), "another one\r\n"));
    assert_eq!(made["password"], Value::Null, "it is not shown again");
    let baton = Baton::start(&data, &[]);
    let log_in = |username: &str, password: &str| {
        let body = json!({ "username": username, "password": password });
        call(&baton.addr, "POST", "/api/v1/auth/login", &[], Some(&body)).unwrap().status
    };
    assert_eq!(log_in("jane@acme.example", "correct horse battery"), 200);
    assert_eq!(log_in("ed@acme.example", "another one"), 200);
    let change = ["user", "password", "--email", "ed@acme.example", "--password-stdin"];
    assert!(typed(&change, "  with blanks  \n").status.success());
    assert_eq!(log_in("ed@acme.example", "  with blanks  "), 200);
    for both in [
        [&change[..], &["--password", "long enough"]].concat(),
        [&create[..], &["--admin-password", "long enough"]].concat(),
        ["org", "create", "Acme", "--admin-email", "x@acme.example"].to_vec(),
    ] {
        assert_eq!(typed(&both, "long enough\n").status.code(), Some(2), "{both:?}");
    }
}
