//! The wish to stop, while clients do what they like.

use std::{
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    attack::{Client, Crowd, head_of, request},
    site::{Site, short},
    support::{Baton, ask},
};

#[test]
fn sigterm_ends_the_process_whatever_clients_do() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let baton = Baton::start(&data, &[]);
    let (addr, key) = (baton.addr.clone(), baton.key());
    let text = "x".repeat(5_000_000);
    let made = ask(
        &addr,
        &key,
        "POST",
        "/api/payloads",
        Some(&json!({ "title": "a", "payload": { "text": text } })),
    );
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json["id"].clone();
    let credential = [("x-api-key", &*key)];
    let get = request("GET", &format!("/api/payloads/{id}"), &credential, "");
    let crowds = [
        Crowd::gather(&addr, 2, 50, b""),
        Crowd::gather(&addr, 3, 50, b"GET /health HTTP/1.1\r\nx-a: "),
        Crowd::gather(&addr, 4, 50, head_of("POST", "/api/payloads", &credential, 5_000_000).as_bytes()),
        Crowd::gather(&addr, 5, 50, head_of("POST", "/api/v1/auth/login", &[], 5_000_000).as_bytes()),
        Crowd::gather(&addr, 6, 5, head_of("POST", "/api/payloads", &credential, 50_000_000).as_bytes()),
        Crowd::not_reading(&addr, 7, 5, get.as_bytes()),
    ];
    let _trickles: Vec<_> =
        crowds.iter().skip(1).take(4).map(|crowd| crowd.trickle(b"a", Duration::from_millis(20))).collect();
    // Somebody who works all the while, until there is nobody to work with.
    let (told, acknowledged) = channel();
    let worker = thread::spawn({
        let (addr, key) = (addr.clone(), key.clone());
        move || {
            let mut client = Client::connect(&addr, 1).unwrap();
            while let Ok(made) =
                client.ask(request("POST", "/api/payloads", &[("x-api-key", &key)], r#"{"title":"w"}"#))
            {
                assert_eq!(made.status, 201, "{made:?}");
                told.send(made.json()["id"].clone()).unwrap();
            }
        }
    });
    thread::sleep(Duration::from_secs(1));
    let begun = Instant::now();
    baton.signal("TERM");
    let (status, log) = baton.end();
    let took = begun.elapsed();
    assert!(status.success(), "{log}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    worker.join().unwrap();
    let baton = Baton::start(&data, &[]);
    let ids: Vec<Value> = acknowledged.iter().collect();
    assert!(ids.len() > 10, "{}", ids.len());
    for id in ids {
        assert_eq!(ask(&baton.addr, &key, "GET", &format!("/api/payloads/{id}"), None).status, 200, "{id}");
    }
}

#[test]
fn sigterm_does_not_wait_for_who_only_waits() {
    let dir = tempfile::tempdir().unwrap();
    let baton = Baton::start(&dir.path().join("data"), &[]);
    let mut served = Client::connect(&baton.addr, 1).unwrap();
    assert_eq!(served.ask("GET /health HTTP/1.1\r\nhost: b\r\n\r\n").unwrap().status, 200);
    let _idle = Crowd::gather(&baton.addr, 2, 20, b"");
    let _half = Crowd::gather(&baton.addr, 3, 20, b"GET /");
    let begun = Instant::now();
    baton.signal("TERM");
    assert!(baton.end().0.success());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[test]
fn a_body_that_is_nearly_there_is_still_served() {
    let mut site = Site::open(short());
    let body = r#"{"title":"at the last moment"}"#;
    let mut client = site.client(1);
    client.send(head_of("POST", "/api/payloads", &[("x-api-key", &site.acme)], body.len())).unwrap();
    thread::sleep(Duration::from_millis(200));
    let stops = thread::spawn(move || site.stop());
    thread::sleep(Duration::from_millis(300));
    assert_eq!(client.ask(body).unwrap().status, 201);
    stops.join().unwrap();
}
