//! Heads that come slowly, and connections on which nothing comes.

use std::time::Duration;

use crate::{
    attack::{Crowd, request},
    site::{Site, short},
};

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: baton\r\n\r\n";

#[test]
fn a_head_that_comes_slowly_is_not_waited_for() {
    let site = Site::open(short());
    let mut crowd = Crowd::gather(&site.addr, 2, 50, b"GET /health HTTP/1.1\r\nx-a: ");
    let _trickle = crowd.trickle(b"a", Duration::from_millis(100));
    site.works_for(&site.acme);
    for client in &mut crowd.clients {
        client.ended_within(Duration::from_secs(5)).expect("half a head keeps its connection");
    }
}

#[test]
fn where_nothing_comes_at_all_the_connection_ends() {
    let site = Site::open(short());
    let ended = site.client(1).ended_within(Duration::from_secs(5)).expect("an idle connection is kept");
    assert!(ended >= Duration::from_millis(900), "{ended:?}");
}

#[test]
fn a_connection_that_was_used_is_kept_for_longer_and_not_for_ever() {
    let site = Site::open(short());
    let mut client = site.client(1);
    for _ in 0..2 {
        assert_eq!(client.ask(HEALTH).unwrap().status, 200);
        // Longer than a head may take.
        std::thread::sleep(Duration::from_millis(1500));
    }
    let mut large = site.client(1);
    assert_eq!(large.ask(request("GET", "/openapi.json", &[], "")).unwrap().status, 200);
    assert!(large.ended_within(Duration::from_millis(1500)).is_none(), "it waits for the next request");
    for mut client in [client, large] {
        client.ended_within(Duration::from_secs(5)).expect("an idle connection is kept for ever");
    }
}

#[test]
fn half_a_second_head_is_not_waited_for_either() {
    let site = Site::open(short());
    let mut client = site.client(1);
    assert_eq!(client.ask(HEALTH).unwrap().status, 200);
    client.send("GET /hea").unwrap();
    let ended = client.ended_within(Duration::from_secs(5)).expect("half a head keeps its connection");
    assert!(ended < Duration::from_millis(2500), "as long as an idle one: {ended:?}");
}
