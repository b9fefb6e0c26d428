//! Nodes that can be pasted into n8n, so that a workflow works with Baton: one table of kinds, from which their list, the
//! nodes themselves and the tests are made.
//!
//! Its one rule: no key is ever in a node. A node names a credential, and the credential is made in n8n itself.

pub mod canvas;
mod push;
mod records;
mod review;
pub mod trigger;
mod usage;

use canvas::{Canvas, CredentialRef, HTTP_REQUEST, Node};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::ids::InstallationId;

/// Something that n8n can do for Baton, as nodes.
pub struct Kind {
    /// What it is asked for by.
    pub key: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What its nodes do.
    pub description: &'static str,
    /// The path that its HTTP Request node posts to, none when it sends nothing.
    pub path: Option<&'static str>,
    /// Whether the workflow is to fail when Baton does not take what it sends. Nobody's business should stop because a
    /// count or a log could not be kept.
    must_arrive: bool,
    /// What may be said of it, beside what is [`COMMON`].
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
    /// The n8n instance that they are for.
    pub installation_id: InstallationId,
    /// n8n's id of the workflow that the node is for; else the workflow says itself which it is.
    pub workflow_id: Option<String>,
    /// Whether the reviewer may ask for another attempt.
    pub allow_regenerate: bool,
    /// What the nodes that send something name.
    pub credential: CredentialRef,
}

/// What may be said of every kind.
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
mod tests;
