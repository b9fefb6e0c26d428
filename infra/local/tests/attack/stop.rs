use serde_json::json;

use crate::{
    Attack, Scale,
    arena::Arena,
    neighbour::millis,
    sockets::{ELSEWHERE, connect, write},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "stop",
    does: "SIGTERM amid half heads, half bodies and clients that do not read",
    guards: "slow clients",
    run,
};

/// Ten seconds, and what a busy machine takes besides.
const WITHIN_MS: u64 = 15_000;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    for _ in 0..10 {
        let body = json!({ "title": "T", "payload": { "text": "x".repeat(200_000) } });
        assert_eq!(arena.ask("POST", "/api/payloads", Some(&body)).status, 201);
    }
    let list =
        format!("GET /api/payloads/list?limit=100 HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", arena.key);
    let half_body = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    let mut held = Vec::new();
    for what in ["GET /health HTTP/1.1\r\nhos", half_body, &list, ""] {
        let mut sockets = connect(&arena.addr, ELSEWHERE, scale.of(10, 100));
        for socket in sockets.iter_mut().filter(|_| !what.is_empty()) {
            write(socket, what.as_bytes());
        }
        held.extend(sockets);
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    let (took, well) = arena.stop();
    verdict.exactly("ends that were no success", u8::from(!well), 0);
    verdict.within("until the process ended, ms", millis(took), 0..=WITHIN_MS);
    verdict.told("sockets that clients held open", held.len());
    verdict
}
