//! Bodies that come slowly, are too large, too many, or not wanted.

use std::{
    thread,
    time::{Duration, Instant},
};

use local_host::sockets::limits::Limits;

use crate::{
    attack::{Client, Crowd, head_of, request},
    site::{Site, short},
};

const LOGIN: &str = "/api/v1/auth/login";
const MB: usize = 1024 * 1024;

/// Fewer turns than attackers, by far.
fn few_turns() -> Limits {
    Limits { own: 6, calling: 6, ..short() }
}

fn slow(site: &Site, from: u8, count: usize, path: &str, key: &str, length: usize) -> Crowd {
    let key = ("x-api-key", key);
    let credential = if key.1.is_empty() { &[][..] } else { std::slice::from_ref(&key) };
    Crowd::gather(&site.addr, from, count, head_of("POST", path, credential, length).as_bytes())
}

#[test]
fn slow_bodies_without_a_credential_keep_nobody_from_anything() {
    let site = Site::open(few_turns());
    let mut crowd = slow(&site, 1, 64, LOGIN, "", 100);
    let trickle = crowd.trickle(b" ", Duration::from_millis(200));
    for _ in 0..3 {
        site.works_for(&site.acme);
    }
    for client in &mut crowd.clients {
        let reply = client.reply().unwrap();
        assert_eq!((reply.status, &reply.json()["error"]), (408, &"body_too_slow".into()), "{reply:?}");
        assert!(reply.header("x-request-id").is_some(), "{reply:?}");
    }
    drop(trickle);
    for client in &mut crowd.clients {
        client.ended_within(Duration::from_secs(5)).expect("who was late is waited for");
    }
}

#[test]
fn slow_bodies_with_one_key_keep_nobody_from_anything() {
    let site = Site::open(few_turns());
    for path in ["/api/payloads", "/automation/approve", "/api/trigger-webhook"] {
        let crowd = slow(&site, 1, 200, path, &site.acme, 100);
        let _trickle = crowd.trickle(b" ", Duration::from_millis(200));
        site.works_for(&site.acme);
        site.works_for(&site.rival);
    }
}

#[test]
fn a_body_that_keeps_its_pace_but_not_its_time_is_not_waited_for() {
    let site = Site::open(short());
    let mut client = site.client(1);
    client.send(head_of("POST", "/api/payloads", &[("x-api-key", &site.acme)], MB)).unwrap();
    let begun = Instant::now();
    let mut writer = Client(client.0.try_clone().unwrap());
    let sends = thread::spawn(move || {
        while writer.send([b' '; 2048]).is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
    let reply = client.reply().unwrap();
    assert_eq!((reply.status, &reply.json()["success"]), (408, &false.into()), "in the dialect of the path");
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    drop(client);
    sends.join().unwrap();
}

#[test]
fn a_body_that_pauses_and_goes_on_is_read() {
    let site = Site::open(few_turns());
    let body = format!(r#"{{"title":"slow","payload":{{"text":"{}"}}}}"#, "x".repeat(100_000));
    let mut client = site.client(1);
    client.send(head_of("POST", "/api/payloads", &[("x-api-key", &site.acme)], body.len())).unwrap();
    for piece in body.as_bytes().chunks(40_000) {
        client.send(piece).unwrap();
        thread::sleep(Duration::from_millis(300));
    }
    let made = client.reply().unwrap();
    assert_eq!(made.status, 201, "{made:?}");
    let shown = site.ask(&site.acme, "GET", &format!("/api/payloads/{}", made.json()["id"]), "");
    assert_eq!(shown.json()["payload"]["text"].as_str().unwrap().len(), 100_000);
}

#[test]
fn a_chunked_body_is_read_and_counted() {
    let site = Site::open(short());
    let chunked = |size: usize, count: usize| {
        let mut client = site.client(1);
        let key = &site.acme;
        client.send(format!("POST /api/payloads HTTP/1.1\r\nhost: b\r\nx-api-key: {key}\r\ntransfer-encoding: chunked\r\n\r\n")).unwrap();
        client.send("12\r\n{\"title\":\"a\",\"b\":\"\r\n").unwrap();
        for _ in 0..count {
            client.send(format!("{size:x}\r\n{}\r\n", "x".repeat(size))).unwrap();
        }
        client.send("2\r\n\"}\r\n0\r\n\r\n").unwrap();
        client.reply().unwrap()
    };
    assert_eq!(chunked(1000, 300).status, 201);
    let reply = chunked(MB, 8);
    assert_eq!((reply.status, &reply.json()["code"]), (413, &"body_too_large".into()), "{reply:?}");
}

#[test]
fn a_refusal_reaches_a_client_that_sends_all_before_it_reads() {
    let site = Site::open(short());
    let body = "x".repeat(20 * MB);
    for (key, status) in [(&*site.acme, 413), ("btn_live_nobody", 403)] {
        let mut client = site.client(1);
        let reply = client.ask(request("POST", "/api/payloads", &[("x-api-key", key)], &body)).unwrap();
        assert_eq!(reply.status, status, "{reply:?}");
        assert_eq!(reply.json()["success"], false, "in the dialect of the path");
        let next = client.ask(request("GET", "/health", &[], "")).unwrap();
        assert_eq!(next.status, 200, "the connection goes on where the body was read to its end");
    }
}

#[test]
fn what_is_refused_is_read_for_a_while_and_not_for_ever() {
    let site = Site::open(Limits { rest_bytes: MB, ..short() });
    let mut endless = site.client(1);
    endless.send(head_of("POST", "/api/payloads", &[("x-api-key", &site.acme)], 1 << 30)).unwrap();
    let mut writer = Client(endless.0.try_clone().unwrap());
    let sends = thread::spawn(move || (0..1024).take_while(|_| writer.send(vec![b' '; MB]).is_ok()).count());
    assert_eq!(endless.reply().unwrap().status, 413);
    assert!(sends.join().unwrap() < 64, "a body without end is read to its end");
    let mut slow = site.client(1);
    slow.send(head_of("POST", "/api/payloads", &[("x-api-key", &site.acme)], 1 << 30)).unwrap();
    assert_eq!(slow.reply().unwrap().status, 413);
    slow.ended_within(Duration::from_secs(5)).expect("a body that does not come is waited for");
}

#[test]
fn who_asks_first_is_told_before_sending() {
    let site = Site::open(short());
    let ask = |path: &str, key: &str, length: usize| {
        let mut client = site.client(1);
        client
            .send(head_of("POST", path, &[("expect", "100-continue"), ("x-api-key", key)], length))
            .unwrap();
        let reply = client.reply().unwrap();
        (client, reply)
    };
    for (path, key, length, status) in [
        ("/api/payloads", &*site.acme, 7 * MB, 413),
        ("/api/payloads", "btn_live_nobody", 20, 403),
        ("/api/nowhere", &*site.acme, 20, 404),
    ] {
        let (mut client, reply) = ask(path, key, length);
        assert_eq!(reply.status, status, "{reply:?}");
        client.ended_within(Duration::from_secs(5)).expect("a body that was refused is waited for");
    }
    let body = r#"{"title":"asked first"}"#;
    let (mut client, reply) = ask("/api/payloads", &site.acme, body.len());
    assert_eq!(reply.status, 100, "{reply:?}");
    assert_eq!(client.ask(body).unwrap().status, 201);
}

#[test]
fn one_who_sends_much_leaves_room_for_what_others_send() {
    let site = Site::open(Limits {
        body_bytes: 32 * MB,
        connections: 64,
        body: Limits::default().body,
        body_time: Limits::default().body_time,
        ..short()
    });
    let mut crowd = slow(&site, 2, 20, "/api/payloads", &site.acme, 5 * MB);
    site.works_for(&site.acme);
    let large = format!(r#"{{"title":"large","payload":{{"text":"{}"}}}}"#, "x".repeat(5 * MB));
    let reply =
        site.client(3).ask(request("POST", "/api/payloads", &[("x-api-key", &site.rival)], &large)).unwrap();
    assert_ne!(reply.status, 503, "{reply:?}");
    let statuses: Vec<_> = crowd.clients.iter_mut().map(|client| client.reply().unwrap()).collect();
    let full =
        statuses.iter().filter(|reply| reply.status == 503 && reply.header("retry-after").is_some()).count();
    assert_eq!(
        (full, statuses.iter().filter(|reply| reply.status == 408).count()),
        (16, 4),
        "what is left is for others"
    );
}
