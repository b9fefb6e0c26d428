//! What has to hold of every kind of node.

use std::collections::BTreeSet;

use crate::{
    domain::n8n_credential::SCOPES,
    http::routes::{Auth, ROUTES, Verb},
};
use serde_json::Value;

use super::*;

fn canvases() -> Vec<(&'static str, Value)> {
    let mut made = Vec::new();
    for kind in &ALL {
        for (workflow_id, allow_regenerate) in [(None, false), (Some("abc123".to_owned()), true)] {
            let values = Values {
                base_url: "https://baton.example.com/api-of".into(),
                installation_id: InstallationId::from_u64(45).unwrap(),
                workflow_id,
                allow_regenerate,
                credential: CredentialRef { id: Some("cred1".into()), name: "Baton API key (45)".into() },
            };
            made.push((kind.key, serde_json::to_value(kind.canvas(&values)).unwrap()));
        }
    }
    made
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn keys_are_distinct_and_found() {
    let keys: BTreeSet<_> = ALL.iter().map(|kind| kind.key).collect();
    assert_eq!(keys.len(), ALL.len());
    for kind in &ALL {
        assert_eq!(find(kind.key).map(|found| found.title), Some(kind.title));
    }
    assert!(find("nothing").is_none());
}

#[test]
fn node_ids_and_names_are_unique_also_between_kinds() {
    let mut ids = BTreeSet::new();
    for kind in &ALL {
        let (_, canvas) = canvases().into_iter().find(|(key, _)| *key == kind.key).unwrap();
        let mut names = BTreeSet::new();
        for node in canvas["nodes"].as_array().unwrap() {
            for id in [&node["id"], &node["webhookId"]].into_iter().filter_map(Value::as_str) {
                assert!(ids.insert(id.to_owned()), "{}: {id}", kind.key);
                assert_eq!((id.len(), &id[14..15]), (36, "8"), "{id}");
            }
            assert!(names.insert(node["name"].to_string()), "{}", kind.key);
        }
    }
}

#[test]
fn connections_lead_from_node_to_node() {
    for (key, canvas) in canvases() {
        let nodes = canvas["nodes"].as_array().unwrap();
        let names: BTreeSet<_> = nodes.iter().map(|node| node["name"].as_str().unwrap()).collect();
        let mut reached = BTreeSet::new();
        for (from, outputs) in canvas["connections"].as_object().unwrap() {
            assert!(names.contains(from.as_str()), "{key}: {from}");
            for target in outputs["main"].as_array().unwrap().iter().flat_map(|all| all.as_array().unwrap()) {
                assert!(reached.insert(target["node"].as_str().unwrap()), "{key}: {target}");
            }
        }
        assert!(reached.is_subset(&names), "{key}");
        assert_eq!(reached.len(), names.len() - 1, "{key}: all but the first are reached");
    }
}

#[test]
fn expressions_are_well_formed_and_nothing_is_left_blank() {
    for (key, canvas) in canvases() {
        for text in texts(&canvas) {
            assert!(!text.contains('['), "{key}: {text}");
            if !text.starts_with('=') {
                assert!(!text.contains("{{"), "{key}: {text} is no expression without =");
                continue;
            }
            // n8n ends an expression at the first `}}`, be it meant so or not.
            for part in text.split("{{").skip(1) {
                let (code, after) = part.split_once("}}").unwrap_or_else(|| panic!("{key}: {text}"));
                let depth = |open: char, close: char| {
                    code.matches(open).count().wrapping_sub(code.matches(close).count())
                };
                assert_eq!([depth('(', ')'), depth('{', '}')], [0, 0], "{key}: {text}");
                assert!(!after.contains("}}"), "{key}: {text}");
            }
        }
    }
}

/// n8n makes nothing of an expression that throws, and then says of the whole body that it is no JSON.
#[test]
fn no_expression_throws_where_an_item_lacks_what_it_looks_into() {
    let name = |text: &str| text.chars().take_while(|at| at.is_ascii_alphanumeric() || *at == '_').count();
    for (key, canvas) in canvases() {
        for text in texts(&canvas) {
            for step in text.split("$json.").skip(1) {
                let after = &step[name(step)..];
                assert!(!after.starts_with('.'), "{key}: ?. for . in {text}");
            }
        }
    }
}

#[test]
fn no_node_holds_a_secret() {
    for (key, canvas) in canvases() {
        assert!(!canvas.to_string().contains(crate::domain::api_key::PREFIX), "{key}");
        for node in canvas["nodes"].as_array().unwrap() {
            let parameters = node["parameters"].to_string().to_lowercase();
            assert!(!parameters.contains("x-api-key") && !parameters.contains("bearer"), "{key}");
            for (kind, credential) in node["credentials"].as_object().into_iter().flatten() {
                let names: Vec<_> = credential.as_object().unwrap().keys().collect();
                assert_eq!(names, ["id", "name"], "{key}: {kind}");
            }
        }
    }
}

#[test]
fn nodes_that_post_try_as_long_as_n8n_lets_them_and_only_what_must_arrive_fails_the_workflow() {
    for (key, canvas) in canvases() {
        let must = ["lead", "media", "payload", "push-newest"].iter().any(|kind| key.starts_with(kind));
        for node in canvas["nodes"].as_array().unwrap() {
            if node["type"] != "n8n-nodes-base.httpRequest" {
                continue;
            }
            assert_eq!((&node["retryOnFail"], &node["maxTries"]), (&json!(true), &json!(5)), "{key}");
            assert_eq!(node["waitBetweenTries"], 5000, "{key}");
            let expected = if must { Value::Null } else { json!("continueRegularOutput") };
            assert_eq!(node["onError"], expected, "{key}");
            let sent = &node["parameters"]["headerParameters"]["parameters"][0];
            for part in ["45-", "$workflow.id", "$execution.id", "$nodeId", "$runIndex", "$itemIndex"] {
                assert!(sent["value"].as_str().unwrap().contains(part), "{key}: {sent} lacks {part}");
            }
        }
    }
}

#[test]
fn what_is_posted_has_a_route_that_the_credentials_key_may_use() {
    for kind in &ALL {
        let Some(path) = kind.path else { continue };
        let route = ROUTES.iter().find(|route| route.method == Verb::Post && route.path == path);
        let Some(route) = route else { panic!("{}: no route {path}", kind.key) };
        let Auth::Scope(scope) = route.auth else { panic!("{path} asks for no key") };
        assert!(SCOPES.contains(&scope), "{}: {scope}", kind.key);
    }
    let used: BTreeSet<_> = ROUTES
        .iter()
        .filter(|route| ALL.iter().any(|kind| kind.path == Some(route.path)))
        .map(|route| route.auth)
        .filter_map(|auth| if let Auth::Scope(scope) = auth { Some(scope) } else { None })
        .collect();
    assert_eq!(used, BTreeSet::from(SCOPES), "the key may do what the nodes do, and no more");
}
