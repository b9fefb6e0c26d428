//! What the host of the routes has to say, and headers that stand twice.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Method, Request},
};
use tower::ServiceExt;

use super::{Answer, CREATED, Front, OK, layers, router};
use crate::{
    error::{Error, ErrorKind, Result},
    http::entry::{Entry, Hosted},
    tenant::TenantId,
};

/// A host that notes for whom it is asked.
#[derive(Default)]
struct Host {
    asked: Mutex<Vec<Option<TenantId>>>,
    body: Option<&'static [u8]>,
    full: bool,
}

#[async_trait]
impl Entry for Host {
    async fn enter(&self, tenant: Option<TenantId>, streams: bool) -> Result<Option<Body>> {
        assert!(!streams, "none of these routes does");
        self.asked.lock().unwrap().push(tenant);
        if self.full {
            return Err(Error::new(ErrorKind::Unavailable, "overloaded", "Full."));
        }
        Ok(self.body.map(Body::from))
    }
}

async fn ask(front: &Front, host: &Arc<Host>, request: Request<Body>) -> Answer {
    let mut request = request;
    request.extensions_mut().insert(Hosted(host.clone()));
    Answer::of(layers::platform(router(), front.house.app.clone()).oneshot(request).await.unwrap()).await
}

fn post(key: &str) -> Request<Body> {
    Request::post("/api/payloads").header("x-api-key", key).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_host_is_asked_when_it_is_known_who_calls_and_hands_the_body_over() {
    let front = Front::new().await;
    let host = Arc::new(Host { body: Some(b"12345"), ..Host::default() });
    let answer = ask(&front, &host, post(front.key())).await;
    assert_eq!((answer.status, &answer.json()["bytes"]), (CREATED, &5.into()));
    assert_eq!(*host.asked.lock().unwrap(), [Some(front.acme.organization.id)]);
    let public = Request::get("/health").body(Body::empty()).unwrap();
    assert_eq!(ask(&front, &host, public).await.status, OK);
    assert_eq!(host.asked.lock().unwrap().last(), Some(&None), "a public route has no caller");
}

#[tokio::test]
async fn the_host_is_not_asked_for_who_is_not_let_in() {
    let front = Front::new().await;
    let host = Arc::new(Host::default());
    let reader = front.key_with(&["payloads:read"]).await;
    let nowhere = Request::get("/api/nowhere").body(Body::empty()).unwrap();
    for (request, status) in [(post("btn_live_x"), 403), (post(&reader), 403), (nowhere, 404)] {
        assert_eq!(ask(&front, &host, request).await.status, status);
    }
    assert!(host.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_host_refuses_is_told_in_the_dialect_and_does_nothing() {
    let front = Front::new().await;
    let host = Arc::new(Host { full: true, ..Host::default() });
    let answer = ask(&front, &host, post(front.key())).await;
    assert_eq!(answer.refusal(), (503, "overloaded".into()));
    assert!(answer.header("x-request-id").is_some());
    let public = Request::get("/health").body(Body::empty()).unwrap();
    assert_eq!(ask(&front, &host, public).await.status, 503);
}

#[tokio::test]
async fn what_may_stand_once_stands_once() {
    let front = Front::new().await;
    let key = ("x-api-key", front.key());
    for name in ["host", "idempotency-key", "x-api-key", "authorization", "x-csrf-token", "content-type"] {
        for method in [Method::GET, Method::POST] {
            let doubled = [key, (name, "a"), (name, "a")];
            let answer = front.send(method, "/api/collections", &doubled, "").await;
            assert_eq!(answer.refusal(), (400, "doubled_header".into()), "{name}");
            assert!(answer.text.to_lowercase().contains(name), "{}", answer.text);
            assert!(answer.header("x-request-id").is_some());
        }
    }
    let others = [key, ("accept", "a/b"), ("accept", "c/d"), ("cookie", "a=1"), ("cookie", "b=2")];
    assert_eq!(front.send(Method::GET, "/api", &others, "").await.status, CREATED);
    let nowhere = [("host", "a"), ("host", "b")];
    assert_eq!(front.send(Method::GET, "/api/nowhere", &nowhere, "").await.status, 400);
}
