//! What every request gets, whoever sends it.

use std::time::Duration;

use http::Method;

use super::{CREATED, Front, OK};
use crate::config::Settings;

#[tokio::test]
async fn what_is_no_route_is_refused_whoever_asks() {
    let front = Front::new().await;
    for (path, refusal) in [("/nothing", (404, "no_such_route")), ("/in/no/table", (404, "no_such_route"))] {
        let answer = front.get(path, &[]).await;
        assert_eq!(answer.refusal(), (refusal.0, refusal.1.to_owned()), "{path}");
        assert_eq!(front.call(Method::GET, path, &[]).await.text, answer.text);
    }
    let answer = front.send(Method::POST, "/api/payloads/list", &[], "").await;
    assert_eq!(answer.refusal(), (405, "method_not_allowed".into()));
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    let answer = front.send(Method::DELETE, "/api/collections", &[], "").await;
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
}

#[tokio::test]
async fn a_public_route_asks_for_nothing() {
    let front = Front::new().await;
    for headers in [&[][..], &[("x-api-key", "nonsense")]] {
        let answer = front.get("/health", headers).await;
        assert_eq!((answer.status, answer.text.as_str()), (OK, "well"));
    }
    assert_eq!(front.get("/health/", &[]).await.status, OK, "a slash at the end does no harm");
}

#[tokio::test]
async fn a_reply_to_head_has_the_headers_of_get_and_no_body() {
    let front = Front::new().await;
    let get = front.get("/health", &[]).await;
    let head = front.send(Method::HEAD, "/health", &[], "").await;
    assert_eq!((head.status, head.text.as_str()), (OK, ""));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    let refused = front.send(Method::HEAD, "/api/payloads/list", &[], "").await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    assert_eq!(front.call(Method::HEAD, "/api/payloads/list", &[]).await.status, CREATED);
}

#[tokio::test]
async fn an_error_is_told_in_the_words_of_its_route_and_a_panic_tells_nothing() {
    let front = Front::new().await;
    let answer = front.get("/openapi.json", &[]).await;
    assert_eq!(answer.refusal(), (404, "not_found".into()));
    assert_eq!(answer.json()["message"], "There is no such document.");
    let answer = front.get("/docs", &[]).await;
    assert_eq!(answer.refusal(), (500, "internal_error".into()));
    assert!(!answer.text.contains("hunter2"));
    let answer = front.send(Method::POST, "/api/trigger-webhook", &[], "").await;
    assert_eq!((answer.status, &answer.json()["status"]), (401, &"error".into()));
}

#[tokio::test]
async fn a_plain_request_id_is_kept_and_any_other_is_replaced() {
    let front = Front::new().await;
    let (shortest, longest, long) = ("a".repeat(8), "b".repeat(64), "c".repeat(65));
    for (sent, kept) in [
        ("n8n-exec_551", true),
        (&shortest, true),
        (&longest, true),
        ("1234567", false),
        (&long, false),
        ("has spaces in it", false),
        ("<script>alert", false),
    ] {
        let answer = front.call(Method::GET, "/api", &[("x-request-id", sent)]).await;
        let given = answer.header("x-request-id").unwrap().to_owned();
        assert_eq!(given == sent, kept, "{sent}");
        assert!(kept || given.starts_with("req_"), "{given}");
        assert_eq!(answer.json()["request_id"], given, "the handler knows it by the same name");
    }
    assert!(front.get("/nothing", &[]).await.header("x-request-id").is_some());
}

#[tokio::test]
async fn pages_of_listed_origins_may_use_a_session_and_no_others_may_read_anything() {
    let settings = Settings { cors_origins: vec!["https://app.example".into()], ..Settings::default() };
    let front = Front::with(settings).await;
    let listed = front.get("/health", &[("origin", "https://app.example")]).await;
    assert_eq!(listed.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(listed.header("access-control-allow-credentials"), Some("true"));
    assert!(listed.header("access-control-expose-headers").unwrap().contains("x-request-id"));
    let other = front.get("/health", &[("origin", "https://evil.example")]).await;
    assert_eq!(other.header("access-control-allow-origin"), None);

    let any = Front::with(Settings { cors_origins: vec!["*".into()], ..Settings::default() }).await;
    let answer = any.get("/health", &[("origin", "https://evil.example")]).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn a_body_of_the_limit_is_read_and_one_byte_more_is_not() {
    let front = Front::with(Settings { max_body_bytes: 16, ..Settings::default() }).await;
    let (fits, over) = ("x".repeat(16), "x".repeat(17));
    for key in [&[("x-api-key", front.key())][..], &[("x-api-key", front.key()), ("idempotency-key", "k")]] {
        for (body, status, code) in [(&fits, CREATED, ""), (&over, 413, "body_too_large")] {
            let length = body.len().to_string();
            // What was declared is believed; what was not is counted.
            for headers in [&[("content-length", length.as_str())][..], &[]] {
                let answer =
                    front.send(Method::POST, "/api/payloads", &[key, headers].concat(), body.clone()).await;
                assert_eq!(answer.refusal(), (status, code.to_owned()), "{} {headers:?}", body.len());
            }
        }
    }
    let declared = [("x-api-key", front.key()), ("content-length", "17")];
    assert_eq!(front.send(Method::POST, "/api/payloads", &declared, "short").await.status, 413);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_from_one_that_is_too_large() {
    let front = Front::new().await;
    let pieces = [Ok("{"), Err(std::io::Error::other("gone"))];
    let body = axum::body::Body::from_stream(futures::stream::iter(pieces));
    let answer = front.send(Method::POST, "/api/payloads", &[("x-api-key", front.key())], body).await;
    assert_eq!(answer.refusal(), (400, "body_unreadable".into()));
}

#[tokio::test]
async fn a_request_that_does_not_end_is_answered_before_its_host_ends_it() {
    let front = Front::new().await;
    let answer = front.until(Method::GET, "/api/media/list", Duration::from_millis(50)).await;
    assert_eq!(answer.refusal(), (503, "unavailable".into()));
    assert!(answer.header("retry-after").is_some() && answer.header("x-request-id").is_some(), "{answer:?}");
    let answer = front.until(Method::GET, "/api/payloads/list", Duration::from_secs(9)).await;
    assert_eq!(answer.status, CREATED, "one that does is left alone");
}
