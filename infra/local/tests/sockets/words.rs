//! What is no HTTP, and headers that stand twice.

use serde_json::{Value, json};

use crate::{
    attack::{Reply, request},
    site::{Site, short},
};

fn error_of(reply: &Reply, dialect: &str) -> Value {
    let body = reply.json();
    match dialect {
        "tokens" => assert_eq!(body["status"], "error", "{reply:?}"),
        "invokati" => assert_eq!(body["success"], false, "{reply:?}"),
        _ => assert_eq!((&body["status"], &body["success"]), (&Value::Null, &Value::Null), "{reply:?}"),
    }
    assert!(body["message"].as_str().is_some_and(|message| message.ends_with('.')), "{reply:?}");
    assert!(reply.header("x-request-id").is_some_and(|id| id.starts_with("req")), "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"), "{reply:?}");
    assert_eq!(reply.header("connection"), Some("close"), "{reply:?}");
    body[if matches!(dialect, "tokens" | "invokati") { "code" } else { "error" }].clone()
}

#[test]
fn what_cannot_be_read_is_refused_in_the_words_of_its_path() {
    let site = Site::open(short());
    let (long, many) = ("x".repeat(40_000), "x-a: b\r\n".repeat(101));
    for (path, dialect) in
        [("/api/token-usage", "tokens"), ("/api/leads", "invokati"), ("/api/v1/a", "drip"), ("/", "house")]
    {
        for (bytes, status, code) in [
            (format!("GET {path} HTTP/1.1\r\nbad header\r\n\r\n"), 400, "not_http"),
            (format!("GET {path} HTTP/9.1\r\n\r\n"), 400, "not_http"),
            (format!("GET {path}?{long}"), 414, "address_too_long"),
            (format!("GET {path} HTTP/1.1\r\nx-long: {long}\r\n\r\n"), 431, "headers_too_large"),
            (format!("GET {path} HTTP/1.1\r\n{many}\r\n"), 431, "headers_too_large"),
        ] {
            let reply = site.client(1).ask(&bytes).unwrap();
            assert_eq!((reply.status, error_of(&reply, dialect)), (status, json!(code)), "{bytes:.60}");
        }
    }
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls\r\n\r\n"[..], b"nonsense\r\n\r\n"] {
        let reply = site.client(1).ask(bytes).unwrap();
        assert_eq!((reply.status, error_of(&reply, "house")), (400, json!("not_http")));
    }
}

#[test]
fn a_second_request_that_cannot_be_read_is_refused_alike() {
    let site = Site::open(short());
    let mut client = site.client(1);
    let shown = client.ask(request("GET", "/openapi.json", &[], "")).unwrap();
    assert_eq!(shown.status, 200);
    let reply = client.ask("GET /api/leads HTTP/1.1\r\nbad header\r\n\r\n").unwrap();
    assert_eq!((reply.status, error_of(&reply, "invokati")), (400, json!("not_http")));
}

#[test]
fn a_reply_is_left_alone_whatever_is_sent_behind_its_request() {
    let site = Site::open(short());
    let mut client = site.client(1);
    client.send(format!("{}nonsense\r\n\r\n", request("GET", "/health", &[], ""))).unwrap();
    assert_eq!(client.reply().unwrap().status, 200);
}

#[test]
fn a_header_that_may_stand_once_stands_once() {
    let site = Site::open(short());
    let key = ("x-api-key", &*site.acme);
    for doubled in [("host", "other"), ("idempotency-key", "a")] {
        let headers = [key, ("idempotency-key", "a"), doubled];
        let reply =
            site.client(1).ask(request("POST", "/api/payloads", &headers, r#"{"title":"a"}"#)).unwrap();
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("doubled_header")), "{reply:?}");
        assert!(reply.header("x-request-id").is_some());
    }
    let listed = site.ask(&site.acme, "GET", "/api/payloads/list", "");
    assert_eq!(
        listed.json()["count"].as_u64().or(listed.json()["data"].as_array().map(|all| all.len() as u64)),
        Some(0),
        "{listed:?}"
    );
}
