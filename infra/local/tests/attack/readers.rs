use std::time::Duration;

use serde_json::json;

use crate::{
    Attack, Scale,
    arena::Arena,
    sockets::{ELSEWHERE, connect, keep, write},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "readers",
    does: "clients that ask for long lists and do not read them",
    guards: "slow clients",
    run,
};

/// A list of 4 MB.
const ROWS: usize = 100;
const ROW_BYTES: usize = 40_000;
/// What may wait to be read and for room to wait, and what sixty turns may be making.
const IN_FLIGHT_MB: u64 = 384;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    for row in 0..ROWS {
        let body = json!({
            "invoice_number": format!("INV-{row}"), "title": "T", "amount": 5,
            "custom_data": { "text": "x".repeat(ROW_BYTES) },
        });
        let made = arena.ask("POST", "/api/invoices", Some(&body));
        assert_eq!(made.status, 201, "{made:?}");
    }
    let list = arena.ask("GET", "/api/invoices/list?limit=100", None);
    verdict.within(
        "bytes of the list",
        list.json.to_string().len() as u64,
        (ROWS * ROW_BYTES) as u64..=u64::MAX,
    );
    // Making the list is no part of the attack, nor is one client who reads it.
    arena.rests();
    let neighbour = arena.neighbour();
    let mut readers = connect(&arena.addr, ELSEWHERE, scale.of(200, 600));
    let ask =
        format!("GET /api/invoices/list?limit=100 HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", arena.key);
    for reader in &mut readers {
        write(reader, ask.as_bytes());
    }
    keep(Duration::from_secs(scale.of(8, 60)), Duration::from_secs(1), || ());
    verdict.told("clients that do not read", readers.len());
    verdict.within("memory at its peak beyond that at rest, MB", arena.beyond_rest_mb(), 0..=IN_FLIGHT_MB);
    arena.judge(&mut verdict, neighbour);
    verdict
}
