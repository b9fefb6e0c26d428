use std::{net::TcpStream, time::Duration};

use crate::{
    Attack, Scale,
    arena::Arena,
    sockets::{ELSEWHERE, connect, ended, keep, write},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "bodies",
    does: "bodies that arrive a byte at a time, without a credential and with one",
    guards: "slow clients",
    run,
};

/// A body is read within this time, whatever its length.
const WITHIN: u64 = 40;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let neighbour = arena.neighbour();
    let credential = format!("x-api-key: {}\r\n", arena.key);
    let mut login = begin(&arena, 64, "/api/v1/auth/login", "");
    let mut approve = begin(&arena, 512, "/automation/approve", &credential);
    let time = Duration::from_secs(scale.of(8, WITHIN));
    keep(time, Duration::from_secs(1), || {
        for socket in login.iter_mut().chain(&mut approve) {
            write(socket, b" ");
        }
    });
    if scale.long {
        verdict.exactly("slow logins that are still read", 64 - ended(&mut login) - closed(64, &login), 0);
        verdict.exactly(
            "slow decisions that are still read",
            512 - ended(&mut approve) - closed(512, &approve),
            0,
        );
    }
    verdict.within("memory at its peak beyond that at rest, MB", arena.beyond_rest_mb(), 0..=64);
    arena.judge(&mut verdict, neighbour);
    verdict
}

/// Those that were never let in.
fn closed(all: u64, opened: &[TcpStream]) -> u64 {
    all - opened.len() as u64
}

fn begin(arena: &Arena, many: usize, path: &str, headers: &str) -> Vec<TcpStream> {
    let mut sockets = connect(&arena.addr, ELSEWHERE, many);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    for socket in &mut sockets {
        write(socket, head.as_bytes());
    }
    sockets
}
