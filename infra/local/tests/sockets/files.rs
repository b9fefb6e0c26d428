//! Files: larger than anything that is kept in memory, and on their way for longer.

use std::{thread, time::Duration};

use local_host::sockets::limits::Limits;
use serde_json::{Value, json};

use crate::{
    attack::{Client, head_of, request},
    site::{Site, short},
};

const MB: usize = 1024 * 1024;

/// Room for nothing as large as a file.
fn little_room() -> Limits {
    Limits { connections: 64, body_bytes: 4 * MB, reply_bytes: 4 * MB, ..short() }
}

/// An upload of so many bytes: its id, and the path of its address.
fn upload(site: &Site, bytes: usize) -> (Value, String) {
    let body = json!({ "file_name": "clip.bin", "bytes": bytes }).to_string();
    let made = site.ask(&site.acme, "POST", "/api/media/uploads", &body);
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    (made.json()["upload_id"].clone(), path_of(&made.json()["url"]))
}

fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap();
    url.get(url.find("/files/").unwrap()..).unwrap().to_owned()
}

fn file(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| (i % 251) as u8).collect()
}

fn put(client: &mut Client, path: &str, body: &[u8]) -> u16 {
    client.send(head_of("PUT", path, &[], body.len())).unwrap();
    client.send(body).unwrap();
    client.reply().unwrap().status
}

#[test]
fn a_file_that_is_larger_than_all_room_goes_in_and_comes_out() {
    let site = Site::open(little_room());
    let body = file(24 * MB);
    let (id, path) = upload(&site, body.len());
    assert_eq!(put(&mut site.client(1), &path, &body), 200);
    let item = json!({ "title": "Clip", "media_type": "file", "upload_id": id }).to_string();
    let made = site.ask(&site.acme, "POST", "/api/media", &item);
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let shown = site.ask(&site.acme, "GET", &format!("/api/media/{}", made.json()["id"]), "");
    let got = site.client(2).ask(request("GET", &path_of(&shown.json()["download_url"]), &[], "")).unwrap();
    assert!(got.status == 200 && got.body == body, "{}", got.head);
    let large = request("POST", "/api/payloads", &[("x-api-key", &site.acme)], &"x".repeat(7 * MB));
    assert_eq!(site.client(1).ask(large).unwrap().status, 413, "other bodies end where they did");
}

#[test]
fn a_file_takes_longer_than_other_bodies_may_and_one_that_stalls_is_not_waited_for() {
    let site = Site::open(Limits { own: 6, ..little_room() });
    let body = file(60_000);
    let (_, path) = upload(&site, body.len());
    let mut crowd: Vec<_> = (0..20).map(|_| site.client(3)).collect();
    for client in &mut crowd {
        client.send(head_of("PUT", &path, &[], body.len())).unwrap();
    }
    let mut slow = site.client(1);
    slow.send(head_of("PUT", &path, &[], body.len())).unwrap();
    for piece in body.chunks(6000) {
        slow.send(piece).unwrap();
        thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(slow.reply().unwrap().status, 200, "five seconds, where other bodies have four");
    site.works_for(&site.acme);
    for client in &mut crowd {
        let reply = client.reply().unwrap();
        assert!(
            reply.status == 408 && reply.json()["error"] == "body_too_slow" || reply.status == 503,
            "{reply:?}"
        );
    }
}

#[test]
fn a_refusal_of_a_file_reaches_its_client() {
    let site = Site::open(little_room());
    let (_, path) = upload(&site, 8 * MB);
    let forged = path.rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    for (path, bytes, status) in
        [(&forged, 8 * MB, 404), (&path, 8 * MB + 1, 400), (&path, 101 * MB, 413), (&path, 8 * MB, 200)]
    {
        // Made before the connection is, which waits for its request no longer than a second.
        let body = vec![0; bytes];
        assert_eq!(put(&mut site.client(1), path, &body), status, "{bytes}");
    }
}

#[test]
fn a_file_that_breaks_off_is_not_kept() {
    let site = Site::open(little_room());
    let (id, path) = upload(&site, MB);
    let mut client = site.client(1);
    client.send(head_of("PUT", &path, &[], MB)).unwrap();
    client.send(file(MB / 2)).unwrap();
    drop(client);
    let item = json!({ "title": "Clip", "media_type": "file", "upload_id": id }).to_string();
    assert_eq!(site.ask(&site.acme, "POST", "/api/media", &item).status, 422);
    assert_eq!(put(&mut site.client(1), &path, &file(MB)), 200);
    assert_eq!(site.ask(&site.acme, "POST", "/api/media", &item).status, 201);
}
