use std::{thread, time::Duration};

use serde_json::json;

use crate::{
    Attack, Scale,
    arena::Arena,
    sockets::keep,
    support::{call, listen},
    verdict::Verdict,
};

pub const ATTACK: Attack = Attack {
    name: "hanging",
    does: "an n8n that takes calls and never answers, and one that never stops answering",
    guards: "hostile n8n",
    run,
};

fn run(scale: &Scale) -> Verdict {
    let mut verdict = Verdict::default();
    let mut arena = Arena::open();
    let silent = listen(|_, _| thread::sleep(Duration::from_secs(120)));
    let endless = listen(|_, stream| {
        use std::io::Write;
        let head =
            b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"data\":[";
        if stream.write_all(head).is_ok() {
            while stream.write_all(&[b' '; 65_536]).is_ok() {}
        }
    });
    let neighbour = arena.neighbour();
    let clients: Vec<_> = [silent, endless]
        .into_iter()
        .enumerate()
        .flat_map(|(at, origin)| {
            let (addr, key) = (arena.addr.clone(), arena.key.clone());
            (0..scale.of(20, 100)).map(move |call_no| {
                let (addr, key, origin) = (addr.clone(), key.clone(), origin.clone());
                thread::spawn(move || {
                    let key = [("x-api-key", &*key)];
                    if call_no == 0 {
                        let body = json!({ "instance_id": format!("n8n-{at}"), "host": origin, "api_key": "n8n-api-key-here", "title": "n8n" });
                        let _ = call(&addr, "POST", "/api/installs/register", &key, Some(&body));
                    } else {
                        thread::sleep(Duration::from_secs(1));
                        let body = json!({ "endpoint": format!("{origin}/webhook/x") });
                        let _ = call(&addr, "POST", "/api/trigger-webhook", &key, Some(&body));
                    }
                })
            })
        })
        .collect();
    keep(Duration::from_secs(scale.of(8, 40)), Duration::from_secs(1), || ());
    verdict.told("calls under way", clients.len());
    verdict.within("memory at its peak beyond that at rest, MB", arena.beyond_rest_mb(), 0..=256);
    arena.judge(&mut verdict, neighbour);
    verdict
}
