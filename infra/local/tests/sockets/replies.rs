//! Replies that nobody reads.

use std::{thread, time::Duration};

use local_host::sockets::limits::{Limits, Pace};

use crate::{
    attack::{Crowd, request},
    site::{Site, short},
};

const MB: usize = 1024 * 1024;

#[test]
fn who_does_not_read_is_closed() {
    let site = Site::open(short());
    let id = site.payload(&site.acme, 5 * MB);
    let get = request("GET", &format!("/api/payloads/{id}"), &[("x-api-key", &site.acme)], "");
    let mut crowd = Crowd::not_reading(&site.addr, 2, 5, get.as_bytes());
    thread::sleep(Duration::from_millis(3500));
    for client in &mut crowd.clients {
        let reply = client.reply();
        assert!(reply.is_err(), "the reply was kept for its client: {}", reply.unwrap().body.len());
    }
}

#[test]
fn who_reads_slowly_gets_all_of_it() {
    let patient = Pace { grace: Duration::from_secs(6), ..short().reply };
    let site = Site::open(Limits { reply: patient, ..short() });
    let id = site.payload(&site.acme, MB);
    let get = request("GET", &format!("/api/payloads/{id}"), &[("x-api-key", &site.acme)], "");
    let mut crowd = Crowd::not_reading(&site.addr, 2, 1, get.as_bytes());
    let client = crowd.clients.first_mut().unwrap();
    thread::sleep(Duration::from_secs(1));
    let reply = client.reply().unwrap();
    assert_eq!((reply.status, reply.json()["payload"]["text"].as_str().map(str::len)), (200, Some(MB)));
}

#[test]
fn replies_that_wait_to_be_read_are_bounded_and_others_get_theirs() {
    let site = Site::open(Limits { reply_bytes: 32 * MB, reply: Limits::default().reply, ..short() });
    let (mine, theirs) = (site.payload(&site.acme, 4 * MB), site.payload(&site.rival, 4 * MB));
    let get = request("GET", &format!("/api/payloads/{mine}"), &[("x-api-key", &site.acme)], "");
    let mut crowd = Crowd::not_reading(&site.addr, 2, 20, get.as_bytes());
    thread::sleep(Duration::from_secs(2));
    for _ in 0..3 {
        let reply = site.ask(&site.rival, "GET", &format!("/api/payloads/{theirs}"), "");
        assert_eq!((reply.status, reply.body.len() > 4 * MB), (200, true), "{}", reply.head);
    }
    site.works_for(&site.rival);
    let statuses: Vec<_> = crowd.clients.iter_mut().map(|client| client.reply().unwrap().status).collect();
    let kept = statuses.iter().filter(|status| **status == 200).count();
    assert!((3..=12).contains(&kept), "half of the room, and what waited meanwhile: {kept}");
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert_eq!(
        site.ask(&site.acme, "GET", &format!("/api/payloads/{mine}"), "").status,
        200,
        "the room is there again"
    );
}
