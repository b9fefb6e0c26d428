use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use crate::{
    Attack, Scale,
    arena::Arena,
    sockets::keep,
    support::{listen, reply},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "listings",
    does: "an n8n whose listing always has another page, and one that sends the caller elsewhere",
    guards: "hostile n8n",
    run,
};

/// Pages that one listing may ask for.
const PAGES: u64 = 200;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let (pages, strayed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counted = pages.clone();
    let endless = listen(move |_, stream| {
        let page = counted.fetch_add(1, SeqCst);
        let row = format!(r#"{{"id":"w{page}","name":"{}","active":true,"nodes":[]}}"#, "x".repeat(100_000));
        reply(stream, 200, &format!(r#"{{"data":[{row}],"nextCursor":"c{page}"}}"#));
    });
    let counted = strayed.clone();
    let elsewhere = listen(move |_, stream| {
        counted.fetch_add(1, SeqCst);
        reply(stream, 200, r#"{"data":[],"nextCursor":null}"#);
    });
    let sends = listen(move |_, stream| {
        use std::io::Write;
        let head = format!(
            "HTTP/1.1 302 X\r\nlocation: {elsewhere}/api/v1/workflows\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes());
    });
    let neighbour = arena.neighbour();
    for (at, origin) in [endless, sends].iter().enumerate() {
        let body = serde_json::json!({ "instance_id": format!("n8n-{at}"), "host": origin, "api_key": "n8n-api-key-here", "title": "n8n" });
        let registered = arena.ask("POST", "/api/installs/register", Some(&body));
        verdict.within("status of a registration", registered.status.into(), 200..=499);
    }
    keep(Duration::from_secs(scale.of(6, 60)), Duration::from_secs(1), || ());
    // A long look sees the next listings too: one after 10 s, one after 20 s.
    // The one besides is the registration's own look at whether the key is taken.
    verdict.within("pages that were asked for", pages.load(SeqCst), 1..=scale.of(1, 4) * PAGES + 1);
    verdict.exactly("calls that went where they were sent", strayed.load(SeqCst), 0);
    arena.judge(&mut verdict, neighbour);
    verdict
}
