//! The nodes for n8n's canvas: templates with blanks that callers fill.

use http::Method;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::{
    house::{Answer, House, INSTALLATION},
    text_lines,
};
use shared::domain::n8n_host::base_url;

/// What the blanks of the pattern are filled with: nothing else in a node reads so.
const BASE: &str = "https://pattern.example.com/base";
const WORKFLOW: &str = "PatternOfAWorkflow";

/// A node is its pattern with the blanks filled in, and nothing that fills a blank becomes code. Input: kind of node,
/// base URL, workflow and whether to allow another attempt, each on its line.
pub fn node(house: &House, data: &[u8]) {
    let Some([kind, base, workflow, again]) = text_lines::<4>(data) else { return };
    if kind.is_empty() || !kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        return;
    }
    let path = |base: &str, workflow: &str| {
        let mut query = Serializer::new(String::new());
        query.append_pair("installation_id", &INSTALLATION.to_string()).append_pair("base_url", base);
        query.append_pair("workflow_id", workflow).append_pair("allow_regenerate", again);
        format!("/api/n8n/nodes/{kind}?{}", query.finish())
    };
    let has_workflow = !workflow.trim().is_empty();
    house.visit(async |visit| {
        let answer = visit.ask(Method::GET, &path(base, workflow), b"").await;
        assert!([200, 404, 422].contains(&answer.status), "{data:?}: {}", answer.text);
        assert!(!answer.wrote);
        let pattern =
            visit.ask(Method::GET, &path(BASE, if has_workflow { WORKFLOW } else { "" }), b"").await;
        let (Some(filled), Some(pattern)) = (made(answer), made(pattern)) else { return };
        let base = match base.trim() {
            "" => "https://baton.example.com".to_owned(),
            base => base_url(base).unwrap_or_default(),
        };
        same(&pattern, &filled, &|text| text.replace(BASE, &base).replace(WORKFLOW, workflow.trim()));
    });
}

fn made(answer: Answer) -> Option<Value> {
    answer.json.filter(|_| answer.status == 200)
}

fn same(pattern: &Value, filled: &Value, fill: &impl Fn(&str) -> String) {
    match (pattern, filled) {
        (Value::String(pattern), Value::String(filled)) => {
            assert_eq!(&fill(pattern), filled);
            // n8n computes a parameter that starts with `=`, and in it what stands between the braces.
            assert_eq!(pattern.starts_with('='), filled.starts_with('='), "{filled}");
            if filled.starts_with('=') {
                assert_eq!(pattern.matches("{{").count(), filled.matches("{{").count(), "{filled}");
            }
        }
        (Value::Array(pattern), Value::Array(filled)) => {
            assert_eq!(pattern.len(), filled.len());
            pattern.iter().zip(filled).for_each(|(pattern, filled)| same(pattern, filled, fill));
        }
        (Value::Object(pattern), Value::Object(filled)) => {
            assert!(pattern.keys().eq(filled.keys()), "{filled:?}");
            pattern.values().zip(filled.values()).for_each(|(pattern, filled)| same(pattern, filled, fill));
        }
        _ => assert_eq!(pattern, filled),
    }
}
