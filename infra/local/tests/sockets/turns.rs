//! One organization that keeps the host busy, and another.

use std::{
    sync::{Condvar, Mutex},
    thread,
    time::Duration,
};

use serde_json::json;

use crate::{
    attack::{Crowd, request},
    site::{Site, short},
    support::peer,
};

static RELEASED: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

#[test]
fn one_who_calls_without_end_leaves_turns_for_others() {
    let site = Site::open(local_host::sockets::limits::Limits { calling: 30, ..short() });
    let n8n = peer(|what, _| {
        if what.starts_with("POST /webhook/") {
            let (released, changed) = &RELEASED;
            let guard = released.lock().unwrap();
            drop(changed.wait_timeout_while(guard, Duration::from_secs(20), |released| !*released).unwrap());
        }
        (200, r#"{"data":[],"nextCursor":null}"#.into())
    });
    let install = json!({ "instance_id": "a", "host": n8n, "api_key": "key", "title": "n8n" }).to_string();
    assert_eq!(site.ask(&site.acme, "POST", "/api/installs/register", &install).status, 201);
    // A limit of its own counts triggers by the key; approving and registering wait for n8n as well.
    let call = json!({ "endpoint": format!("{n8n}/webhook/slow") }).to_string();
    let slow = request("POST", "/api/trigger-webhook", &[("x-api-key", &site.acme)], &call);
    let mut crowd = Crowd::gather(&site.addr, 1, 50, slow.as_bytes());
    thread::sleep(Duration::from_millis(500));
    site.works_for(&site.rival);
    let refused = site.ask(&site.acme, "POST", "/api/trigger-webhook", &call);
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("overloaded")), "{refused:?}");
    assert_eq!(
        site.ask(&site.acme, "POST", "/api/payloads", r#"{"title":"a"}"#).status,
        201,
        "what needs no n8n goes on"
    );
    *RELEASED.0.lock().unwrap() = true;
    RELEASED.1.notify_all();
    let statuses: Vec<_> = crowd.clients.iter_mut().map(|client| client.reply().unwrap().status).collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        20,
        "two thirds of the turns: {statuses:?}"
    );
    site.works_for(&site.acme);
}
