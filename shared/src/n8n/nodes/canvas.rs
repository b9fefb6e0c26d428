//! Nodes as n8n keeps them on the clipboard. Its one rule: only node versions that n8n 2.8 and 2.41 both know, so that
//! what is copied here can be pasted into either.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::n8n::credentials::HEADER_AUTH;

/// Between two nodes of a row, as n8n's own layout has it.
const STEP: i32 = 220;

/// What Ctrl+V puts on n8n's canvas.
#[derive(Debug, Serialize)]
pub struct Canvas {
    nodes: Vec<Node>,
    /// Node → what its outputs lead to.
    connections: BTreeMap<&'static str, Outputs>,
    /// Always empty: n8n writes it, and reads it back.
    #[serde(rename = "pinData")]
    pin_data: Map<String, Value>,
    #[serde(skip)]
    seed: String,
}

#[derive(Debug, Default, Serialize)]
struct Outputs {
    main: Vec<Vec<Target>>,
}

#[derive(Debug, Serialize)]
struct Target {
    node: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    index: u8,
}

/// One node.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// What its first tab holds.
    pub parameters: Value,
    id: String,
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(serialize_with = "version")]
    type_version: f64,
    position: [i32; 2],
    /// n8n registers a webhook under its bare path only when the node has one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<String>,
    /// The credentials that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Value>,
    /// What its second tab holds.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// Whole versions without a fraction, as n8n writes them.
fn version<S: Serializer>(version: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if version.fract() == 0.0 {
        serializer.serialize_i64(*version as i64)
    } else {
        serializer.serialize_f64(*version)
    }
}

/// A credential as nodes name it. Without an id, n8n looks for the name.
#[derive(Debug, Clone)]
pub struct CredentialRef {
    /// n8n's id of it.
    pub id: Option<String>,
    /// What people call it.
    pub name: String,
}

impl CredentialRef {
    /// The `credentials` of a node.
    pub fn header_auth(&self) -> Value {
        json!({ HEADER_AUTH: { "id": self.id, "name": self.name } })
    }
}

/// The type of a node and its version.
pub type Type = (&'static str, f64);

/// Calls a URL.
pub const HTTP_REQUEST: Type = ("n8n-nodes-base.httpRequest", 4.2);
/// Starts a workflow when its URL is called.
pub const WEBHOOK: Type = ("n8n-nodes-base.webhook", 2.0);
/// Waits until its URL is called.
pub const WAIT: Type = ("n8n-nodes-base.wait", 1.1);
/// Goes on at one of several outputs.
pub const SWITCH: Type = ("n8n-nodes-base.switch", 3.2);
/// Ends the execution as failed.
pub const STOP_AND_ERROR: Type = ("n8n-nodes-base.stopAndError", 1.0);
/// Starts a workflow by the clock.
pub const SCHEDULE: Type = ("n8n-nodes-base.scheduleTrigger", 1.2);
/// Asks n8n itself.
pub const N8N: Type = ("n8n-nodes-base.n8n", 1.0);
/// Lets some items through.
pub const FILTER: Type = ("n8n-nodes-base.filter", 2.2);

impl Canvas {
    /// An empty canvas. The same seed gives the same ids; n8n replaces them when it pastes.
    pub fn new(seed: String) -> Self {
        Self { nodes: Vec::new(), connections: BTreeMap::new(), pin_data: Map::new(), seed }
    }

    /// Adds a node to the right of the last one.
    pub fn add(&mut self, name: &'static str, (kind, version): Type, parameters: Value) -> &mut Node {
        let column = i32::try_from(self.nodes.len()).unwrap_or(i32::MAX);
        let webhook_id = [WEBHOOK.0, WAIT.0].contains(&kind).then(|| self.uuid(name, "webhook"));
        self.nodes.push(Node {
            parameters,
            id: self.uuid(name, "node"),
            name,
            kind,
            type_version: version,
            position: [column.saturating_mul(STEP), 0],
            webhook_id,
            credentials: None,
            settings: Map::new(),
        });
        let last = self.nodes.len() - 1;
        &mut self.nodes[last]
    }

    /// Leads an output of a node to another node.
    pub fn link(&mut self, from: &'static str, output: usize, to: &'static str) {
        let outputs = &mut self.connections.entry(from).or_default().main;
        if outputs.len() <= output {
            outputs.resize_with(output + 1, Vec::new);
        }
        outputs[output].push(Target { node: to, kind: "main", index: 0 });
    }

    /// A version 8 UUID (RFC 9562 §5.8) made of a hash.
    fn uuid(&self, name: &str, what: &str) -> String {
        let digest = Sha256::digest(format!("{}/{name}/{what}", self.seed).as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

impl Node {
    /// Sets a setting of the node's second tab.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.settings.insert(name.to_owned(), value.into());
    }

    /// Puts it so many rows under the others.
    pub fn below(&mut self, rows: i32) {
        self.position[1] = rows * STEP;
    }
}

/// A condition of Switch and Filter: text compared with text.
pub fn condition(id: &str, left: &str, operation: &str, right: &str) -> Value {
    json!({
        "options": { "caseSensitive": true, "leftValue": "", "typeValidation": "loose", "version": 2 },
        "conditions": [{
            "id": id, "leftValue": left, "rightValue": right,
            "operator": { "type": "string", "operation": operation },
        }],
        "combinator": "and",
    })
}
