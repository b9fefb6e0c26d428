use std::time::Duration;

use serde_json::json;

use crate::{
    Attack, Scale,
    arena::{AT_REST_MB, Arena},
    sockets::{ELSEWHERE, connect, keep, write},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "readers",
    does: "clients that ask for long lists and do not read them",
    guards: "slow clients",
    run,
};

/// Rows of 200 KB each.
const ROWS: usize = 20;
/// What may be on its way at once, and as much again for what makes it.
const IN_FLIGHT_MB: u64 = 256;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    for row in 0..ROWS {
        let body = json!({ "title": format!("Row {row}"), "payload": { "text": "x".repeat(200_000) } });
        assert_eq!(arena.ask("POST", "/api/payloads", Some(&body)).status, 201);
    }
    let neighbour = arena.neighbour();
    let mut readers = connect(&arena.addr, ELSEWHERE, scale.of(200, 600));
    let ask =
        format!("GET /api/payloads/list?limit=100 HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", arena.key);
    for reader in &mut readers {
        write(reader, ask.as_bytes());
    }
    keep(Duration::from_secs(scale.of(8, 60)), Duration::from_secs(1), || ());
    verdict.told("clients that do not read", readers.len());
    verdict.within(
        "memory at its peak beyond that at rest, MB",
        arena.peak_mb().saturating_sub(AT_REST_MB),
        0..=IN_FLIGHT_MB,
    );
    arena.judge(&mut verdict, neighbour);
    verdict
}
