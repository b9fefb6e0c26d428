//! Environments that draw the same ids in the same millisecond.

use std::time::Duration;

use harness::TestApp;
use serde_json::{Value, json};

/// What is made, and what shows it.
fn made() -> [(&'static str, Value, &'static str); 6] {
    [
        ("/api/payloads", json!({ "title": "T", "payload": { "a": 1 } }), "/api/payloads/ID"),
        ("/api/payloads", json!({ "title": "T", "payload": "x".repeat(20_000) }), "/api/payloads/ID"),
        (
            "/api/leads",
            json!({ "first_name": "Ann", "last_name": "Lee", "email": "ann@x.example" }),
            "/api/leads/ID",
        ),
        (
            "/api/media",
            json!({ "title": "M", "media_type": "image", "url": "https://x.example/a.png" }),
            "/api/media/ID",
        ),
        ("/api/collections", json!({ "title": "C" }), "/api/collections"),
        ("/api/notifications", json!({ "title": "N", "message": "m" }), "/api/notifications/list"),
    ]
}

#[tokio::test]
async fn two_sources_in_one_millisecond_make_two_of_everything() {
    let house = TestApp::new().await;
    let (one, other) = (house.with_own_ids(&house.acme), house.with_own_ids(&house.acme));
    for (round, (path, mut body, list)) in made().into_iter().enumerate() {
        // Both sources begin with the millisecond.
        house.clock.advance(Duration::from_secs(1));
        let mut ids = Vec::new();
        for (who, caller) in [&one, &other].into_iter().enumerate() {
            body["title"] = format!("{path} {round} of {who}").into();
            if body.get("email").is_some() {
                body["email"] = format!("ann-{who}@x.example").into();
            }
            let answer = caller.post(path, body.clone()).await;
            assert_eq!(answer.status, 201, "{path}: {answer:?}");
            ids.push(answer.id());
        }
        assert_ne!(ids[0], ids[1], "{path}");
        for id in ids.iter().map(u64::to_string) {
            let shown = house.acme.get(&list.replace("ID", &id)).await;
            assert!(shown.status == 200 && shown.text.contains(&id), "{list} shows {id}: {shown:?}");
        }
    }
}
