//! What the platform answers before any handler runs.

use std::io::Write;

use axum::{Router, body::Body, routing::get};
use flate2::{Compression, write::GzEncoder};
use http::Method;
use serde_json::json;
use shared::{config::Settings, http::layers};

use harness::{TestApp, named, refusal};

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
async fn what_is_not_there_is_a_404_whatever_is_wrong_with_the_change() {
    let house = TestApp::new().await;
    for (method, path, body) in [
        (Method::PATCH, "/api/payloads/4242", json!({ "title": {} })),
        (Method::PATCH, "/api/media/4242", json!({ "media_type": "poem" })),
        (Method::PATCH, "/api/leads/4242", json!({ "email": "nobody" })),
        (Method::PUT, "/api/collections/4242", json!({ "title": "" })),
        (Method::PATCH, "/api/invoices/4242", json!({ "amount": "many" })),
        (Method::PATCH, "/api/invoices/4242/status", json!({})),
        (Method::PATCH, "/api/chats/4242", json!({ "status": "asleep" })),
        (Method::PATCH, "/api/notifications/4242", json!({})),
    ] {
        let answer = house.acme.call(method, path, Some(body), &[]).await;
        assert_eq!(
            (answer.status, refusal(&answer, path).as_str()),
            (404, "not_found"),
            "{path}: {answer:?}"
        );
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
        vec![key, ("content-type", "")],
        vec![key, ("content-type", "; charset=utf-8")],
        vec![key, ("content-type", "application/vnd.api+json")],
    ] {
        let answer = house.acme.send(Method::POST, "/api/payloads", body(), &headers).await;
        assert_eq!(answer.status, 201, "{headers:?}: {answer:?}");
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_packed_body_is_read_and_its_repeat_is_a_repeat_however_it_is_packed() {
    let house = TestApp::new().await;
    let body = json!({ "title": "x", "payload": { "text": "y".repeat(1000) } }).to_string();
    let key = ("x-api-key", house.acme.text.as_str());
    let once = ("idempotency-key", "packed-1");
    let packed = [key, once, ("content-encoding", "gzip")];
    let first = house.acme.send(Method::POST, "/api/payloads", Body::from(gzip(&body)), &packed).await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = house.acme.send(Method::POST, "/api/payloads", Body::from(body.clone()), &[key, once]).await;
    assert_eq!(
        (again.text.as_str(), again.header("idempotent-replayed")),
        (first.text.as_str(), Some("true"))
    );
    let other = [key, ("content-encoding", "gzip")];
    let second = house.acme.send(Method::POST, "/api/payloads", Body::from(gzip(&body)), &other).await;
    let shown = house.acme.get(&format!("/api/payloads/{}", second.id())).await;
    assert_eq!(shown.json["payload"]["text"], "y".repeat(1000));
}

#[tokio::test]
async fn a_body_that_unpacks_beyond_the_limit_is_too_large_and_other_packings_are_refused() {
    let house = TestApp::new().await;
    let limit = house.app.settings.max_body_bytes;
    let send = async |encoding, body: Vec<u8>| {
        let headers = [("x-api-key", house.acme.text.as_str()), ("content-encoding", encoding)];
        let answer = house.acme.send(Method::POST, "/api/payloads", Body::from(body), &headers).await;
        (
            answer.status,
            refusal(&answer, "/api/payloads"),
            answer.header("accept-encoding").map(str::to_owned),
        )
    };
    let large = json!({ "title": "x", "payload": "y".repeat(limit) }).to_string();
    let packed = gzip(&large);
    assert!(packed.len() < 100_000);
    assert_eq!(send("gzip", packed).await, (413, "body_too_large".into(), None));
    assert_eq!(send("gzip", b"{}".to_vec()).await, (400, "body_unreadable".into(), None));
    let told = Some("gzip, deflate".to_owned());
    assert_eq!(send("br", b"{}".to_vec()).await, (415, "unsupported_encoding".into(), told.clone()));
    assert_eq!(send("gzip, gzip", gzip("{}")).await, (415, "unsupported_encoding".into(), told));
}

#[tokio::test]
async fn head_tells_the_length_of_get() {
    let house = TestApp::new().await;
    for path in ["/api/payloads/list", "/api/payloads/42", "/health", "/docs", "/api"] {
        let get = house.acme.get(path).await;
        let head = house.acme.call(Method::HEAD, path, None, &[]).await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        let length = head.header("content-length").unwrap();
        assert_eq!(length, get.text.len().to_string(), "{path}");
    }
}

#[tokio::test]
async fn an_error_shows_n8n_its_sentence_and_keeps_its_code() {
    let house = TestApp::new().await;
    let answer = house.acme.post("/api/payloads", json!({})).await;
    assert_eq!(
        answer.json,
        json!({
            "success": false, "code": "validation_failed", "error": "title: is required",
            "message": "title: is required", "errors": { "title": ["is required"] },
        })
    );
    // What is for other programs keeps its code where they look for it.
    let other = house.acme.get("/api/v1/nothing").await;
    assert_eq!(other.json["error"], "no_such_route");
}

#[tokio::test]
async fn a_limit_is_brought_inside_in_every_list() {
    let house = TestApp::new().await;
    for n in 0..3 {
        house.acme.post("/api/payloads", json!({ "title": n })).await;
        let person = json!({ "first_name": "a", "last_name": "b", "email": format!("a{n}@example.com") });
        house.acme.post("/api/leads", person).await;
    }
    for (path, rows) in
        [("/api/payloads/list", "payloads"), ("/api/leads/list", "leads"), ("/api/leads/recent", "leads")]
    {
        for (limit, count) in
            [("-1", 1), ("0", 1), ("2.0", 2), ("2.9", 2), ("1e9", 3), ("99999999999999999999", 3), ("", 3)]
        {
            let answer = house.acme.get(&format!("{path}?limit={limit}")).await;
            assert_eq!(answer.status, 200, "{path} {limit}: {answer:?}");
            assert_eq!(answer.json[rows].as_array().unwrap().len(), count, "{path} {limit}");
        }
        let answer = house.acme.get(&format!("{path}?limit=many")).await;
        assert_eq!(answer.json["errors"], json!({ "limit": ["must be a number"] }));
    }
}

#[tokio::test]
async fn a_listed_word_is_read_whatever_its_case() {
    let house = TestApp::new().await;
    let media = json!({ "title": "x", "media_type": "Video", "automation_status": "APPROVED" });
    let made = house.acme.post("/api/media", media).await;
    assert_eq!(
        (made.status, &made.json["media_type"], &made.json["automation_status"]),
        (201, &json!("video"), &json!("approved"))
    );
    let listed = house.acme.get("/api/media/list?media_type=VIDEO&automation_status=Approved").await;
    assert_eq!(listed.json["count"], 1, "{listed:?}");
    let field = json!({ "label": "Size", "field_type": "SELECT", "options": ["S", "L"] });
    assert_eq!(house.acme.post("/api/lead-custom-fields", field).await.status, 201);
}

#[tokio::test]
async fn what_an_expression_leaves_behind_is_no_id() {
    let house = TestApp::new().await;
    for word in ["undefined", "null", "NaN", "[object Object]", "={{ $workflow.id }}"] {
        let usage = json!({
            "n8n_base_url": "https://n8n.example.com", "workflow_id": word, "execution_id": word, "model_id": word,
            "input_tokens": 1, "output_tokens": 1,
        });
        assert_eq!(
            named(&house.acme.post("/api/token-usage", usage).await),
            ["execution_id", "model_id", "workflow_id"],
            "{word}"
        );
        let message = json!({ "session_id": word, "role": "user", "content": "x" });
        assert_eq!(named(&house.acme.post("/api/chats/message", message).await), ["session_id"], "{word}");
        let invoice = json!({ "invoice_number": word, "amount": 1 });
        assert_eq!(named(&house.acme.post("/api/invoices", invoice).await), ["invoice_number"], "{word}");
        // An item is worth more than the ids that it lacks.
        let payload = json!({ "title": "x", "workflow_id": word, "execution_id": word });
        let made = house.acme.post("/api/payloads", payload).await;
        assert_eq!((made.status, &made.json["workflow_id"]), (201, &json!(null)), "{word}");
        let shown = house.acme.get(&format!("/api/payloads/{}", made.id())).await;
        assert_eq!(shown.json["execution_id"], json!(null), "{word}");
    }
    // Two messages without an id of their own are two.
    for _ in 0..2 {
        let message = json!({ "session_id": "s", "role": "user", "content": "x", "message_id": "undefined" });
        assert_eq!(house.acme.post("/api/chats/message", message).await.status, 201);
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
