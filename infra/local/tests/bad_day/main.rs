//! A bad day of the real process: `cargo test -p baton --features chaos --test bad_day -- --seed 7 --kills 500`.
//!
//! Clients run random programs of what workflows and people do, while `baton serve` is killed by SIGKILL every 50 to 500
//! milliseconds and started again on the same data, with 30 of a hundred calls of its ports refused, 5 of a hundred calls
//! of its store done and unheard, messages doubled, late and out of order, its clock up to ten minutes wrong, and an n8n on
//! a real socket that dies and comes back, is slow, and takes decisions without saying so. Then the weather clears, time
//! passes, dead letters are sent again, and everything must be as the clients were told: nothing lost, nothing done twice,
//! nothing stuck.
//!
//! The same seed throws the same programs, lives, clocks and faults. What meets what is the machine's to say.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test with a stopwatch fails by panicking"
)]

mod dice;
mod n8n;
mod program;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the processes of this test may die at their start")]
mod support;
mod verdict;
mod world;

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use dice::Dice;
use n8n::Host;
use program::{Next, Program};
use serde_json::Value;
use support::{ask, call, command};
use world::World;

const CLIENTS: u64 = 6;
/// Programs that a client has under way at once.
const UNDER_WAY: usize = 5;
/// How long time passes in the end at most, in lives of a second and a half.
const CLEARING: u64 = 60;
/// Between two of those lives so much time passes: longer than any lease, and than a sweep leaves things alone.
const LEAP: i64 = 150_000;
/// Longer than a run is followed whose execution nobody knows.
const WEEK: i64 = 8 * 24 * 3_600_000;

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often the process is killed.
    #[arg(long, default_value_t = 60)]
    kills: u64,
}

/// One life of the process.
struct Life {
    child: Child,
    greeting: Value,
}

impl Life {
    /// None when the process died at its start.
    fn begin(data: &Path, log: &Path, settings: &[(&str, &str)]) -> Option<Self> {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut child = command(data, settings)
            .env("BATON_LOG", "warn")
            .env("BATON_TRIGGER_LIMIT", "1000000")
            .env("BATON_POLL_LIMIT", "1000000")
            .env("BATON_DEFAULT_PLAN", "unlimited")
            .args(["serve", "--json"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        match serde_json::from_str(&line) {
            Ok(greeting) => Some(Self { child, greeting }),
            Err(_) => {
                assert!(!child.wait().unwrap().success());
                None
            }
        }
    }

    fn addr(&self) -> String {
        self.greeting["address"].as_str().unwrap().trim_start_matches("http://").to_owned()
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn main() -> ExitCode {
    let Arguments { seed, kills } = Arguments::parse();
    println!("seed {seed}, {kills} kills");
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    let host = Host::start(seed);
    let world = open(&data, &log, &host);
    let (closing, begun) = (Arc::new(AtomicBool::new(false)), Instant::now());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (world, closing) = (world.clone(), closing.clone());
            thread::spawn(move || run(&world, Dice::new(seed, client), &closing))
        })
        .collect();
    let stillborn = storm(&world, &data, &log, Dice::new(seed, 99), kills);
    println!("the storm took {:?}; {stillborn} starts were refused", begun.elapsed());
    closing.store(true, SeqCst);
    let redriven = clear(&world, &data, &log, || clients.iter().all(thread::JoinHandle::is_finished));
    for client in clients {
        client.join().unwrap();
    }
    let wrong = verdict::wrong(&world, &data, &log);
    verdict::report(&world, redriven);
    println!("{:?} in all", begun.elapsed());
    if wrong.is_empty() {
        println!("nothing was lost, doubled or stuck");
        return ExitCode::SUCCESS;
    }
    let kept = dir.keep();
    println!("{} things are wrong with seed {seed} (see {}):", wrong.len(), kept.display());
    wrong.iter().take(40).for_each(|what| println!("- {what}"));
    ExitCode::FAILURE
}

/// The first start, in fair weather: an organization, its key, its n8n.
fn open(data: &Path, log: &Path, host: &Arc<Host>) -> Arc<World> {
    let life = Life::begin(data, log, &[]).unwrap();
    let key = life.greeting["api_key"].as_str().unwrap().to_owned();
    let body = program::registration(&host.origin);
    let registered = ask(&life.addr(), &key, "POST", "/api/installs/register", Some(&body));
    let installation = registered.json["installation_id"].as_u64().unwrap();
    let world = World::new(life.addr(), key, installation, host.clone());
    life.kill();
    world
}

/// Life after life, each cut short. Returns how many died at their start.
fn storm(world: &World, data: &Path, log: &Path, mut dice: Dice, kills: u64) -> u64 {
    let (mut killed, mut stillborn) = (0, 0);
    world.host.storm.store(true, SeqCst);
    while killed < kills {
        let skew = i64::try_from(dice.below(1_200_000)).unwrap() - 600_000;
        let (skew, seed) = (skew.to_string(), dice.throw().to_string());
        let settings = [
            ("BATON_CHAOS_SKEW", &*skew),
            ("BATON_CHAOS_SEED", &*seed),
            ("BATON_CHAOS_REFUSED", "30"),
            ("BATON_CHAOS_UNHEARD", "5"),
        ];
        world.host.down.store(dice.chance(20), SeqCst);
        let lives = 50 + dice.below(450);
        let Some(life) = Life::begin(data, log, &settings) else {
            stillborn += 1;
            continue;
        };
        *world.addr.lock().unwrap() = life.addr();
        thread::sleep(Duration::from_millis(lives));
        life.kill();
        killed += 1;
    }
    world.host.storm.store(false, SeqCst);
    world.host.down.store(false, SeqCst);
    stillborn
}

/// Fair weather, in which much time passes: the clock leaps from life to life. Returns how many dead letters were sent again,
/// as an operator does.
fn clear(world: &World, data: &Path, log: &Path, over: impl Fn() -> bool) -> usize {
    let (mut redriven, mut quiet) = (0, 0);
    for leap in 0..CLEARING {
        // From the farthest that a clock was ahead.
        let skew = 600_000 + LEAP * i64::try_from(leap).unwrap() + if quiet > 1 { WEEK } else { 0 };
        let skew = skew.to_string();
        let life = Life::begin(data, log, &[("BATON_CHAOS_SKEW", &*skew)]).unwrap();
        *world.addr.lock().unwrap() = life.addr();
        thread::sleep(Duration::from_millis(1500));
        life.kill();
        redriven += verdict::redrive(data);
        if over() {
            quiet += 1;
        }
        if quiet > 1 && verdict::stuck(data).is_empty() {
            break;
        }
    }
    redriven
}

/// A client, until the storm is over and its programs are done.
fn run(world: &World, mut dice: Dice, closing: &AtomicBool) {
    let mut under_way: Vec<Program> = Vec::new();
    let mut since = None;
    loop {
        let closed = closing.load(SeqCst);
        if closed && under_way.is_empty() {
            return;
        }
        if closed && since.get_or_insert_with(Instant::now).elapsed() > Duration::from_secs(2 * CLEARING) {
            under_way.iter().for_each(|program| world.wrong(format!("never done: {}", program.describe())));
            return;
        }
        if !closed && under_way.len() < UNDER_WAY {
            under_way.push(Program::throw(world, &mut dice));
        }
        let at = usize::try_from(dice.below(under_way.len() as u64)).unwrap();
        if send(world, &mut under_way[at]) {
            under_way.swap_remove(at);
        }
    }
}

/// Sends the next request of a program once. Returns whether the program is done.
fn send(world: &World, program: &mut Program) -> bool {
    let Some(request) = program.request(world) else {
        thread::sleep(Duration::from_millis(5));
        return false;
    };
    let addr = world.addr.lock().unwrap().clone();
    let mut headers = vec![("x-api-key", &*world.key)];
    headers.extend(request.key.as_deref().map(|key| ("idempotency-key", key)));
    world.counts.sent.fetch_add(1, SeqCst);
    let Ok(answer) = call(&addr, request.method, &request.path, &headers, request.body.as_ref()) else {
        world.counts.cut.fetch_add(1, SeqCst);
        program.unsure = true;
        thread::sleep(Duration::from_millis(10));
        return false;
    };
    let code = answer.json["code"].as_str().or(answer.json["error"].as_str()).unwrap_or_default();
    let busy = answer.status == 409 && code == "idempotency_key_in_progress";
    // A trigger that n8n did not take, or whose answer was lost on the way, is repeated under its key. That its answer was lost
    // is remembered as well: then it says so for good.
    let for_good = answer.head.contains("idempotent-replayed");
    if busy || [429, 503].contains(&answer.status) || [502, 504].contains(&answer.status) && !for_good {
        world.counts.refused.fetch_add(1, SeqCst);
        program.unsure = true;
        thread::sleep(Duration::from_millis(if busy { 20 } else { 2 }));
        return false;
    }
    if answer.status >= 500 && !for_good {
        world.wrong(format!("{} {} was answered {answer:?}", request.method, request.path));
    }
    world.counts.answered.fetch_add(1, SeqCst);
    matches!(program.answered(world, &answer), Next::Done)
}
