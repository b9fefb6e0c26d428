use std::{
    sync::{Arc, Barrier},
    thread,
};

use properties::effort;

use crate::{Attack, Scale, arena::Arena, support::send, verdict::Verdict};

pub const ATTACK: Attack = Attack {
    name: "pushes",
    does: "executions made to be entangled, several at once",
    guards: "what an execution looks like",
    run,
};

const AT_ONCE: usize = 4;
/// Processor time for a megabyte, in an unoptimized build. Where each call is compared with each it is a hundred times as much.
const MS_A_MB: u64 = 1_000;

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let installation = arena.register("http://127.0.0.1:9");
    let neighbour = arena.neighbour();
    let before = arena.cpu();
    let (mut bytes, mut taken, mut refused) = (0, 0_usize, Vec::new());
    for row in effort::ROWS.iter().filter(|row| row.parser == "execution") {
        let execution = String::from_utf8((row.make)(scale.of(300_000, 1_400_000))).unwrap();
        let body = Arc::new(format!(
            r#"{{"installation_id":{installation},"workflow_id":"wf1","execution_data":{execution}}}"#
        ));
        bytes += AT_ONCE * body.len();
        let start = Arc::new(Barrier::new(AT_ONCE));
        let clients = (0..AT_ONCE).map(|_| {
            let (addr, key, body, start) =
                (arena.addr.clone(), arena.key.clone(), body.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                send(&addr, "POST", "/api/push/executions", &[("x-api-key", &key)], &body)
            })
        });
        for client in clients.collect::<Vec<_>>() {
            match client.join().unwrap() {
                Ok(answer) if [200, 400, 422].contains(&answer.status) => taken += 1,
                other => refused.push(format!("{}: {other:?}", row.input)),
            }
        }
    }
    verdict.told("pushes that were taken, or refused for what they say", taken);
    verdict.exactly("pushes that were not answered so", refused.len(), 0);
    if let Some(first) = refused.first() {
        verdict.told("  the first of them", first);
    }
    let ms = u64::try_from((arena.cpu() - before).as_millis()).unwrap();
    verdict.within("processor time for a MB that was sent, ms", ms * (1 << 20) / bytes as u64, 0..=MS_A_MB);
    verdict.within("memory at its peak beyond that at rest, MB", arena.beyond_rest_mb(), 0..=128);
    arena.judge(&mut verdict, neighbour);
    verdict
}
