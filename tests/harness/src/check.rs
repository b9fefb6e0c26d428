//! What tests ask of answers again and again.

use serde_json::Value;
use std::collections::BTreeMap;

use shared::{
    domain::{api_key::PREFIX, dialect::Letter},
    http::{
        dialect::{Voice, resolve},
        openapi::shown_in,
        routes::Route,
    },
};

use super::Answer;

/// The stable code of an error, after a look at its envelope: that of the dialect that alone has the path, or else of B.
#[track_caller]
pub fn refusal(answer: &Answer, path: &str) -> String {
    refusal_in(answer, resolve::by_path(path.split('?').next().unwrap_or(path)).dialect.voice(path))
}

/// The house's stable code of an error, after a look at its envelope: a dialect's own keys, a sentence, a request id.
#[track_caller]
pub fn refusal_in(answer: &Answer, voice: Voice) -> String {
    let (body, path) = (&answer.json, format!("{voice:?}"));
    assert!(answer.status >= 400, "{path}: {answer:?}");
    let (code, message) = match voice.schema_name() {
        "ErrorTokens" => {
            assert_eq!(body["status"], "error", "{path}: {answer:?}");
            (&body["code"], &body["message"])
        }
        "ErrorInvokati" => {
            assert_eq!(body["success"], false, "{path}: {answer:?}");
            assert_eq!(body["error"], body["message"], "what n8n shows is the sentence: {path}: {answer:?}");
            (&body["code"], &body["message"])
        }
        "ErrorB" => {
            assert_eq!(body["success"], false, "{path}: {answer:?}");
            let error = &body["error"];
            assert!(error["code"].as_str().is_some_and(|code| !code.is_empty()), "{path}: {answer:?}");
            // Of a request that breaks rules the details are the fields.
            let reason = &error["details"]["reason"];
            (if reason.is_null() { &error["code"] } else { reason }, &error["message"])
        }
        "ErrorD" => {
            assert_eq!(
                (&body["status"], &body["statusCode"]),
                (&false.into(), &answer.status.into()),
                "{path}"
            );
            assert!(body["error"].is_string(), "{path}: {answer:?}");
            (&body["code"], &body["message"])
        }
        "ErrorE" => {
            let detail = &body["detail"];
            (&body["code"], detail.get(0).map_or(detail, |first| &first["msg"]))
        }
        _ => (&body["error"], &body["message"]),
    };
    assert!(message.as_str().is_some_and(|text| !text.is_empty()), "{path}: {answer:?}");
    assert!(answer.header("x-request-id").is_some(), "{path}: {answer:?}");
    code.as_str().unwrap_or_else(|| panic!("{path}: no code in {answer:?}")).to_owned()
}

/// The API documents of all dialects, as the code makes them.
pub struct Documents(BTreeMap<Letter, Value>);

impl Documents {
    pub fn made() -> Self {
        let read = |letter| standins::json(local_host::api_document(letter)).unwrap();
        Self(Letter::ALL.into_iter().map(|letter| (letter, read(letter))).collect())
    }

    /// The one that shows a route.
    pub fn of(&self, route: &Route) -> &Value {
        &self.0[&shown_in(route)]
    }

    pub fn all(&self) -> impl Iterator<Item = (Letter, &Value)> {
        self.0.iter().map(|(letter, document)| (*letter, document))
    }
}

/// What a document says of a route.
pub fn described<'a>(document: &'a Value, route: &Route) -> &'a Value {
    &document["paths"][route.path][route.method.as_str().to_lowercase()]
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
                    ("token" | "csrf_token" | "secret" | "otpauth_url", Some(_)) => {
                        *value = "[secret]".into()
                    }
                    ("url", Some(text)) if text.contains("#btn_") => *value = "[secret]".into(),
                    ("recovery_codes", None) => *value = "[secrets]".into(),
                    ("key", Some(text)) if text.starts_with(PREFIX) => *value = "[secret]".into(),
                    ("api_key", Some(text)) if !text.contains('…') => *value = "[secret]".into(),
                    _ => hide(value),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(hide),
        _ => {}
    }
}
