//! What a body may be, and how a mistake in it is named.

use super::*;

#[tokio::test]
async fn each_missing_field_is_named() {
    let house = scene().await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        for field in sample.required {
            for body in
                [sample.with(field, Value::Null), null(&sample, field), sample.with(field, json!(" "))]
            {
                let answer = sample.send_body(&caller, body).await;
                let names = named(&answer);
                assert_eq!(names, [*field], "{}: {answer:?}", sample.path);
                assert_eq!(sample.refusal(&answer), "validation_failed");
            }
        }
    }
}

fn null(sample: &Sample, field: &str) -> Value {
    let mut body = sample.body.clone();
    body[field] = Value::Null;
    body
}

#[tokio::test]
async fn all_missing_fields_are_named_at_once() {
    let house = scene().await;
    for sample in with_body(&house).iter().filter(|sample| !sample.required.is_empty()) {
        let caller = sample.caller(&house).await;
        for body in ["{}", "", "  "] {
            let text = caller.text(sample.method(), &sample.path, "application/json", body).await;
            let mut expected = [sample.required, sample.unless_clear].concat();
            expected.sort_unstable();
            assert_eq!(named(&text), expected, "{}: {text:?}", sample.path);
            for field in expected {
                assert!(text.json["message"].as_str().unwrap().contains(field), "{field}: {text:?}");
            }
        }
    }
}

#[tokio::test]
async fn wrong_types_and_unknown_words_are_named() {
    let house = scene().await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        for (field, value) in &sample.wrong {
            let body = sample.with(field, value.clone());
            let answer = if sample.route.rate == RateClass::None {
                without_writing(&house, &sample.path, sample.send_body(&caller, body)).await
            } else {
                sample.send_body(&caller, body).await
            };
            assert_eq!(named(&answer), [*field], "{} {field}={value}: {answer:?}", sample.path);
        }
    }
}

#[tokio::test]
async fn ids_are_accepted_as_text() {
    let house = scene().await;
    for sample in with_body(&house) {
        if matches!(sample.route.operation, "deny" | "regenerate") {
            continue;
        }
        let mut body = sample.body.clone();
        for field in sample.ids.iter().chain(&["installation_id"]) {
            if let Some(id) = body[*field].as_u64() {
                body[*field] = json!(id.to_string());
            }
        }
        let answer = sample.send_body(&sample.caller(&house).await, body).await;
        assert!(answer.status < 300, "{}: {answer:?}", sample.path);
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_400() {
    let house = scene().await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        for (body, code) in [
            ("{\"title\":", "malformed_json"),
            ("not json", "malformed_json"),
            ("{} {}", "malformed_json"),
            ("[]", "not_an_object"),
            ("[{\"title\":\"x\"}]", "not_an_object"),
            ("\"text\"", "not_an_object"),
        ] {
            let answer = caller.text(sample.method(), &sample.path, "application/json", body).await;
            assert_eq!(answer.status, 400, "{} {body}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), code, "{} {body}", sample.path);
        }
    }
}

#[tokio::test]
async fn another_media_type_is_a_415() {
    let house = scene().await;
    for sample in with_body(&house) {
        let (caller, body) = (sample.caller(&house).await, sample.body.to_string());
        let takes_forms = ["create_media", "create_media_for_review"].contains(&sample.route.operation);
        let others = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"];
        for media in others.iter().take(if takes_forms { 2 } else { 3 }) {
            let answer = caller.text(sample.method(), &sample.path, media, &body).await;
            assert_eq!(answer.status, 415, "{} {media}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), "not_json");
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413() {
    let house = scene_with(Settings { max_body_bytes: 2000, ..Settings::default() }).await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        for body in [Body::from(" ".repeat(2001)), chunks(5)] {
            let headers = [("x-api-key", caller.text.as_str()), ("content-type", "application/json")];
            let answer = house.acme.send(sample.method(), &sample.path, body, &headers).await;
            assert_eq!(answer.status, 413, "{}: {answer:?}", sample.path);
            assert_eq!(sample.refusal(&answer), "body_too_large");
        }
    }
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_unread() {
    let house = scene().await;
    for sample in with_body(&house) {
        let caller = sample.caller(&house).await;
        let headers = [
            ("x-api-key", caller.text.as_str()),
            ("content-type", "application/json"),
            ("content-length", "6291457"),
        ];
        let answer = house.acme.send(sample.method(), &sample.path, Body::from("{}"), &headers).await;
        assert_eq!(answer.status, 413, "{}: {answer:?}", sample.path);
    }
}

/// A body of unknown length: so many times 500 bytes.
fn chunks(count: usize) -> Body {
    let chunk = Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 500]));
    Body::from_stream(futures::stream::iter((0..count).map(move |_| match &chunk {
        Ok(bytes) => Ok(bytes.clone()),
        Err(error) => Err(std::io::Error::from(error.kind())),
    })))
}
