//! The kinds of nodes there are: one table, from which the list, the nodes and the tests are made.

mod push;
mod records;
mod review;
pub mod trigger;
mod usage;

use serde::Serialize;
use serde_json::json;
use shared::ids::InstallationId;
use utoipa::ToSchema;

use crate::canvas::{Canvas, CredentialRef, HTTP_REQUEST, Node};

/// Something that n8n can do for Baton, as nodes.
pub struct Kind {
    pub key: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// The path that its HTTP Request node posts to, none when it sends nothing.
    pub path: Option<&'static str>,
    /// Whether the workflow is to fail when Baton does not take what it sends. Nobody's business should stop because a
    /// count or a log could not be kept.
    must_arrive: bool,
    pub parameters: &'static [NodeParameter],
    /// What a person has to know or do beside pasting.
    pub notes: &'static [&'static str],
    build: fn(&Kind, &Values) -> Canvas,
}

/// What the caller may say of a node. Nothing has to be said: what is left out has a sensible value.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct NodeParameter {
    #[schema(example = "allow_regenerate")]
    name: &'static str,
    description: &'static str,
}

/// What the blanks of a node are filled with.
pub struct Values {
    /// Where n8n reaches Baton, without a trailing slash.
    pub base_url: String,
    pub installation_id: InstallationId,
    /// n8n's id of the workflow that the node is for; else the workflow says itself which it is.
    pub workflow_id: Option<String>,
    pub allow_regenerate: bool,
    pub credential: CredentialRef,
}

pub const COMMON: [NodeParameter; 2] = [
    NodeParameter {
        name: "installation_id",
        description: "The n8n instance that the nodes are for. May be left out when only one is registered.",
    },
    NodeParameter {
        name: "base_url",
        description: "Where that n8n reaches Baton, when that is not Baton's public URL: from inside a container, for \
                      instance.",
    },
];

const WORKFLOW_ID: NodeParameter = NodeParameter {
    name: "workflow_id",
    description: "n8n's id of the workflow, to have it written out. Without it an expression finds it when the workflow \
                  is saved.",
};

const ALLOW_REGENERATE: NodeParameter = NodeParameter {
    name: "allow_regenerate",
    description: "Whether the reviewer may ask for another attempt: the node Decision gets a third output for it.",
};

/// Every kind, in the order in which people look for them.
pub static ALL: [Kind; 12] = [
    usage::OPENAI,
    usage::ANTHROPIC,
    usage::GOOGLE,
    records::LEAD,
    records::MEDIA,
    records::PAYLOAD,
    review::LEAD,
    review::MEDIA,
    review::PAYLOAD,
    push::THIS_EXECUTION,
    push::NEWEST_EXECUTIONS,
    trigger::TRIGGER,
];

/// The kind of a key.
pub fn find(key: &str) -> Option<&'static Kind> {
    ALL.iter().find(|kind| kind.key == key)
}

/// The request that a kind sends.
pub fn sends(kind: &Kind) -> Option<String> {
    kind.path.map(|path| format!("POST {path}"))
}

impl Kind {
    /// Its nodes with the blanks filled in.
    pub fn canvas(&self, values: &Values) -> Canvas {
        (self.build)(self, values)
    }

    fn empty_canvas(&self, values: &Values) -> Canvas {
        Canvas::new(format!("{}/{}", values.installation_id, self.key))
    }

    /// A canvas with one HTTP Request node.
    fn posting(&self, values: &Values, name: &'static str, body: &str) -> Canvas {
        let mut canvas = self.empty_canvas(values);
        self.add_post(&mut canvas, values, name, body);
        canvas
    }

    /// Adds an HTTP Request node that posts a JavaScript object.
    ///
    /// It tries again when Baton does not answer, as often and with as long a pause as n8n allows. n8n then sends all its
    /// items again, so each carries a key of its own. `$nodeId` tells two copies of a node apart, the installation two n8n
    /// whose executions count alike, and the workflow's id an n8n that was set up anew and counts from 1 again.
    fn add_post<'a>(
        &self,
        canvas: &'a mut Canvas,
        values: &Values,
        name: &'static str,
        body: &str,
    ) -> &'a mut Node {
        let key = format!(
            "={}-{{{{ $workflow.id }}}}-{{{{ $execution.id }}}}-{{{{ $nodeId }}}}-{{{{ $runIndex }}}}-{{{{ $itemIndex }}}}",
            values.installation_id
        );
        let parameters = json!({
            "method": "POST",
            "url": format!("{}{}", values.base_url, self.path.unwrap_or_default()),
            "authentication": "genericCredentialType",
            "genericAuthType": "httpHeaderAuth",
            "sendHeaders": true,
            "headerParameters": { "parameters": [{ "name": "Idempotency-Key", "value": key }] },
            "sendBody": true,
            "specifyBody": "json",
            "jsonBody": format!("={{{{ JSON.stringify({body}) }}}}"),
            "options": {},
        });
        let node = canvas.add(name, HTTP_REQUEST, parameters);
        node.credentials = Some(values.credential.header_auth());
        node.set("retryOnFail", true);
        node.set("maxTries", 5);
        node.set("waitBetweenTries", 5000);
        if !self.must_arrive {
            node.set("onError", "continueRegularOutput");
        }
        node
    }
}

/// A JavaScript object: where it comes from, then these fields. What an expression does not find is left out by
/// `JSON.stringify`.
fn object(values: &Values, fields: &[(&str, &str)]) -> String {
    let installation = values.installation_id.to_string();
    let origin = [
        ("installation_id", installation.as_str()),
        ("workflow_id", "$workflow.id"),
        ("execution_id", "$execution.id"),
    ];
    let lines: Vec<String> =
        origin.iter().chain(fields).map(|(name, value)| format!("  {name}: {value}")).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use shared::{
        domain::n8n_credential::SCOPES,
        http::routes::{Auth, ROUTES, Verb},
    };

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
                for target in
                    outputs["main"].as_array().unwrap().iter().flat_map(|all| all.as_array().unwrap())
                {
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
        let name =
            |text: &str| text.chars().take_while(|at| at.is_ascii_alphanumeric() || *at == '_').count();
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
            assert!(!canvas.to_string().contains(shared::domain::api_key::PREFIX), "{key}");
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
}
