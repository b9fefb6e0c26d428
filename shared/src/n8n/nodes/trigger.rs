//! The node that lets Baton start a workflow.

use crate::domain::installation::Installation;
use serde_json::json;

use super::{
    Kind, Values, WORKFLOW_ID,
    canvas::{Canvas, WEBHOOK},
};

/// Trigger.
pub const TRIGGER: Kind = Kind {
    key: "trigger",
    title: "Trigger",
    description: "Starts the workflow when somebody calls POST /api/trigger-webhook, and tells which execution it is.",
    path: None,
    must_arrive: false,
    parameters: &[WORKFLOW_ID],
    notes: &[
        "Save the workflow once before you publish it: the path ends with its id, which n8n gives it then.",
        "What was sent is in $json.body: triggered_at, source, user_id, username and data.",
    ],
    build: trigger,
};

fn trigger(kind: &Kind, values: &Values) -> Canvas {
    let path = match &values.workflow_id {
        Some(workflow) => path(values, workflow),
        None => format!("={}", path(values, "{{ $workflow.id }}")),
    };
    let mut canvas = kind.empty_canvas(values);
    canvas.add(
        "Triggered by Baton",
        WEBHOOK,
        json!({
            "httpMethod": "POST",
            "path": path,
            "responseMode": "onReceived",
            // n8n's own answer does not tell the execution's id. With it Baton follows the right one.
            "options": { "responseData": "={{ JSON.stringify({ execution_id: $execution.id }) }}" },
        }),
    );
    canvas
}

fn path(values: &Values, workflow: &str) -> String {
    format!("invokati-trigger/{}/{workflow}", values.installation_id)
}

/// The `endpoint` for `POST /api/trigger-webhook`, when the workflow is known.
pub fn endpoint(installation: &Installation, values: &Values) -> Option<String> {
    let base = installation.webhook_url.as_ref().unwrap_or(&installation.host);
    values.workflow_id.as_ref().map(|workflow| format!("{base}/webhook/{}", path(values, workflow)))
}
