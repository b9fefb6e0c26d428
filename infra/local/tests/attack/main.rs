//! Attacks on the real process: `cargo test -p baton --features attack --test attack`, with `-- --long` for as long as it takes
//! to see each, with names for those alone.
//!
//! Each attack meets a `baton serve` of its own on a fresh data directory, in which two organizations live. One attacks, or
//! somebody without a credential does; the other works meanwhile: ten times a second it posts a payload, approves it and
//! asks for the health of the house. What an attack is judged by are counts: requests that were answered as they must be,
//! decisions that n8n was told, bytes of memory and processor time for each byte that was sent. Times are told, and held
//! only to bounds that a busy machine keeps.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test with a stopwatch fails by panicking"
)]

mod answers;
mod arena;
mod bodies;
mod decisions;
mod deletions;
mod descriptors;
mod hanging;
mod heads;
mod liar;
mod listings;
mod neighbour;
mod pushes;
mod readers;
mod replays;
mod requests;
mod sockets;
mod stop;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with tests that ask for more")]
mod support;
mod verdict;

use std::{panic::catch_unwind, process::ExitCode, time::Instant};

use clap::Parser;
use verdict::Verdict;

#[derive(Parser)]
struct Arguments {
    /// As long as it takes to see each: some ten minutes.
    #[arg(long)]
    long: bool,
    /// The attacks to try; all when none is named.
    names: Vec<String>,
}

/// One attack.
pub struct Attack {
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
    /// The row of docs/SECURITY.md that it tries.
    pub guards: &'static str,
    pub run: fn(&Scale) -> Verdict,
}

/// How much of each attack is tried.
pub struct Scale {
    pub long: bool,
}

impl Scale {
    pub fn of<T>(&self, short: T, long: T) -> T {
        if self.long { long } else { short }
    }
}

const ATTACKS: [Attack; 14] = [
    requests::ATTACK,
    answers::ATTACK,
    pushes::ATTACK,
    bodies::ATTACK,
    heads::ATTACK,
    descriptors::ATTACK,
    readers::ATTACK,
    hanging::ATTACK,
    listings::ATTACK,
    liar::ATTACK,
    decisions::ATTACK,
    deletions::ATTACK,
    replays::ATTACK,
    stop::ATTACK,
];

fn main() -> ExitCode {
    let Arguments { long, names } = Arguments::parse();
    let scale = Scale { long };
    let tried =
        ATTACKS.iter().filter(|attack| names.is_empty() || names.iter().any(|name| name == attack.name));
    let mut wrong = Vec::new();
    let mut all = 0;
    for attack in tried {
        let begun = Instant::now();
        println!("\n== {}: {} ({})", attack.name, attack.does, attack.guards);
        let verdict = catch_unwind(|| (attack.run)(&scale))
            .unwrap_or_else(|_| Verdict::failed("it could not be tried to its end"));
        verdict.print();
        println!("   {:.1} s", begun.elapsed().as_secs_f64());
        wrong.extend(verdict.wrong().map(|what| format!("{}: {what}", attack.name)));
        all += 1;
    }
    if all == 0 {
        println!("no attack of this name; there are: {}", ATTACKS.map(|attack| attack.name).join(", "));
        return ExitCode::FAILURE;
    }
    if wrong.is_empty() {
        println!("\n{all} attacks, and nothing came of them");
        return ExitCode::SUCCESS;
    }
    println!("\n{} counts are wrong:", wrong.len());
    wrong.iter().for_each(|what| println!("- {what}"));
    ExitCode::FAILURE
}
