use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{MAGIC, bomb, nested};
use harness::{
    Caller, TestApp, refusal,
    samples::{Sample, samples, scene},
};

/// The sample's body with one more field, whose value is this text.
fn with_field(sample: &Sample, text: &str) -> String {
    let mut body = sample.body.to_string();
    let comma = if sample.body.as_object().is_some_and(|body| !body.is_empty()) { "," } else { "" };
    body.pop();
    format!("{body}{comma}\"z\":{text}}}")
}

async fn send(house: &TestApp, sample: &Sample, body: &str) -> harness::Answer {
    let caller: Caller = sample.caller(house).await;
    caller.text(sample.method(), &sample.path, "application/json", body).await
}

/// One request of 84 KB ended the process, without any credential.
#[tokio::test]
async fn no_route_reads_text_in_text_and_none_takes_what_nests_too_deep() {
    let house = scene().await;
    let (deep, open) = (nested(101, ""), "[".repeat(100_000));
    let mut asked = 0;
    for sample in samples(&house).iter().filter(|sample| sample.has_body()) {
        let bodies = [
            with_field(sample, &bomb(80)),
            with_field(sample, &deep),
            with_field(sample, &open),
            open.clone(),
            "{\"a\":".repeat(100_000),
        ];
        for body in &bodies {
            let answer = send(&house, sample, body).await;
            assert_eq!(answer.status, 400, "{}: {answer:?}", sample.path);
            assert_eq!(refusal(&answer, &sample.path), "nested_too_deep");
            assert!(answer.text.contains("nests more than 100 levels deep"), "{answer:?}");
        }
        // The rate limit of the triggers is not what this is about.
        house.advance(Duration::from_secs(5));
        asked += 1;
    }
    assert!(asked > 30, "{asked} routes take a body");
}

#[tokio::test]
async fn a_body_has_so_many_fields_and_no_more() {
    let house = TestApp::new().await;
    let body = |fields: usize| {
        let rest: Vec<_> = (1..fields).map(|n| format!("\"f{n}\":0")).collect();
        format!("{{\"title\":\"x\",{}}}", rest.join(","))
    };
    let most = house.acme.text(Method::POST, "/api/payloads", "application/json", &body(1000)).await;
    assert_eq!(most.status, 201, "{most:?}");
    let more = house.acme.text(Method::POST, "/api/payloads", "application/json", &body(1001)).await;
    assert_eq!((more.status, &*refusal(&more, "/api/payloads")), (400, "too_many_members"));
}

/// Text that holds JSON is decoded, so it is bounded like JSON.
#[tokio::test]
async fn text_that_holds_json_nests_no_deeper() {
    let house = TestApp::new().await;
    for (levels, status) in [(100, 201), (101, 422)] {
        let body = json!({ "title": "x", "payload": nested(levels, "") });
        let answer = house.acme.post("/api/payloads", body).await;
        assert_eq!(answer.status, status, "{levels}: {answer:?}");
    }
}

#[tokio::test]
async fn what_others_write_beside_strict_json_is_taken() {
    let house = TestApp::new().await;
    let body = "\u{feff}{\"title\":\"a\\ud83d\",\"payload\":{\"b\":\"\\ude00\",\"c\\ud83d\":1}}";
    let made = house.acme.text(Method::POST, "/api/payloads", "application/json", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = house.acme.get(&format!("/api/payloads/{}", made.id())).await.json;
    assert_eq!(shown["title"], "a\u{fffd}");
    assert_eq!(shown["payload"], json!({ "b": "\u{fffd}", "c\u{fffd}": 1 }));
}

#[tokio::test]
async fn a_key_is_a_key_in_every_field() {
    let house = scene().await;
    let value = json!({ MAGIC: "[1,2]", "a": { MAGIC: "not json", "$serde_json::private::Number": "1" } });
    for sent in [value.clone(), Value::from(value.to_string())] {
        let made = house.acme.post("/api/payloads", json!({ "title": "x", "payload": sent })).await;
        assert_eq!(made.status, 201, "{made:?}");
        let shown = house.acme.get(&format!("/api/payloads/{}", made.id())).await;
        assert_eq!(shown.json["payload"], value, "{shown:?}");
    }
    let columns = json!([{ "key": "email", MAGIC: "[" }]);
    let saved = house.acme.put("/api/leads/view-config", json!({ "columns": columns })).await;
    assert_eq!(saved.json["columns"], columns, "{saved:?}");
    assert_eq!(house.acme.get("/api/leads/view-config").await.json["columns"], columns);
    let message = json!({ "session_id": "s", "role": "user", "content": "x", "message_context": value, "context": value });
    let logged = house.acme.post("/api/chats/message", message).await;
    assert_eq!(logged.status, 201, "{logged:?}");
    let chat = house.acme.get(&format!("/api/chats/{}", logged.json["session"]["id"])).await.json;
    assert_eq!((&chat["context"], &chat["messages"][0]["context"]), (&value, &value));
}
