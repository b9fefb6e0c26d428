use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use standins::{FakeN8n, Network};

use crate::{
    Attack, Scale,
    arena::Arena,
    support::{listen, reply},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "deletions",
    does: "what was decided is deleted while n8n is down",
    guards: "deleting does not undo",
    run,
};

const KINDS: [(&str, &str, &str); 4] = [
    ("custom_payload", "/automation/payload/create", "/api/payloads"),
    ("media_item", "/automation/media/create", "/api/media"),
    ("lead", "/api/leads", "/api/leads"),
    ("invoice", "/api/invoices", "/api/invoices"),
];

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let n8n = FakeN8n::at(&Network::new(), "http://n8n.invalid");
    let down = Arc::new(AtomicBool::new(false));
    let (behind, is_down) = (n8n.clone(), down.clone());
    let origin = listen(move |request, stream| {
        if is_down.load(SeqCst) {
            reply(stream, 503, r#"{"message":"Service Unavailable"}"#);
        } else if let Ok(answer) = behind.answer(&request) {
            reply(stream, answer.status, &String::from_utf8_lossy(&answer.body));
        }
    });
    let installation = arena.register(&origin);
    let neighbour = arena.neighbour();
    let mut executions = 0;
    let mut made = Vec::new();
    for _ in 0..scale.of(2, 25) {
        for (kind, path, place) in KINDS {
            executions += 1;
            let id = arena.entity(path, installation, &origin, executions);
            n8n.waits(executions, "wf1", id);
            made.push((kind, place, id));
        }
    }
    down.store(true, SeqCst);
    let (mut decided, mut deleted) = (0, 0);
    for (kind, place, id) in &made {
        decided += u64::from(arena.decide("approve", kind, *id).status == 200);
        deleted += u64::from(arena.ask("DELETE", &format!("{place}/{id}"), None).status == 200);
    }
    verdict.exactly("decisions that were acknowledged", decided, executions);
    verdict.told("of those, entities that were deleted", deleted);
    down.store(false, SeqCst);
    let heard = || -> Vec<usize> {
        (1..=executions)
            .map(|id| n8n.execution(id).map_or(0, |execution| execution.decisions.len()))
            .collect()
    };
    let begun = Instant::now();
    while heard().contains(&0) && begun.elapsed() < Duration::from_secs(scale.of(25, 400)) {
        thread::sleep(Duration::from_millis(200));
    }
    verdict.exactly(
        "decisions that n8n was told once",
        heard().iter().filter(|told| **told == 1).count() as u64,
        executions,
    );
    verdict.exactly("decisions that n8n was told again", heard().iter().filter(|told| **told > 1).count(), 0);
    arena.judge(&mut verdict, neighbour);
    verdict
}
