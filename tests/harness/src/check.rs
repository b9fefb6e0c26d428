//! What tests ask of answers again and again.

use serde_json::Value;
use shared::http::routes::{Dialect, dialect_of};

use super::Answer;

/// The stable code of an error, after a look at its envelope: the path's dialect, a sentence, a request id.
#[track_caller]
pub fn refusal(answer: &Answer, path: &str) -> String {
    let body = &answer.json;
    assert!(answer.status >= 400, "{path}: {answer:?}");
    let code = match dialect_of(path) {
        Dialect::Tokens => {
            assert_eq!(body["status"], "error", "{path}: {answer:?}");
            &body["code"]
        }
        Dialect::Invokati => {
            assert_eq!(body["success"], false, "{path}: {answer:?}");
            assert_eq!(body["error"], body["message"], "what n8n shows is the sentence: {path}: {answer:?}");
            &body["code"]
        }
        Dialect::DripPulse | Dialect::House => &body["error"],
    };
    assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{path}: {answer:?}");
    assert!(answer.header("x-request-id").is_some(), "{path}: {answer:?}");
    code.as_str().unwrap_or_else(|| panic!("{path}: no code in {answer:?}")).to_owned()
}

/// The fields that a 422 names, in order.
#[track_caller]
pub fn named(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 422, "{answer:?}");
    answer.json["errors"]
        .as_object()
        .unwrap_or_else(|| panic!("no errors in {answer:?}"))
        .keys()
        .map(String::as_str)
        .collect()
}

/// Every key of `documented` stands in `answer` with the same value; the answer may hold more.
#[track_caller]
pub fn assert_holds(answer: &Value, documented: &Value) {
    match documented {
        Value::Object(map) => {
            for (key, value) in map {
                assert_holds(&answer[key], value);
            }
        }
        value => assert_eq!(answer, value),
    }
}

/// Compares status and body with `tests/<folder>/snapshots/<name>.snap`; a name may lie in a folder of its own (`a/get_lead`).
/// Credentials are not shown there.
#[track_caller]
pub fn snapshot(folder: &str, name: &str, answer: &Answer) {
    let (below, name) = name.rsplit_once('/').unwrap_or((".", name));
    let mut body = answer.json.clone();
    hide(&mut body);
    let shown = serde_json::json!({ "status": answer.status, "body": body });
    insta::with_settings!({
        snapshot_path => format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../{}/snapshots/{}"), folder, below),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_json_snapshot!(name, shown);
    });
}

fn hide(body: &mut Value) {
    match body {
        Value::Object(map) => {
            for (name, value) in map {
                match (name.as_str(), value.as_str()) {
                    ("token" | "csrf_token", Some(_)) => *value = "[secret]".into(),
                    ("api_key", Some(text)) if !text.contains('…') => *value = "[secret]".into(),
                    _ => hide(value),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(hide),
        _ => {}
    }
}
