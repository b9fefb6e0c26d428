//! Executions: this one's ending, or the data of all the newest ones.

use serde_json::json;

use super::{
    Kind, Values,
    canvas::{Canvas, FILTER, N8N, SCHEDULE, condition},
    object,
};

const PATH: Option<&str> = Some("/api/push/executions");

/// Push this execution.
pub const THIS_EXECUTION: Kind = Kind {
    key: "push-execution",
    title: "Push this execution",
    description: "Tells Baton at the end of a workflow that this execution succeeded.",
    path: PATH,
    must_arrive: false,
    parameters: &[],
    notes: &[
        "Put it last. It runs once, however many items come in, and says nothing when the workflow fails before it.",
        "It sends no execution data. push-newest-executions does, and with it the token usage of AI nodes.",
    ],
    build: this_execution,
};

/// Push the newest executions.
pub const NEWEST_EXECUTIONS: Kind = Kind {
    key: "push-newest-executions",
    title: "Push the newest executions",
    description: "Sends the newest executions of all workflows with their data to Baton, every five minutes. Baton meters \
                  the token usage in them.",
    path: PATH,
    must_arrive: true,
    parameters: &[],
    notes: &[
        "Paste it into a workflow of its own. In that workflow's settings, do not save successful production executions.",
        "The node Newest executions needs a credential of type n8n API, named n8n API: an n8n API key, and the base URL of \
         your n8n followed by /api/v1.",
        "Of a model under an agent or a chain, n8n keeps only the tokens in and out: what a prompt cache saved is not \
         taken off the cost, and what Gemini thought is not in it.",
    ],
    build: newest_executions,
};

fn this_execution(kind: &Kind, values: &Values) -> Canvas {
    let data = "{ id: $execution.id, workflowId: $workflow.id, workflowData: { name: $workflow.name }, \
                mode: $execution.mode, status: 'success', finished: true, stoppedAt: $now.toISO() }";
    let mut canvas = kind.empty_canvas(values);
    let body = object(values, &[("execution_data", data)]);
    kind.add_post(&mut canvas, values, "Push this execution", &body).set("executeOnce", true);
    canvas
}

fn newest_executions(kind: &Kind, values: &Values) -> Canvas {
    const EVERY: &str = "Every five minutes";
    const NEWEST: &str = "Newest executions";
    const SKIP: &str = "Skip this workflow";
    const PUSH: &str = "Push execution";
    let mut canvas = kind.empty_canvas(values);
    canvas.add(
        EVERY,
        SCHEDULE,
        json!({ "rule": { "interval": [{ "field": "minutes", "minutesInterval": 5 }] } }),
    );
    let newest = canvas.add(
        NEWEST,
        N8N,
        json!({
            "resource": "execution", "operation": "getAll", "returnAll": false, "limit": 20, "filters": {},
            "options": { "activeWorkflows": true },
        }),
    );
    newest.credentials = Some(json!({ "n8nApi": { "id": null, "name": "n8n API" } }));
    // Else every push would carry the ones before it.
    let foreign = condition("foreign", "={{ $json.workflowId }}", "notEquals", "={{ $workflow.id }}");
    canvas.add(SKIP, FILTER, json!({ "conditions": foreign, "options": {} }));
    let body = format!(
        "{{\n  installation_id: {},\n  workflow_id: $json.workflowId,\n  execution_data: $json\n}}",
        values.installation_id
    );
    kind.add_post(&mut canvas, values, PUSH, &body);
    canvas.link(EVERY, 0, NEWEST);
    canvas.link(NEWEST, 0, SKIP);
    canvas.link(SKIP, 0, PUSH);
    canvas
}
