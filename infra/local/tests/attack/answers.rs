use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use std::time::Duration;

use serde_json::json;

use crate::{
    Attack, Scale,
    arena::Arena,
    requests::hostile,
    sockets::keep,
    support::{call, listen, reply},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "answers",
    does: "an n8n whose every answer is hostile JSON, through a listing, a trigger, a credential, an execution",
    guards: "foreign bytes",
    run,
};

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let neighbour = arena.neighbour();
    let (mut unanswered, mut failed) = (0, 0);
    let credentials = Arc::new(AtomicU64::new(0));
    for (at, (_, body)) in hostile(scale.long).into_iter().enumerate() {
        let seen = credentials.clone();
        let origin = listen(move |request, stream| {
            seen.fetch_add(u64::from(request.url.path().ends_with("/credentials")), SeqCst);
            reply(stream, 200, &body);
        });
        let installation = json!({ "instance_id": format!("n8n-{at}"), "host": origin, "api_key": "n8n-api-key-here", "title": "n8n" });
        let key = [("x-api-key", &*arena.key)];
        let mut ask = |path: &str, body: &serde_json::Value| {
            let answer = call(&arena.addr, "POST", path, &key, Some(body));
            unanswered += u64::from(answer.is_err());
            // n8n's fault is no fault of the house.
            failed += u64::from(answer.as_ref().is_ok_and(|answer| answer.status == 500));
            answer.map(|answer| answer.json).unwrap_or_default()
        };
        let id = ask("/api/installs/register", &installation)["installation_id"].clone();
        ask(
            "/api/trigger-webhook",
            &json!({ "endpoint": format!("{origin}/webhook/x"), "installation_id": id }),
        );
        let posted = json!({
            "installation_id": id, "workflow_id": "wf1", "execution_id": (700 + at).to_string(), "human_interaction": true,
            "title": "T", "resume_url": format!("{origin}/webhook-waiting/{}", 700 + at),
        });
        let entity = ask("/automation/payload/create", &posted)["id"].clone();
        ask("/automation/approve", &json!({ "entity_id": entity, "entity_type": "custom_payload" }));
        let node =
            json!({ "installation_id": id, "credential": true, "base_url": "https://baton.example.com" });
        ask("/api/n8n/nodes/payload", &node);
    }
    verdict.exactly("requests without an answer", unanswered, 0);
    verdict.exactly("requests that failed", failed, 0);
    verdict.within("credentials that n8n was asked for", credentials.load(SeqCst), 1..=u64::MAX);
    let most = if scale.long { 160 } else { 96 };
    verdict.within("memory at its peak beyond that at rest, MB", arena.beyond_rest_mb(), 0..=most);
    arena.judge(&mut verdict, neighbour);
    // What such an n8n is owed is owed still: it must not end the next start.
    arena.restart();
    let neighbour = arena.neighbour();
    keep(Duration::from_secs(scale.of(4, 90)), Duration::from_secs(1), || ());
    verdict.told("after another start", "");
    arena.judge(&mut verdict, neighbour);
    verdict
}
