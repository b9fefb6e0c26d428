use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use http::Method;
use standins::{FakeN8n, Network};

use crate::{
    Attack, Scale,
    arena::Arena,
    sockets::keep,
    support::{call, listen, reply},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "decisions",
    does: "an n8n that is slow to be looked at, is running already, and takes a decision late",
    guards: "a decision is told once",
    run,
};

/// The longest that an attempt may take, and the longest until another looks after it.
const LEASE: u64 = 30;
const AFTER: u64 = 70;

/// The execution has two Waits. Each look takes 4.4 s, and each call 7 s until n8n says that the execution is running: so an
/// attempt goes on past its lease where nothing ends it, and the next begins beside it. Then one call is taken.
fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let n8n = FakeN8n::at(&Network::new(), "http://n8n.invalid");
    let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (behind, counted, peak, log) = (n8n.clone(), now.clone(), most.clone(), calls.clone());
    let slow = scale.of(1, 4);
    let origin = listen(move |request, stream| {
        if request.method == Method::GET && request.url.path().starts_with("/api/v1/executions/") {
            thread::sleep(Duration::from_millis(1_100 * slow));
        }
        if request.url.path().starts_with("/webhook-waiting/") {
            peak.fetch_max(counted.fetch_add(1, SeqCst) + 1, SeqCst);
            let mut log = log.lock().unwrap();
            log.push(());
            let number = log.len();
            drop(log);
            thread::sleep(Duration::from_millis(1_800 * slow));
            counted.fetch_sub(1, SeqCst);
            if number % 5 != 0 {
                reply(stream, 409, r#"{"message":"The execution \"7\" is running already."}"#);
                return;
            }
        }
        if let Ok(answer) = behind.answer(&request) {
            reply(stream, answer.status, &String::from_utf8_lossy(&answer.body));
        }
    });
    let installation = arena.register(&origin);
    let neighbour = arena.neighbour();
    let first = arena.entity("/automation/payload/create", installation, &origin, 7);
    n8n.waits(7, "wf1", first);
    let client = {
        let (addr, key) = (arena.addr.clone(), arena.key.clone());
        thread::spawn(move || {
            let body = serde_json::json!({ "entity_id": first, "entity_type": "custom_payload" });
            call(&addr, "POST", "/automation/approve", &[("x-api-key", &key)], Some(&body))
        })
    };
    // When the first decision is heard, the execution goes on to another entity and waits again.
    let mut second = None;
    keep(Duration::from_secs(scale.of(20, LEASE + 2 * AFTER)), Duration::from_millis(200), || {
        let heard = n8n.execution(7).is_some_and(|execution| !execution.decisions.is_empty());
        if heard && second.is_none() {
            let id = arena.entity("/automation/payload/create", installation, &origin, 7);
            n8n.goes_on_to(7, id);
            second = Some(id);
        }
    });
    let heard = n8n.execution(7).map_or(0, |execution| execution.decisions.len());
    verdict.within("decisions that n8n was told", heard as u64, scale.of(0, 1)..=1);
    verdict.within("calls about one decision at the same time", most.load(SeqCst), 1..=1);
    verdict.told("calls", calls.lock().unwrap().len());
    drop(client);
    arena.judge(&mut verdict, neighbour);
    verdict
}
