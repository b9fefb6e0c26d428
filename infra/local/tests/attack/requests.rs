use shared::http::routes::{ROUTES, Route, Verb};

use crate::{Attack, Scale, arena::Arena, support::send, verdict::Verdict};

pub const ATTACK: Attack = Attack {
    name: "requests",
    does: "hostile JSON to every route that reads a body",
    guards: "foreign bytes",
    run,
};

/// What one body may make the process hold, in bytes for each of its own, and beside that.
const TIMES: u64 = 8;
const BESIDE_MB: u64 = 16;
/// Processor time for a megabyte, in an unoptimized build.
const MS_A_MB: u64 = 400;

/// JSON that costs: name and text. None of it is a valid input of any route.
pub fn hostile(long: bool) -> Vec<(&'static str, String)> {
    let size = if long { 5_000_000 } else { 300_000 };
    vec![
        ("a key that a library means something by, in itself 80 times", magic(80)),
        ("lists in lists", format!(r#"{{"z":{}"#, "[".repeat(100_000))),
        ("objects in objects", r#"{"z":"#.repeat(100_000)),
        ("a list of small objects", format!(r#"{{"z":[{}]}}"#, vec![r#"{"":0}"#; size / 7].join(","))),
        ("a list of small numbers", format!(r#"{{"z":[{}]}}"#, vec!["1"; size / 2].join(","))),
        (
            "many names",
            format!("{{{}}}", (0..size / 12).map(|n| format!(r#""n{n}":1"#)).collect::<Vec<_>>().join(",")),
        ),
        ("a number of many digits", format!(r#"{{"z":{}}}"#, "9".repeat(size))),
    ]
}

/// The key whose text serde_json reads again with a fresh limit of depth, in itself so often.
pub fn magic(times: usize) -> String {
    let mut text = "[]".to_owned();
    for _ in 0..times {
        let inside = text.replace('\\', r"\u005c").replace('"', r"\u0022");
        let (open, close) = ("[".repeat(110), "]".repeat(110));
        text = format!(r#"{open}{{"$serde_json::private::RawValue":"{inside}"}}{close}"#);
    }
    format!(r#"{{"username":"x","password":"y","z":{text}}}"#)
}

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let neighbour = arena.neighbour();
    let bodies = hostile(scale.long);
    let largest = bodies.iter().map(|(_, body)| body.len() as u64).max().unwrap();
    // What the routes need for a body of that size which is nothing but long, beside a neighbour at work: their code and what
    // each thread and the database keep for themselves. What it answers does not matter.
    let plain = format!(r#"{{"z":"{}"}}"#, "x".repeat(usize::try_from(largest).unwrap()));
    for _ in 0..3 {
        for route in ROUTES.iter().filter(|route| !matches!(route.method, Verb::Get)) {
            let _ = send(
                &arena.addr,
                route.method.as_str(),
                &path_of(route),
                &[("x-api-key", &arena.key)],
                &plain,
            );
        }
    }
    arena.rests();
    let (mut sent, mut bytes, mut failed, mut cut) = (0_u64, 0_u64, Vec::new(), Vec::new());
    for route in ROUTES.iter().filter(|route| !matches!(route.method, Verb::Get)) {
        let path = path_of(route);
        for (name, body) in &bodies {
            sent += 1;
            bytes += body.len() as u64;
            match send(&arena.addr, route.method.as_str(), &path, &[("x-api-key", &arena.key)], body) {
                Ok(answer) if answer.status < 500 => {}
                Ok(answer) => {
                    failed.push(format!("{} {path}, {name}: {}", route.method.as_str(), answer.status));
                }
                Err(error) => cut.push(format!("{} {path}, {name}: {error}", route.method.as_str())),
            }
        }
        if cut.len() > 20 {
            break;
        }
    }
    verdict.told("requests", sent);
    verdict.exactly("requests that failed", failed.len(), 0);
    verdict.exactly("requests without an answer", cut.len(), 0);
    for first in failed.first().into_iter().chain(cut.first()) {
        verdict.told("  the first of them", first);
    }
    let most = BESIDE_MB + TIMES * largest.div_ceil(1 << 20);
    verdict.within("memory at its peak beyond that at rest, MB", arena.beyond_rest_mb(), 0..=most);
    let ms = u64::try_from(arena.cpu().as_millis()).unwrap();
    verdict.within("processor time for a MB that was sent, ms", ms * (1 << 20) / bytes, 0..=MS_A_MB);
    if arena.is_alive() {
        kept(&arena, &mut verdict);
    }
    arena.judge(&mut verdict, neighbour);
    verdict
}

/// An address of the route, with ids that name nothing.
fn path_of(route: &Route) -> String {
    route.path.replace("{id}", "1").replace("{kind}", "lead").replace(['{', '}'], "")
}

/// What is taken can be read, and lists go on.
fn kept(arena: &Arena, verdict: &mut Verdict) {
    let deep = |times: usize| {
        let mut text = "1".to_owned();
        for _ in 0..times {
            let inside = text.replace('\\', r"\u005c").replace('"', r"\u0022");
            let (open, close) = ("[".repeat(100), "]".repeat(100));
            text = format!(r#"{open}{{"$serde_json::private::RawValue":"{inside}"}}{close}"#);
        }
        text
    };
    for times in 0..4 {
        let body = format!(
            r#"{{"title":"T","invoice_number":"INV-{times}","amount":5,"custom_data":{{"a":{}}}}}"#,
            deep(times)
        );
        let made = send(&arena.addr, "POST", "/api/invoices", &[("x-api-key", &arena.key)], &body).unwrap();
        if made.status < 300 {
            let one = arena.ask("GET", &format!("/api/invoices/{}", made.json["id"]), None);
            verdict.exactly(format!("status of what was taken, {times} deep"), one.status, 200);
        }
    }
    verdict.exactly("status of the list", arena.ask("GET", "/api/invoices/list", None).status, 200);
}
