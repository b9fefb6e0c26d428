use std::time::Duration;

use crate::{
    Attack, Scale,
    arena::Arena,
    sockets::{ELSEWHERE, connect, ended, keep, write},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "heads",
    does: "heads that arrive a byte at a time, and sockets that say nothing",
    guards: "slow clients",
    run,
};

/// A head arrives within ten seconds, and whoever says nothing is closed no later.
const WITHIN: u64 = 14;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let neighbour = arena.neighbour();
    let mut slow = connect(&arena.addr, ELSEWHERE, scale.of(128, 400));
    for socket in &mut slow {
        write(socket, b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ");
    }
    keep(Duration::from_secs(WITHIN), Duration::from_secs(1), || {
        for socket in &mut slow {
            write(socket, b"a");
        }
    });
    let opened = slow.len() as u64;
    verdict.exactly("half heads that are still read", opened - ended(&mut slow), 0);
    arena.judge(&mut verdict, neighbour);
    verdict
}
