//! What the platform answers before any handler runs.

use axum::{Router, body::Body, routing::get};
use http::Method;
use serde_json::json;
use shared::{config::Settings, http::layers};

use crate::support::{TestApp, refusal};

#[tokio::test]
async fn an_unknown_address_is_a_404_in_its_neighbours_dialect() {
    let house = TestApp::new().await;
    for path in [
        "/nothing",
        "/api/nothing",
        "/api/token-usage/a/b/c",
        "/api/trigger-webhook/x",
        "/automation/nothing",
        "/api/v1/nothing",
        "/api/payloads/42/nothing",
        "/api/../etc/passwd",
    ] {
        let answer = house.acme.get(path).await;
        assert_eq!((answer.status, refusal(&answer, path).as_str()), (404, "no_such_route"), "{path}");
        let stranger = house.acme.bare(Method::GET, path, None, &[]).await;
        assert_eq!(stranger.text, answer.text, "{path}: who asks makes no difference");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_405_with_allow_also_for_strangers() {
    let house = TestApp::new().await;
    for (method, path, allowed) in [
        (Method::GET, "/automation/approve", "POST"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::DELETE, "/api/payloads/list", "GET,HEAD"),
        (Method::GET, "/api/poll-execution", "POST"),
    ] {
        let answer = house.acme.bare(method, path, None, &[]).await;
        assert_eq!((answer.status, refusal(&answer, path).as_str()), (405, "method_not_allowed"), "{path}");
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

#[tokio::test]
async fn a_plain_request_id_of_the_caller_is_kept() {
    let house = TestApp::new().await;
    for (sent, kept) in
        [("n8n-exec-551", true), ("short", false), ("has spaces in it", false), ("<script>alert", false)]
    {
        let answer = house.acme.call(Method::GET, "/api", None, &[("x-request-id", sent)]).await;
        assert_eq!(answer.header("x-request-id") == Some(sent), kept, "{sent}");
    }
    let long = "a".repeat(65);
    let answer = house.acme.call(Method::GET, "/api", None, &[("x-request-id", &long)]).await;
    assert_ne!(answer.header("x-request-id"), Some(long.as_str()));
}

#[tokio::test]
async fn a_body_without_a_media_type_is_taken_as_json() {
    let house = TestApp::new().await;
    let key = ("x-api-key", house.acme.text.as_str());
    let body = || Body::from(json!({ "title": "x" }).to_string());
    for headers in [
        vec![key],
        vec![key, ("content-type", "application/json; charset=utf-8")],
        vec![key, ("content-type", "APPLICATION/JSON")],
        vec![key, ("content-type", "application/vnd.api+json")],
    ] {
        let answer = house.acme.send(Method::POST, "/api/payloads", body(), &headers).await;
        assert_eq!(answer.status, 201, "{headers:?}: {answer:?}");
    }
}

#[tokio::test]
async fn the_header_goes_before_the_bearer_token() {
    let house = TestApp::new().await;
    let rivals = format!("Bearer {}", house.rival.text);
    let answer = house.acme.call(Method::GET, "/api", None, &[("authorization", &rivals)]).await;
    assert_eq!(answer.json["username"], "jane@acme.example");
}

#[tokio::test]
async fn a_parse_error_names_the_place_and_not_the_content() {
    let house = TestApp::new().await;
    let body = r#"{"title": "x", "secret": hunter2}"#;
    let answer = house.acme.text(Method::POST, "/api/payloads", "application/json", body).await;
    assert_eq!(answer.status, 400);
    let message = answer.json["message"].as_str().unwrap();
    assert!(message.contains("line 1 column") && !message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_a_400() {
    let house = TestApp::new().await;
    let headers = [("x-api-key", house.acme.text.as_str()), ("content-type", "application/json")];
    for path in ["/api/payloads", "/api/push/executions", "/api/token-usage"] {
        let body = Body::from(&b"{\"title\":\"\xff\xfe\"}"[..]);
        let answer = house.acme.send(Method::POST, path, body, &headers).await;
        assert_eq!((answer.status, refusal(&answer, path).as_str()), (400, "malformed_json"), "{path}");
    }
}

#[tokio::test]
async fn deep_nesting_is_refused_and_does_not_crash() {
    let house = TestApp::new().await;
    let deep = format!("{{\"title\":\"x\",\"payload\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = house.acme.text(Method::POST, "/api/payloads", "application/json", &deep).await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing() {
    let house = TestApp::new().await;
    let router = Router::new().route("/health", get(|| async { panic!("the secret is hunter2") as &str }));
    let service = layers::platform(router, house.app.clone());
    let caller = house.acme.on(service);
    let answer = caller.bare(Method::GET, "/health", None, &[]).await;
    assert_eq!((answer.status, refusal(&answer, "/health").as_str()), (500, "internal_error"), "{answer:?}");
    assert!(!answer.text.contains("hunter2"), "{answer:?}");
}

#[tokio::test]
async fn a_route_that_the_table_does_not_know_is_not_served() {
    let house = TestApp::new().await;
    let router = Router::new().route("/api/forgotten", get(|| async { "open to everyone" }));
    let caller = house.acme.on(layers::platform(router, house.app.clone()));
    let answer = caller.bare(Method::GET, "/api/forgotten", None, &[]).await;
    assert!(answer.status >= 400, "{answer:?}");
}

#[tokio::test]
async fn browsers_of_listed_origins_may_call() {
    let origins = vec!["https://app.example.com".to_owned()];
    let house = TestApp::with(Settings { cors_origins: origins, ..Settings::default() }).await;
    for (origin, allowed) in [("https://app.example.com", true), ("https://evil.test", false)] {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        let answer = house.acme.bare(Method::OPTIONS, "/api/payloads", None, &headers).await;
        assert_eq!(answer.header("access-control-allow-origin").is_some(), allowed, "{origin}");
        let plain = house.acme.call(Method::GET, "/api", None, &[("origin", origin)]).await;
        assert_eq!(plain.header("access-control-allow-origin").is_some(), allowed, "{origin}");
    }
}
