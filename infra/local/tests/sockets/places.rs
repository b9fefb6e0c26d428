//! Connections without number.

use std::{thread, time::Duration};

use local_host::sockets::limits::Limits;
use serde_json::json;

use crate::{
    attack::{Client, Crowd, request},
    site::{Site, short},
    support::{Baton, command},
};

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: baton\r\n\r\n";

/// Silence that no test waits for.
fn few_places() -> Limits {
    Limits { connections: 12, head: Duration::from_secs(60), ..short() }
}

#[test]
fn one_address_leaves_places_for_others() {
    let site = Site::open(few_places());
    let mut busy: Vec<_> = (0..8).map(|_| site.client(2)).collect();
    for client in &mut busy {
        assert_eq!(client.ask(HEALTH).unwrap().status, 200);
    }
    let mut one_more = site.client(2);
    let refused = one_more.reply().unwrap();
    assert_eq!((refused.status, &refused.json()["error"]), (503, &json!("overloaded")), "{refused:?}");
    assert!(
        refused.header("retry-after").is_some() && refused.header("x-request-id").is_some(),
        "{refused:?}"
    );
    one_more.ended_within(Duration::from_secs(1)).expect("who has no place is kept");
    site.works_for(&site.acme);
    for client in &mut busy {
        assert_eq!(client.ask(HEALTH).unwrap().status, 200, "who is served already is served on");
    }
}

#[test]
fn who_asks_for_nothing_gives_way_to_who_asks() {
    let site = Site::open(few_places());
    let mut served = site.client(1);
    assert_eq!(served.ask(HEALTH).unwrap().status, 200);
    let mut idle = Crowd::gather(&site.addr, 1, 30, b"");
    let mut half = Crowd::gather(&site.addr, 1, 30, b"GET /he");
    thread::sleep(Duration::from_millis(1200));
    for _ in 0..4 {
        assert_eq!(site.visit(HEALTH).status, 200);
    }
    assert_eq!(served.ask(HEALTH).unwrap().status, 200);
    let ended = |crowd: &mut Crowd| {
        let clients = crowd.clients.iter_mut();
        clients.filter_map(|client| client.ended_within(Duration::from_millis(5))).count()
    };
    assert!(ended(&mut idle) + ended(&mut half) < 60, "no more give way than must");
}

#[test]
fn a_place_is_free_again_when_its_client_has_gone() {
    let site = Site::open(few_places());
    for _ in 0..10 {
        let crowd = Crowd::gather(&site.addr, 2, 8, b"");
        drop(crowd);
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(site.client(2).ask(HEALTH).unwrap().status, 200);
}

#[test]
fn a_trusted_proxy_stands_for_many() {
    let site = Site::behind(few_places(), &["127.0.0.2/32"]);
    let mut all: Vec<_> = (0..12).map(|_| site.client(2)).collect();
    for client in &mut all {
        assert_eq!(client.ask(HEALTH).unwrap().status, 200);
    }
}

/// The real process with so many descriptors, soft and hard.
fn with_descriptors(count: usize, data: &std::path::Path) -> Baton {
    let mut shell = std::process::Command::new("sh");
    let binary = command(data, &[]);
    shell.env_clear().envs(binary.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.args(["-c", &format!("ulimit -n {count} && exec \"$0\" serve --json")]).arg(binary.get_program());
    Baton::spawned(shell, |line| line.starts_with('{'))
}

#[test]
fn when_descriptors_run_short_the_newcomer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let baton = with_descriptors(256, &dir.path().join("data"));
    let key = baton.key();
    let mut clients: Vec<_> = (0..20).map(|_| Client::connect(&baton.addr, 1).unwrap()).collect();
    for client in &mut clients {
        assert_eq!(client.ask(HEALTH).unwrap().status, 200);
    }
    for (from, first) in [(1, &b""[..]), (2, b"GET /"), (3, b""), (4, b"")] {
        let crowd = Crowd::gather(&baton.addr, from, 300, first);
        for n in 0..5 {
            for client in &mut clients {
                let body = json!({ "title": n, "payload": { "text": "x".repeat(100_000) } }).to_string();
                let made =
                    client.ask(request("POST", "/api/payloads", &[("x-api-key", &key)], &body)).unwrap();
                assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
            }
        }
        drop(crowd);
    }
    thread::sleep(Duration::from_millis(200));
    assert_eq!(Client::connect(&baton.addr, 5).unwrap().ask(HEALTH).unwrap().status, 200);
    baton.signal("TERM");
    let (status, log) = baton.end();
    assert!(status.success(), "{log}");
    assert!(!log.contains("os error 24"), "descriptors ran out: {log}");
    assert!(log.contains("more connections than there is room for"), "{log}");
}
