use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use standins::{FakeN8n, Network};

use crate::{
    Attack, Scale,
    arena::Arena,
    support::{listen, reply},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "liar",
    does: "a proxy in front of n8n that says yes to a decision and does not pass it on, for a while",
    guards: "hostile n8n",
    run,
};

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let n8n = FakeN8n::at(&Network::new(), "http://n8n.invalid");
    let (lies, told) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let (behind, lying, lied) = (n8n.clone(), lies.clone(), told.clone());
    let origin = listen(move |request, stream| {
        if lying.load(SeqCst) && request.url.path().starts_with("/webhook-waiting/") {
            lied.fetch_add(1, SeqCst);
            reply(stream, 200, r#"{"ok":true}"#);
        } else if let Ok(answer) = behind.answer(&request) {
            reply(stream, answer.status, &String::from_utf8_lossy(&answer.body));
        }
    });
    let installation = arena.register(&origin);
    let neighbour = arena.neighbour();
    let id = arena.entity("/automation/payload/create", installation, &origin, 7);
    n8n.waits(7, "wf1", id);
    let decided = arena.decide("approve", "custom_payload", id);
    verdict.exactly(
        "decisions that were called taken though the execution waits",
        u8::from(decided.json["resume_state"] == "resumed"),
        0,
    );
    lies.store(false, SeqCst);
    let begun = Instant::now();
    let heard = || n8n.execution(7).map_or(0, |execution| execution.decisions.len());
    while heard() == 0 && begun.elapsed() < Duration::from_secs(scale.of(20, 120)) {
        thread::sleep(Duration::from_millis(100));
    }
    verdict.exactly("decisions that n8n was told", heard(), 1);
    verdict.told("calls that the proxy kept", told.load(SeqCst));
    arena.judge(&mut verdict, neighbour);
    verdict
}
