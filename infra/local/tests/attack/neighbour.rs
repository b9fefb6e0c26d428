//! The other organization, at its work while somebody attacks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{support::call, verdict::Verdict};

const PAUSE: Duration = Duration::from_millis(100);
/// Longer than a busy machine takes for one of three small requests; shorter than somebody waits.
const SLOW_MS: u64 = 5_000;

pub struct Neighbour {
    stop: Arc<AtomicBool>,
    work: JoinHandle<Work>,
}

#[derive(Default)]
struct Work {
    served: u64,
    refused: Vec<String>,
    worst: Duration,
}

impl Neighbour {
    pub fn begin(addr: &str, key: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, addr, key) = (stop.clone(), addr.to_owned(), key.to_owned());
        let work = thread::spawn(move || {
            let mut work = Work::default();
            while !ended.load(SeqCst) {
                work.round(&addr, &key);
                thread::sleep(PAUSE);
            }
            work
        });
        Self { stop, work }
    }

    /// Ends the work and says how it went.
    pub fn judge(self, verdict: &mut Verdict) {
        self.stop.store(true, SeqCst);
        let work = self.work.join().unwrap();
        verdict.within("requests of the neighbour that were served", work.served, 3..=u64::MAX);
        verdict.exactly("requests of the neighbour that were not", work.refused.len(), 0);
        if let Some(first) = work.refused.first() {
            verdict.told("  the first of them", first);
        }
        verdict.within("the longest that the neighbour waited, ms", millis(work.worst), 0..=SLOW_MS);
    }
}

pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Work {
    fn round(&mut self, addr: &str, key: &str) {
        let begun = Instant::now();
        let made =
            call(addr, "POST", "/api/payloads", &[("x-api-key", key)], Some(&json!({ "title": "Theirs" })));
        let id = made.as_ref().ok().and_then(|made| made.json["id"].as_u64());
        self.count("create", begun, made.map(|made| made.status), 201);
        if let Some(id) = id {
            let begun = Instant::now();
            let body = json!({ "entity_id": id, "entity_type": "custom_payload" });
            let decided = call(addr, "POST", "/automation/approve", &[("x-api-key", key)], Some(&body));
            self.count("approve", begun, decided.map(|decided| decided.status), 200);
        }
        let begun = Instant::now();
        let health = call(addr, "GET", "/health", &[], None);
        self.count("health", begun, health.map(|health| health.status), 200);
    }

    fn count(&mut self, what: &str, begun: Instant, answered: std::io::Result<u16>, wanted: u16) {
        self.worst = self.worst.max(begun.elapsed());
        match answered {
            Ok(status) if status == wanted => self.served += 1,
            other => self.refused.push(format!("{what}: {other:?}")),
        }
    }
}
