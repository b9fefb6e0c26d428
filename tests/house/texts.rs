//! Texts as long as a field takes, of letters that take most room, are stored or refused. Many become part of a key, and
//! the store's keys are measured in bytes.

use serde_json::{Value, json};

use harness::{
    Documents,
    samples::{Sample, samples, scene},
};

/// Three bytes each; four bytes; what an escaped separator takes; what grows when it is composed; what grows in lower case.
const LETTERS: [&str; 5] = ["雪", "💥", "#", "\u{1D15E}", "İ"];
/// Around what fields take, and beyond it.
const LENGTHS: [usize; 3] = [150, 200, 2100];

/// The texts that a route's body takes, by its document.
fn texts(document: &Value, sample: &Sample) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    for operation in operations.filter(|operation| operation["operationId"] == sample.route.operation) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let name =
            schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        let properties = document["components"]["schemas"][name]["properties"].as_object().cloned();
        let is_text = |schema: &Value| schema["type"].to_string().contains("\"string\"");
        names.extend(
            properties.into_iter().flatten().filter(|(_, schema)| is_text(schema)).map(|(name, _)| name),
        );
    }
    names
}

#[tokio::test]
async fn no_text_of_a_body_is_an_internal_error() {
    let house = scene().await;
    let documents = Documents::made();
    let mut sent = 0;
    for sample in samples(&house).into_iter().filter(Sample::has_body) {
        let caller = sample.caller(&house).await;
        for field in texts(documents.of(sample.route), &sample) {
            for text in LETTERS.iter().flat_map(|letter| LENGTHS.map(|length| letter.repeat(length))) {
                let answer = sample.send_body(&caller, sample.with(&field, json!(text))).await;
                let (shown, length) = (text.chars().next(), text.chars().count());
                assert_ne!(answer.status, 500, "{} {field}: {length} × {shown:?}: {answer:?}", sample.path);
                sent += 1;
            }
        }
    }
    assert!(sent > 1000, "{sent}");
}

#[tokio::test]
async fn no_text_of_a_path_or_a_query_is_an_internal_error() {
    let house = scene().await;
    let escaped = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let names = [
        "search",
        "email",
        "model",
        "execution",
        "model_id",
        "workflow_id",
        "session_id",
        "source",
        "tag",
        "cursor",
    ];
    for sample in samples(&house).into_iter().filter(|sample| !sample.has_body()) {
        let caller = sample.caller(&house).await;
        let path = sample.path.split('?').next().unwrap();
        for text in LETTERS.iter().flat_map(|letter| LENGTHS.map(|length| escaped(&letter.repeat(length)))) {
            let mut parts: Vec<&str> = path.split('/').collect();
            let mut paths: Vec<String> = names.iter().map(|name| format!("{path}?{name}={text}")).collect();
            for at in 3..parts.len() {
                let own = std::mem::replace(&mut parts[at], &text);
                paths.push(parts.join("/"));
                parts[at] = own;
            }
            for path in paths {
                let answer = caller.call(sample.method(), &path, None, &[]).await;
                assert_ne!(answer.status, 500, "{path}: {answer:?}");
            }
        }
    }
}
