use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::json;

use crate::{
    Attack, Scale,
    arena::Arena,
    sockets::keep,
    support::{call, listen, reply},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "replays",
    does: "a trigger under one key whose answer is too large to remember, again and again",
    guards: "an effect is remembered whatever the size of its answer",
    run,
};

/// Later than this, somebody who took the effect on is believed to have died.
const TAKEN_ON: u64 = 36;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let started = Arc::new(AtomicU64::new(0));
    let counted = started.clone();
    let origin = listen(move |request, stream| {
        if request.url.path().starts_with("/webhook/") {
            counted.fetch_add(1, SeqCst);
            reply(
                stream,
                200,
                &json!({ "execution_id": "7", "rows": vec!["x".repeat(1_000); 420] }).to_string(),
            );
        } else {
            reply(stream, 200, r#"{"data":[],"nextCursor":null}"#);
        }
    });
    arena.register(&origin);
    let neighbour = arena.neighbour();
    let mut other = 0;
    let ask = || {
        let headers = [("x-api-key", &*arena.key), ("idempotency-key", "one-key-for-all-of-them")];
        let body = json!({ "endpoint": format!("{origin}/webhook/x") });
        call(&arena.addr, "POST", "/api/trigger-webhook", &headers, Some(&body))
            .map_or(0, |answer| answer.status)
    };
    for _ in 0..5 {
        other += u64::from(ask() != 200);
    }
    keep(Duration::from_secs(scale.of(0, TAKEN_ON)), Duration::from_secs(1), || ());
    other += u64::from(ask() != 200);
    verdict.exactly("workflows that were started", started.load(SeqCst), 1);
    verdict.exactly("repeats that were answered otherwise", other, 0);
    arena.judge(&mut verdict, neighbour);
    verdict
}
