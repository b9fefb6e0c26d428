use std::time::Duration;

use crate::{
    Attack, Scale,
    arena::Arena,
    sockets::{ELSEWHERE, connect, keep},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "descriptors",
    does: "more idle sockets than the process has descriptors",
    guards: "slow clients",
    run,
};

const DESCRIPTORS: u32 = 256;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::with(&[], Some(DESCRIPTORS));
    let neighbour = arena.neighbour();
    let mut idle = Vec::new();
    // They come back as they are closed.
    keep(Duration::from_secs(scale.of(6, 60)), Duration::from_secs(2), || {
        idle = connect(&arena.addr, ELSEWHERE, 300);
    });
    let made = arena.ask("POST", "/api/payloads", Some(&serde_json::json!({ "title": "T" })));
    verdict.exactly("status of a write by a newcomer", made.status, 201);
    arena.judge(&mut verdict, neighbour);
    drop(idle);
    verdict
}
