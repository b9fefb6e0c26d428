//! Methods and paths, and what is repeated under a key.

use super::*;

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let house = scene().await;
    for path in PUBLIC {
        let answer = house.acme.call(Method::HEAD, path, None, &[]).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{path}");
    }
    for sample in samples(&house).iter().filter(|sample| sample.route.method == Verb::Get) {
        let answer = sample.caller(&house).await.call(Method::HEAD, &sample.path, None, &[]).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{}", sample.path);
    }
    let refused = house.acme.bare(Method::HEAD, "/api", None, &[]).await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
}

#[tokio::test]
async fn a_path_that_is_no_text_leads_nowhere() {
    let house = scene().await;
    for route in ROUTES.iter().filter(|route| route.path.contains('{')) {
        let parts = route.path.split('/').map(|part| if part.starts_with('{') { "%EA" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let body = [Verb::Post, Verb::Patch, Verb::Put].contains(&route.method).then(|| json!({}));
        let method = route.method.as_str().parse().unwrap();
        let dialect = route.dialect.letter.map(|letter| ("x-api-dialect", letter.as_str()));
        let answer = house.acme.call(method, &path, body, dialect.as_slice()).await;
        assert_eq!(answer.status, 404, "{}: {answer:?}", route.operation);
        assert!(!refusal_in(&answer, route.dialect.voice(route.path)).is_empty(), "{}", route.operation);
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_a_405_with_allow() {
    let house = scene().await;
    for sample in samples(&house) {
        let known = routes::methods(sample.route.dialect, sample.route.path);
        for method in
            [Method::PUT, Method::TRACE].into_iter().filter(|method| !known.contains(&method.as_str()))
        {
            let speaker = sample.speaker(&house.acme);
            let answer = speaker.call(method.clone(), &sample.path, None, &[]).await;
            assert_eq!(answer.status, 405, "{method} {}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), "method_not_allowed");
            let allow = answer.header("allow").unwrap_or_default();
            assert!(allow.split(',').any(|verb| verb.trim() == sample.route.method.as_str()), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let house = scene().await;
    for sample in samples(&house).iter().filter(|sample| sample.route.method == Verb::Get) {
        let caller = sample.caller(&house).await;
        let plain = sample.send(&caller).await;
        let slashed = match sample.path.split_once('?') {
            Some((path, query)) => format!("{path}/?{query}"),
            None => format!("{}/", sample.path),
        };
        let slash = caller.get(&slashed).await;
        assert_eq!((plain.status, plain.text), (slash.status, slash.text), "{}", sample.path);
    }
    let made = house.acme.post("/api/payloads/", json!({ "title": "x" })).await;
    assert_eq!(made.status, 201, "{made:?}");
}

#[tokio::test]
async fn a_repeated_post_gets_the_first_reply_again() {
    for operation in posting(&TestApp::new().await).iter().map(|sample| sample.route.operation) {
        let (house, sample) = staged(operation).await;
        let once = [("idempotency-key", "exec-551-0-0")];
        let first = sample.send_with(&house.acme, &once).await;
        assert!(first.status < 300, "{operation}: {first:?}");
        assert_eq!(first.header("idempotent-replayed"), None, "{operation}");
        let (before, sent) = (house.meter(), house.network.sent().len());
        let second = sample.send_with(&house.acme, &once).await;
        if first.header("cache-control") == Some("no-store") {
            // It holds a secret, which is stored nowhere.
            let names =
                |answer: &Answer| answer.json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(
                (second.status, second.id(), names(&second)),
                (first.status, first.id(), names(&first))
            );
            let secret = |answer: &Answer| {
                let places = ["/key", "/invitation/token", "/password_reset/token"];
                places.into_iter().find_map(|place| answer.json.pointer(place)).cloned()
            };
            assert!(secret(&first).is_some_and(|text| text.is_string()), "{first:?}");
            assert_eq!(secret(&second), Some(Value::Null));
        } else {
            assert_eq!((second.status, &second.text), (first.status, &first.text), "{operation}");
        }
        assert_eq!(second.header("idempotent-replayed"), Some("true"), "{operation}");
        assert_eq!(second.header("content-type"), first.header("content-type"), "{operation}");
        assert_eq!(house.meter().since(&before).write_units, 0.0, "{operation} was done twice");
        assert_eq!(house.network.sent().len(), sent, "{operation} called n8n twice");
    }
}

#[tokio::test]
async fn a_key_with_another_request_is_a_409() {
    for operation in posting(&TestApp::new().await).iter().map(|sample| sample.route.operation) {
        let (house, sample) = staged(operation).await;
        let once = [("idempotency-key", "exec-551-0-0")];
        let first = sample.send_with(&house.acme, &once).await;
        assert!(first.status < 300, "{operation}: {first:?}");
        let other =
            house.acme.call(Method::POST, &sample.path, Some(sample.with("another", json!(1))), &once).await;
        assert_eq!(other.status, 409, "{operation}: {other:?}");
        assert_eq!(sample.refusal(&other), "idempotency_key_reused");
    }
}

#[tokio::test]
async fn an_unusable_key_is_a_422() {
    let house = scene().await;
    let long = "k".repeat(256);
    for sample in posting(&house) {
        for key in [long.as_str(), " ", "sch\u{fc}ssel"] {
            let answer = sample.send_with(&house.acme, &[("idempotency-key", key)]).await;
            assert_eq!(named(&answer), ["Idempotency-Key"], "{}: {answer:?}", sample.path);
        }
    }
}
