//! A list of thirty makes as many store calls in a row as a list of three: no query a row.

use serde_json::{Value, json};

use super::measure;
use harness::{TestApp, samples};

const LISTS: [&str; 16] = [
    "/api/payloads/list",
    "/api/leads/list",
    "/api/leads/list?status=New",
    "/api/leads/recent",
    "/api/media/list",
    "/api/media/list?media_type=video",
    "/api/collections",
    "/api/notifications/list",
    "/api/installs",
    "/api/alerts",
    "/api/invoices/list",
    "/api/chats/list",
    "/api/chats/73",
    "/api/token-usage/abc123/stats",
    "/api/token-usage/abc123/records",
    "/api/budgets",
];

/// `count` more of everything that is listed.
async fn grow(house: &TestApp, from: usize, count: usize) {
    for n in from..from + count {
        house
            .seed_installation_at(
                &house.acme,
                600_000 + u64::try_from(n).unwrap(),
                "https://n8n.other.example",
            )
            .await;
        let media =
            samples::with(samples::media::media(), "collection_name", json!(format!("Collection {n}")));
        let message = json!({
            "session_id": format!("session-{n}"), "role": "user", "content": "Where is my order?",
        });
        let more = json!({ "session_id": "conversation-7", "role": "user", "content": format!("And {n}?") });
        let person = samples::with(samples::lead(), "email", json!(format!("jane-{n}@example.com")));
        for (path, body) in [
            ("/api/payloads", samples::payload()),
            ("/api/leads", person),
            ("/api/media", media),
            ("/api/alerts", json!({ "kind": "stuck", "after_minutes": 60 })),
            ("/api/budgets", json!({ "title": format!("Budget {n}"), "period": "day", "amount": 100 + n })),
            ("/api/notifications", json!({ "title": "Done", "message": format!("{n} of them") })),
            ("/api/invoices", invoice(n)),
            ("/api/chats/message", message),
            ("/api/chats/message", more),
            ("/api/token-usage", samples::with(samples::token_usage(), "workflow_id", json!("abc123"))),
        ] {
            let made = house.acme.post(path, body).await;
            assert!(made.status < 300, "{path}: {made:?}");
        }
    }
}

fn invoice(n: usize) -> Value {
    json!({ "invoice_number": format!("INV-{n}"), "amount": 12, "currency": "USD" })
}

async fn trips(house: &TestApp) -> Vec<(usize, usize)> {
    let mut counted = Vec::new();
    for path in LISTS {
        let (cost, answer) = measure(house, path, house.acme.get(path)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        counted.push((cost.round_trips, answer.text.len()));
    }
    counted
}

#[tokio::test]
async fn longer_lists_make_no_more_calls() {
    let house = samples::scene().await;
    grow(&house, 0, 3).await;
    trips(&house).await;
    let few = trips(&house).await;
    grow(&house, 3, 12).await;
    let many = trips(&house).await;
    for (path, (few, many)) in LISTS.iter().zip(few.iter().zip(&many)) {
        assert_eq!(few.0, many.0, "{path}: calls in a row, with four and with sixteen");
        assert!(many.1 > few.1 || path.ends_with("recent") || path.ends_with("stats"), "{path} did not grow");
    }
}
