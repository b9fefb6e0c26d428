//! `Idempotency-Key`, around a handler that makes something new with every call.

use std::time::Duration;

use http::Method;

use secrecy::ExposeSecret;

use super::{Answer, CREATED, Front};
use crate::{
    accounts::NewUser,
    domain::{n8n_credential::SCOPES, org::Role},
    http::reply::REMEMBERED_BYTES,
    repo::idempotency::{KEEP, Stage, key, write},
    testing::house::PASSWORD,
};

const PATH: &str = "/api/payloads";

async fn post(front: &Front, path: &str, key: &str, body: &str) -> Answer {
    post_as(front, front.key(), path, key, body).await
}

async fn post_as(front: &Front, credential: &str, path: &str, key: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {credential}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    front.send(Method::POST, path, &headers, body.to_owned()).await
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
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
    let token = front.house.app.accounts().open_session(&front.acme.admin).await.unwrap();
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

#[tokio::test]
async fn a_reply_of_any_length_is_remembered_and_a_long_one_in_short() {
    const BULK: &str = "/api/leads/bulk";
    let front = Front::new().await;
    let longest = REMEMBERED_BYTES - r#"{"id":0000000000000000,"said":""}"#.len();
    for (long, short, repeated) in [
        (longest, Some("short"), None),
        (longest + 20, Some("short"), Some(r#"{"said":"short"}"#)),
        (420_000, Some("short"), Some(r#"{"said":"short"}"#)),
        (5 << 20, Some("short"), Some(r#"{"said":"short"}"#)),
        (420_000, None, Some("reply_left_out")),
    ] {
        let (key, body) = (format!("{long} {short:?}"), serde_json::json!({ "long": long, "short": short }));
        let first = post(&front, BULK, &key, &body.to_string()).await;
        assert_eq!((first.status, is_replay(&first)), (CREATED, false), "{long}");
        assert!(first.text.len() > long, "the first reply is whole");
        let again = post(&front, BULK, &key, &body.to_string()).await;
        assert_eq!((again.status, is_replay(&again)), (CREATED, true), "{long}");
        match repeated {
            None => assert!(again.text == first.text, "{long}"),
            Some(said) => assert!(again.text.contains(said) && again.text.len() < 1000, "{}", again.text),
        }
    }
}

#[tokio::test]
async fn a_key_belongs_to_its_user_whatever_the_credential() {
    let front = Front::new().await;
    let app = &front.house.app;
    let first = post(&front, PATH, "k", "{}").await;
    let rotated = front.key_with(&["payloads:write"]).await;
    let session = app.accounts().open_session(&front.acme.admin).await.unwrap();
    for credential in [rotated.as_str(), session.text.expose_secret()] {
        let again = post_as(&front, credential, PATH, "k", "{}").await;
        assert_eq!((again.text, again.status), (first.text.clone(), CREATED));
    }
    let wish = NewUser { email: "ann@acme.example".into(), role: Role::Editor, password: PASSWORD.into() };
    let ann = app.accounts().create_user(front.acme.admin.tenant, wish).await.unwrap();
    let ann = app.accounts().open_session(&ann).await.unwrap();
    let theirs = post_as(&front, ann.text.expose_secret(), PATH, "k", "{}").await;
    assert_eq!((theirs.status, is_replay(&theirs)), (CREATED, false), "another user's key of the same text");
    assert_ne!(theirs.text, first.text);
    let other = post_as(&front, ann.text.expose_secret(), PATH, "k", "[]").await;
    assert_eq!(other.refusal(), (409, "idempotency_key_reused".into()));
}

#[tokio::test]
async fn rights_are_looked_at_before_a_reply_is_repeated() {
    const NODES: &str = "/api/n8n/nodes/lead";
    let front = Front::new().await;
    let first = post(&front, NODES, "k", "{}").await;
    assert_eq!(first.status, CREATED, "{first:?}");
    let narrow = front.key_with(&["nodes:write"]).await;
    let refused = post_as(&front, &narrow, NODES, "k", "{}").await;
    assert_eq!(refused.refusal(), (403, "missing_scope".into()));
    for scope in SCOPES {
        assert!(refused.text.contains(scope), "{refused:?}");
        let all_but_one: Vec<_> =
            SCOPES.into_iter().filter(|held| *held != scope).chain(["nodes:write"]).collect();
        let key = front.key_with(&all_but_one).await;
        let refused = post_as(&front, &key, NODES, "k", "{}").await;
        assert_eq!(refused.json()["message"], format!("This key lacks the scope {scope}."));
    }
    let all: Vec<_> = SCOPES.into_iter().chain(["nodes:write"]).collect();
    let key = front.key_with(&all).await;
    let again = post_as(&front, &key, NODES, "k", "{}").await;
    assert_eq!((is_replay(&again), &again.text), (true, &first.text));
    let payloads = front.key_with(&["payloads:write"]).await;
    assert_eq!(post_as(&front, &payloads, NODES, "k", "{}").await.refusal(), (403, "missing_scope".into()));
}

#[tokio::test]
async fn a_record_from_when_keys_were_the_organizations_is_nobodys_reply() {
    let front = Front::new().await;
    // What a version before would have looked for: operation, path and key alone.
    let hash = crate::http::layers::hash(&[b"create_payload", PATH.as_bytes(), b"k"]);
    let place = key(front.acme.admin.tenant, &hash);
    let outcome = Stage::Replied { status: 201, body: "\"old\"".into() };
    front.house.store().write(write(&place, "f", outcome, front.house.now()).unwrap()).await.unwrap();
    let answer = post(&front, PATH, "k", "{}").await;
    assert_eq!((answer.status, is_replay(&answer)), (CREATED, false), "{answer:?}");
}

#[tokio::test]
async fn a_beginning_that_lies_ahead_of_a_clock_set_back_is_waited_for_no_longer() {
    let front = Front::new().await;
    let hour = Duration::from_secs(3600);
    let at = front.house.now().plus(hour);
    let record = |at| crate::repo::idempotency::Record {
        fingerprint: "f".into(),
        outcome: Stage::Begun { id: crate::ids::Id::SMALLEST, at },
        ttl: i64::MAX,
    };
    let settled = |at| crate::ops::act::settle(record(at), "f", front.house.now());
    assert_eq!(settled(at).unwrap(), None, "its request ended an hour ago by any clock");
    assert!(settled(front.house.now().plus(Duration::from_secs(34))).is_err(), "a clock a little ahead");
}
