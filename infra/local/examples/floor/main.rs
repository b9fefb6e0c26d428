//! What a read costs above the least that it could: `cargo build --release -p baton --bin baton --example floor`, and then
//!
//! ```text
//! target/release/examples/floor                    GET /api/payloads/{id} against a bare axum route over the same row
//! target/release/examples/floor counts             the same by instructions, under valgrind, as CI runs it
//! target/release/examples/floor --against BATON    reads and creates against another `baton`, such as the last release
//! ```
//!
//! Both sides are processes of their own on loopback, asked in turn by the same clients in one run. What is compared is
//! the CPU that the process used for a request, system included, which others on the machine disturb least; of each pair the
//! ratio, of all pairs the median. It ends with an error when a read costs more than 4.5 times the floor, or when a request costs
//! a tenth more than the other `baton`'s. What the processor's caches hold decides a good part of it, so one and the same program
//! takes 2.4 times the floor on one machine and 3.7 times on another: what must not grow unseen is counted in instructions.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a stopwatch that prints what it measured"
)]

mod bare;
mod client;
mod counted;
mod server;

use std::{net::SocketAddr, path::Path};

use client::{Clients, Used};
use server::Server;

type Error = Box<dyn std::error::Error>;

/// A read may cost so many times the floor, on any machine that it was tried on.
const FLOOR: f64 = 4.5;
/// A request may cost so many times what it costs the other `baton`: beyond what two runs of one program differ by.
const SLOWER: f64 = 1.1;
const PAIRS: usize = 10;
/// Requests of one side of a pair: some seconds of CPU, which the kernel counts in hundredths.
const REQUESTS: u32 = 40_000;

fn main() -> Result<(), Error> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    match given.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [bare::COMMAND, file, mark, addr] => bare::serve(Path::new(file), mark, addr.parse()?),
        [] => against_the_floor(),
        ["counts"] => counted::read(&ours()?),
        ["--against", other] => against_another(Path::new(other)),
        _ => Err("floor [counts | --against BATON]".into()),
    }
}

/// The product beside this program, as cargo puts it there.
fn ours() -> Result<std::path::PathBuf, Error> {
    let found = std::env::current_exe()?.ancestors().nth(2).map(|target| target.join("baton"));
    found.filter(|path| path.exists()).ok_or_else(|| "build it first: --bin baton".into())
}

fn against_the_floor() -> Result<(), Error> {
    let dir = tempfile::tempdir_in(".")?;
    let house = Server::baton(&ours()?, &dir.path().join("data"), None)?;
    let id = house.create(0)?;
    let floor = Server::bare(&dir.path().join("data/baton.db"), &server::mark(0), None)?;
    let asked = [house.read(id), floor.plain("/row")];
    let ratio = compare("a read by id", [&house, &floor], REQUESTS, |side, _| asked[side].clone())?;
    println!("the house costs {ratio:.2} × the floor; at most {FLOOR}");
    if ratio > FLOOR { Err("a read costs too much".into()) } else { Ok(()) }
}

fn against_another(other: &Path) -> Result<(), Error> {
    let dir = tempfile::tempdir_in(".")?;
    let sides = [
        Server::baton(&ours()?, &dir.path().join("ours"), None)?,
        Server::baton(other, &dir.path().join("theirs"), None)?,
    ];
    let ids = [sides[0].create(0)?, sides[1].create(0)?];
    let pair = [&sides[0], &sides[1]];
    let reads = compare("a read by id", pair, REQUESTS, |side, _| sides[side].read(ids[side]))?;
    let creates = compare("a create", pair, REQUESTS / 4, |side, n| sides[side].posted(n + 1))?;
    println!("a read costs {reads:.2} × the other's, a create {creates:.2} ×; at most {SLOWER}");
    if reads.max(creates) > SLOWER { Err("it has become slower".into()) } else { Ok(()) }
}

/// Asks both sides in turn, prints what each pair took, and tells the median of the paired ratios of CPU. The request is made
/// from the side and a number that grows.
fn compare(
    what: &str,
    sides: [&Server; 2],
    requests: u32,
    request: impl Fn(usize, u32) -> Vec<u8>,
) -> Result<f64, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let addresses: [SocketAddr; 2] = [sides[0].addr, sides[1].addr];
    let mut clients = runtime.block_on(async {
        Ok::<_, Error>([Clients::connect(addresses[0]).await?, Clients::connect(addresses[1]).await?])
    })?;
    println!("load average: {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    println!(
        "{what:>14}{:>14}{:>14}{:>14}{:>14}{:>10}",
        "ours µs", "theirs µs", "ours /s", "theirs /s", "ratio"
    );
    let mut ratios = Vec::new();
    // The first pair warms both up.
    for pair in 0..=PAIRS {
        let mut used = [Used::default(), Used::default()];
        for side in 0..2 {
            let before = sides[side].cpu()?;
            let took = runtime.block_on(clients[side].ask(requests, &|n| request(side, n)))?;
            used[side] = Used { cpu: sides[side].cpu()?.saturating_sub(before), took, requests };
        }
        if pair == 0 {
            continue;
        }
        let ratio = used[0].cpu.as_secs_f64() / used[1].cpu.as_secs_f64();
        let [ours, theirs] = &used;
        println!(
            "{:>14}{:>14.1}{:>14.1}{:>14.0}{:>14.0}{ratio:>10.2}",
            pair,
            ours.micros(),
            theirs.micros(),
            ours.rate(),
            theirs.rate()
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN))
}
