//! `Idempotency-Key`, around a handler that makes something new with every call.

use std::time::Duration;

use http::Method;

use super::{Answer, CREATED, Front};
use crate::repo::idempotency::KEEP;

const PATH: &str = "/api/payloads";

async fn post(front: &Front, path: &str, key: &str, body: &str) -> Answer {
    let headers = [("x-api-key", front.key()), ("idempotency-key", key)];
    front.send(Method::POST, path, &headers, body.to_owned()).await
}

#[tokio::test]
async fn a_repeat_gets_the_first_reply_to_the_byte() {
    let front = Front::new().await;
    let first = post(&front, PATH, "k", "{}").await;
    let again = post(&front, PATH, " k ", "{}").await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (CREATED, None));
    assert_eq!((again.status, again.header("idempotent-replayed")), (CREATED, Some("true")));
    assert_eq!((&again.text, again.json()["bytes"].as_u64()), (&first.text, Some(2)));
    assert_ne!(post(&front, PATH, "another", "{}").await.text, first.text);
    let without = front.send(Method::POST, PATH, &[("x-api-key", front.key())], "{}").await;
    assert_eq!((without.status, without.text == first.text), (CREATED, false));
}

#[tokio::test]
async fn a_key_with_another_request_is_a_mistake() {
    let front = Front::new().await;
    let first = post(&front, PATH, "k", "{}").await;
    for (path, body) in [(PATH, "[]"), (PATH, ""), ("/api/payloads?a=b", "{}")] {
        let refused = post(&front, path, "k", body).await;
        assert_eq!(refused.refusal(), (409, "idempotency_key_reused".into()), "{path} {body}");
    }
    let elsewhere = post(&front, "/api/collections", "k", "{}").await;
    assert_eq!((elsewhere.status, elsewhere.text == first.text), (CREATED, false), "a key is a route's own");
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day() {
    let front = Front::new().await;
    let first = post(&front, PATH, "k", "{}").await;
    front.house.advance(KEEP - Duration::from_secs(1));
    assert_eq!(post(&front, PATH, "k", "{}").await.text, first.text);
    front.house.advance(Duration::from_secs(1));
    let after = post(&front, PATH, "k", "[1]").await;
    assert_eq!((after.status, after.header("idempotent-replayed")), (CREATED, None));
}

#[tokio::test]
async fn a_key_has_one_to_255_characters() {
    let front = Front::new().await;
    assert_eq!(post(&front, PATH, &"k".repeat(255), "{}").await.status, CREATED);
    for wrong in ["", "  ", &"k".repeat(256)] {
        let refused = post(&front, PATH, wrong, "{}").await;
        assert_eq!(refused.status, 422);
        assert!(refused.json()["errors"]["Idempotency-Key"].is_array(), "{refused:?}");
    }
}

#[tokio::test]
async fn what_reads_or_concerns_credentials_remembers_nothing() {
    let front = Front::new().await;
    let token = front.house.app.open_session(&front.acme.admin).await.unwrap();
    let bearer = format!("Bearer {}", secrecy::ExposeSecret::expose_secret(&token.text));
    for (method, path) in
        [(Method::GET, "/api/collections"), (Method::GET, "/api"), (Method::POST, "/api/auth/logout")]
    {
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
        let first = front.send(method.clone(), path, &headers, "").await;
        let again = front.send(method, path, &headers, "").await;
        assert_eq!((first.status, again.status, &first.json()["key"]), (CREATED, CREATED, &false.into()));
        assert_ne!(first.text, again.text, "{path}");
    }
    let remembered = post(&front, "/api/collections", "k", "").await;
    assert_eq!((&remembered.json()["key"], &remembered.json()["begun"]), (&true.into(), &().into()));
}
