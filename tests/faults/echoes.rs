//! The parts of the walk of the secrets in which somebody else is careless: n8n repeats what it is sent, a browser sends
//! its cookies around, and Baton itself panics.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use standins::Plan;

use super::secrets::{N8N_KEY, QUERY, Replies, SIGNATURE, register};
use harness::{N8N, PASSWORD, TestApp, pass};

/// Every kind of entity that an execution can wait for, and where it is read back.
const KINDS: [(&str, &str, &str); 4] = [
    ("custom_payload", "/automation/payload/create", "/api/payloads"),
    ("media_item", "/automation/media/create", "/api/media"),
    ("lead", "/api/leads", "/api/leads"),
    ("invoice", "/api/invoices", "/api/invoices"),
];

fn entity(kind: &str, execution: u64) -> Value {
    let mut body = match kind {
        "media_item" => json!({ "title": "x", "media_type": "file" }),
        "lead" => {
            json!({ "first_name": "A", "last_name": "B", "email": format!("a{execution}@example.com") })
        }
        "invoice" => json!({ "invoice_number": format!("INV-{execution}"), "amount": 1 }),
        _ => json!({ "title": "x" }),
    };
    body["workflow_id"] = json!("wf1");
    body["execution_id"] = json!(execution);
    body["human_interaction"] = json!(true);
    body["resume_url"] = json!(format!("{N8N}/webhook-waiting/{execution}?signature={SIGNATURE}"));
    body
}

/// n8n answers everything with all that it was sent: the key, the URL, the body.
pub async fn of_n8n(house: &TestApp, replies: &mut Replies) {
    let statuses = [400, 401, 403, 404, 409, 422, 500, 503, 302, 200];
    for (round, status) in (1000..).step_by(100).zip(statuses) {
        house.n8n.echo(None);
        let at = replies.post(house, "/api/installs/register", register(&json!(N8N_KEY))).await;
        let installation = replies.0[at].json["installation_id"].clone();
        let mut made = Vec::new();
        for (n, (kind, create, read)) in (round..).zip(KINDS) {
            let at = replies.post(house, create, entity(kind, n)).await;
            let id = replies.0[at].id();
            house.n8n.waits(n, "wf1", id);
            house.n8n.rotate_token(n, SIGNATURE);
            made.push((kind, id, format!("{read}/{id}")));
        }
        house.n8n.echo(Some(status));
        for (kind, id, _) in &made {
            let body = json!({ "entity_id": id, "entity_type": kind });
            replies.post(house, "/automation/approve", body).await;
            assert_eq!(replies.last().status, 200, "{:?}", replies.last());
        }
        replies.post(house, "/api/installs/register", register(&json!(N8N_KEY))).await;
        replies.post(house, "/api/n8n/nodes/payload-review", json!({})).await;
        // What a workflow answers to its trigger when all went well is its caller's to read, whatever it is.
        if status >= 400 {
            let endpoint = format!("{N8N}/webhook/report?token={QUERY}");
            replies.post(house, "/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
            assert_eq!(replies.last().status, 502, "{:?}", replies.last());
            assert!(replies.last().text.contains("report?…"), "n8n repeated nothing: {:?}", replies.last());
        }
        pass(house, 60).await;
        for (.., path) in &made {
            replies.0.push(house.acme.get(path).await);
            assert!(!replies.last().json["resume"]["state"].is_null(), "{:?}", replies.last());
        }
        replies.0.push(house.acme.get(&format!("/api/installed/{installation}")).await);
    }
    house.n8n.echo(None);
}

/// A browser that logs in, is given a fresh token, and meets refusals. Returns what its cookies held.
pub async fn browsers(house: &TestApp, replies: &mut Replies) -> Vec<String> {
    let browser = house.acme.at("192.0.2.1", true);
    let body = json!({ "username": house.acme.key.username, "password": PASSWORD });
    let answer = browser.bare(Method::POST, "/api/v1/auth/login", Some(body), &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut held: Vec<String> = answer.cookies().into_iter().map(|(_, value, _)| value).collect();
    let jar: Vec<_> =
        answer.cookies().into_iter().map(|(name, value, _)| format!("{name}={value}")).collect();
    let jar = jar.join("; ");
    house.advance(Duration::from_secs(40 * 60));
    let renewed = browser.bare(Method::GET, "/api", None, &[("cookie", &jar)]).await;
    held.extend(renewed.cookies().into_iter().map(|(_, value, _)| value));
    assert!(held.len() >= 3, "a login and a renewal: {}", held.len());
    let others = held[1].clone();
    for token in ["", "AAAA", &others] {
        let headers = [("cookie", jar.as_str()), ("x-csrf-token", token)];
        for (path, body) in [
            ("/api/payloads", json!({ "title": 7, "resume_url": held[0] })),
            ("/api/user/password", json!({ "current_password": held[0], "new_password": [held[1]] })),
            ("/api/nowhere", json!({ "token": held[0] })),
        ] {
            let answer = browser.bare(Method::POST, path, Some(body), &headers).await;
            assert!(answer.status >= 400, "{answer:?}");
            if answer.cookies().is_empty() {
                replies.0.push(answer);
            } else {
                held.extend(answer.cookies().into_iter().map(|(_, value, _)| value));
            }
        }
    }
    // Moved out of its place: in another header, and cut.
    for credential in [format!("{}x", held[0]), held[0][..held[0].len() - 1].to_owned()] {
        for header in [("x-api-key", credential.clone()), ("authorization", format!("Bearer {credential}"))] {
            replies.0.push(browser.bare(Method::GET, "/api", None, &[(header.0, &header.1)]).await);
            assert!(replies.last().status >= 400, "{:?}", replies.last());
        }
    }
    held
}

/// The process stumbles at every call of requests that carry secrets.
pub async fn panics(house: &TestApp, replies: &mut Replies) {
    let mut stumbled = 0;
    for (path, body) in [
        ("/api/installs/register", register(&json!(N8N_KEY))),
        ("/automation/payload/create", entity("custom_payload", 9000)),
        ("/api/trigger-webhook", json!({ "endpoint": format!("{N8N}/webhook/report?token={QUERY}") })),
        ("/api/n8n/nodes/payload-review", json!({})),
        ("/api/v1/auth/login", json!({ "username": "nobody@acme.example", "password": PASSWORD })),
    ] {
        for last in ["store.get", "store.write", "store.transact", "http.send", "queue.send"] {
            house.faults.set(Plan::Watch(Box::new(move |call| {
                assert!(!call.starts_with(last), "stumbled over {call}");
            })));
            let at = replies.post(house, path, body.clone()).await;
            stumbled += usize::from(replies.0[at].status == 500);
        }
    }
    house.faults.set(Plan::Calm);
    assert!(stumbled >= 5, "{stumbled} panics");
}
