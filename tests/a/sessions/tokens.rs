//! Tokens that were good once, and those that never were.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Value, json};
use shared::{
    repo::sessions,
    store::{Change, Key, Write},
};
use standins::dump;

use harness::{Answer, Caller, TestApp, refusal};

const MINUTE: Duration = Duration::from_secs(60);

/// Refused everywhere, and each time in the dialect's own way.
async fn assert_refused(caller: &Caller, what: &str) {
    for (path, status) in [
        ("/api", 403),
        ("/api/payloads/list", 403),
        ("/api/token-usage/x/stats", 403),
        ("/api/v1/admin/verify", 401),
    ] {
        for header in ["authorization", "x-api-key", "cookie"] {
            let value = match header {
                "authorization" => format!("Bearer {}", caller.text),
                "cookie" => format!("baton_session={}", caller.text),
                _ => caller.text.clone(),
            };
            let answer = caller.bare(Method::GET, path, None, &[(header, &value)]).await;
            assert_eq!(answer.status, status, "{what} {path} {header}: {answer:?}");
            assert_eq!(refusal(&answer, path), "invalid_session", "{what}");
            assert!(!answer.text.contains(&caller.text), "{what}: the reply repeats the token");
        }
    }
}

fn part(text: &str, at: usize) -> Value {
    let part = text.split('.').nth(at).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn with_part(text: &str, at: usize, value: &Value) -> String {
    let mut parts: Vec<_> = text.split('.').map(str::to_owned).collect();
    parts[at] = BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    parts.join(".")
}

#[tokio::test]
async fn a_token_ends_after_an_hour() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    house.advance(59 * MINUTE);
    assert_eq!(session.get("/api").await.status, 200);
    house.advance(MINUTE);
    assert_refused(&session, "expired").await;
}

#[tokio::test]
async fn what_was_changed_or_made_up_is_refused() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let rivals = house.log_in(&house.rival).await;
    let (header, claims) = (part(&session.text, 0), part(&session.text, 1));
    let with = |value: &Value, field: &str, new: Value| {
        let mut value = value.clone();
        value[field] = new;
        value
    };
    let unsigned = with_part(&session.text, 0, &with(&header, "alg", json!("none")));
    let unsigned_part = unsigned.rsplit_once('.').unwrap().0.to_owned();
    for (what, text) in [
        ("a longer life", with_part(&session.text, 1, &with(&claims, "exp", json!(i64::MAX)))),
        ("another user", with_part(&session.text, 1, &with(&claims, "sub", json!("1")))),
        ("another jti", with_part(&session.text, 1, &with(&claims, "jti", json!("x")))),
        ("no algorithm", unsigned),
        ("no signature", format!("{unsigned_part}.")),
        ("another algorithm", with_part(&session.text, 0, &with(&header, "alg", json!("HS512")))),
        ("a public key's algorithm", with_part(&session.text, 0, &with(&header, "alg", json!("RS256")))),
        ("the rival's key", with_part(&session.text, 0, &part(&rivals.text, 0))),
        ("a key of nobody", with_part(&session.text, 0, &with(&header, "kid", json!("1.2.3")))),
        ("a key that is a path", with_part(&session.text, 0, &with(&header, "kid", json!("../../x")))),
        ("no key", with_part(&session.text, 0, &with(&header, "kid", Value::Null))),
        ("nothing in it", "..".into()),
        ("no token", "a.b.c".into()),
    ] {
        assert_refused(&session.with_key(&text), what).await;
    }
    assert_eq!(session.get("/api").await.status, 200, "the real one is still good");
}

/// Whoever reads the table sees a session's signing key and not the secret that its tokens hold.
#[tokio::test]
async fn a_stored_session_is_not_enough_to_make_a_token() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let (header, claims) = (part(&session.text, 0), part(&session.text, 1));
    let place = header["kid"].as_str().unwrap().parse().unwrap();
    let stored = sessions::find(&*house.app.store, &place).await.unwrap().unwrap().session;
    let jti = claims["jti"].as_str().unwrap();
    for item in dump::items(&house.file).await.unwrap() {
        assert!(!item.body.contains(jti), "{item:?}");
    }
    let mut forged = claims.clone();
    forged["jti"] = stored.jti_hash.clone().into();
    let message = with_part(&session.text, 1, &forged);
    let message = message.rsplit_once('.').unwrap().0;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, stored.signing_key.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, message.as_bytes()));
    assert_refused(&session.with_key(&format!("{message}.{signature}")), "signed, without its secret").await;
}

async fn log_out(session: &Caller) -> Answer {
    session.call(Method::POST, "/api/auth/logout", None, &[]).await
}

#[tokio::test]
async fn a_logout_ends_this_session_and_no_other() {
    let house = TestApp::new().await;
    let (one, other) = (house.log_in(&house.acme).await, house.log_in(&house.acme).await);
    assert_eq!(one.get("/api").await.status, 200, "it is known now");
    assert_eq!(log_out(&one).await.status, 200);
    assert_refused(&one, "logged out").await;
    assert_eq!((log_out(&one).await.status, other.get("/api").await.status), (403, 200));
}

#[tokio::test]
async fn other_instances_follow_within_a_minute() {
    let mut house = TestApp::new().await;
    let here = house.log_in(&house.acme).await;
    assert_eq!(here.get("/api").await.status, 200);
    let first = here.clone();
    house.restart();
    let there = house.acme.with_key(&here.text);
    assert_eq!(log_out(&there).await.status, 200);
    assert_refused(&there, "where it ended").await;
    assert_eq!(first.get("/api").await.status, 200, "believed there for a while");
    house.advance(MINUTE);
    assert_refused(&first, "a minute later").await;
}

#[tokio::test]
async fn a_user_who_is_gone_has_no_session() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let key = Key::of(session.key.tenant, "user", session.key.user_id.sortable());
    house.app.store.write(Write::delete(key)).await.unwrap();
    assert_refused(&session, "no user").await;
}

#[tokio::test]
async fn a_role_that_changed_counts_within_a_minute() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    assert_eq!(session.post("/api/payloads", json!({ "title": "x" })).await.status, 201);
    let key = Key::of(session.key.tenant, "user", session.key.user_id.sortable());
    house.app.store.write(Write::update(key, vec![Change::set("role", "viewer")])).await.unwrap();
    house.advance(MINUTE);
    let refused = session.post("/api/payloads", json!({ "title": "x" })).await;
    assert_eq!((refused.status, refusal(&refused, "/api/payloads").as_str()), (403, "missing_scope"));
}

#[tokio::test]
async fn a_warm_session_costs_no_store_call_and_a_cold_one_a_read_of_each() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    let before = house.meter();
    session.get("/api").await;
    let cold = house.meter().since(&before);
    assert_eq!((cold.read_units, cold.write_units), (3.0, 0.0), "session, user and organization");
    let before = house.meter();
    for _ in 0..5 {
        assert_eq!(session.get("/api").await.status, 200);
    }
    assert_eq!(house.meter().since(&before).round_trips, 0);
}

#[tokio::test]
async fn a_login_costs_what_the_document_says() {
    let house = TestApp::new().await;
    let before = house.meter();
    let body = json!({ "username": "jane@acme.example", "password": harness::PASSWORD });
    house.acme.bare(Method::POST, "/api/v1/auth/login", Some(body), &[]).await;
    let spent = house.meter().since(&before);
    assert_eq!((spent.read_units, spent.write_units, spent.round_trips), (4.0, 10.0, 10));
}

#[tokio::test]
async fn sessions_of_one_user_share_the_users_limit() {
    let house = harness::samples::scene().await;
    let (one, other) = (house.log_in(&house.acme).await, house.log_in(&house.acme).await);
    let trigger = harness::samples::trigger;
    for _ in 0..30 {
        assert_eq!(one.post("/api/trigger-webhook", trigger()).await.status, 200);
        assert_eq!(other.post("/api/trigger-webhook", trigger()).await.status, 200);
    }
    assert_eq!(one.post("/api/trigger-webhook", trigger()).await.status, 429);
    assert_eq!(other.post("/api/trigger-webhook", trigger()).await.status, 429);
    assert_eq!(house.acme.post("/api/trigger-webhook", trigger()).await.status, 200, "a key has its own");
}
