//! Its public API: workflows, executions and credentials.

use serde_json::{Value, json};

use super::{API_KEY, Credential, Execution, State, reply, runs::with_data};
use shared::egress::{OutReply, OutRequest};

pub(super) fn api(state: &mut State, request: &OutRequest, path: &[&str]) -> OutReply {
    if let Some((status, body)) = &state.api_answer {
        return reply(*status, body.as_str());
    }
    let key = request.headers.get("x-n8n-api-key").and_then(|key| key.to_str().ok());
    if state.key_refused || key != Some(state.api_key.as_deref().unwrap_or(API_KEY)) {
        return reply(401, r#"{"message":"Unauthorized"}"#);
    }
    let query = |name: &str| {
        request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    match path {
        ["workflows"] if state.is_early && query("excludePinnedData").is_some() => {
            reply(400, r#"{"message":"Unknown query parameter 'excludePinnedData'"}"#)
        }
        ["workflows"] => {
            let page = query("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
            let (data, next) = match &state.endless {
                Some(endless) => (
                    vec![
                        json!({ "id": format!("wf{page}"), "name": "Report", "padding": "x".repeat(endless.bytes) }),
                    ],
                    Some(endless.next(page)),
                ),
                None => page_of(state, page, &query),
            };
            reply(200, json!({ "data": data, "nextCursor": next }).to_string())
        }
        ["executions"] => executions(state, &query),
        ["executions", id] => {
            let id: u64 = id.parse().unwrap_or(0);
            match state.executions.get(&id) {
                Some(execution) if query("includeData").is_some() => {
                    reply(200, as_seen(state, with_data(id, execution, state.node.as_ref())).to_string())
                }
                Some(execution) => reply(200, listed(state, as_seen(state, row(id, execution))).to_string()),
                None => reply(404, r#"{"message":"Not Found"}"#),
            }
        }
        ["credentials", rest @ ..] => credentials(state, request, rest),
        _ => reply(404, r#"{"message":"not found"}"#),
    }
}

/// The newest executions of a workflow: those that run, or the others.
fn executions(state: &State, query: &dyn Fn(&str) -> Option<String>) -> OutReply {
    let workflow = query("workflowId").unwrap_or_default();
    let running = query("status").as_deref() == Some("running");
    if running && state.is_early {
        return reply(
            400,
            r#"{"message":"request/query/status must be equal to one of the allowed values: error, success, waiting"}"#,
        );
    }
    let limit = query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
    let rows: Vec<Value> = state
        .executions
        .iter()
        .rev()
        .filter(|(_, execution)| {
            execution.workflow_id == workflow
                && (execution.status == "running") == running
                && !(state.hides_waiting && execution.status == "waiting")
        })
        .take(limit)
        .map(|(id, execution)| listed(state, row(*id, execution)))
        .collect();
    reply(200, json!({ "data": rows, "nextCursor": null }).to_string())
}

/// The workflows from the `first` on, and where the next page begins.
fn page_of(
    state: &State,
    first: usize,
    query: &dyn Fn(&str) -> Option<String>,
) -> (Vec<Value>, Option<String>) {
    let limit = query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
    let lean = query("excludePinnedData").as_deref() == Some("true");
    let pinned = if lean { 0 } else { state.pinned };
    let rows = state.workflows.iter().skip(first).take(limit).map(|row| {
        let mut row = row.clone();
        if pinned > 0 {
            row["pinData"] = json!({ "Start": [{ "json": { "text": "x".repeat(pinned) } }] });
        }
        row
    });
    let next = (first + limit < state.workflows.len()).then(|| (first + limit).to_string());
    (rows.collect(), next)
}

/// A row as a list shows it.
pub(super) fn listed(state: &State, mut row: Value) -> Value {
    if let Some(row) = row.as_object_mut().filter(|_| state.is_early) {
        row.remove("status");
    }
    row
}

pub(super) fn credentials(state: &mut State, request: &OutRequest, path: &[&str]) -> OutReply {
    if let Some(status) = state.credentials_refused {
        return reply(status, r#"{"message":"Forbidden"}"#);
    }
    let sent: Value = super::super::json(&request.body).unwrap_or_default();
    let shown = |credential: &Credential| {
        json!({ "id": credential.id, "name": credential.name, "type": credential.kind }).to_string()
    };
    let found = path.first().and_then(|id| state.credentials.iter().position(|one| one.id == *id));
    match (request.method.as_str(), path, found) {
        ("POST", [], _) => {
            state.made += 1;
            let text = |name: &str| sent[name].as_str().unwrap_or_default().to_owned();
            let id = format!("cred{:012}", state.made);
            let made = Credential { id, name: text("name"), kind: text("type"), data: sent["data"].clone() };
            state.credentials.push(made.clone());
            reply(200, shown(&made))
        }
        ("GET", [], _) => {
            let data: Vec<Value> = state
                .credentials
                .iter()
                .rev()
                .filter_map(|credential| super::super::json(shown(credential)))
                .collect();
            reply(200, json!({ "data": data, "nextCursor": null }).to_string())
        }
        ("GET", [_], _) if state.lists_credentials_only => {
            reply(405, r#"{"message":"GET method not allowed"}"#)
        }
        (_, [_], None) => reply(404, r#"{"message":"Credential not found"}"#),
        ("GET", [_], Some(at)) => reply(200, shown(&state.credentials[at])),
        ("PATCH", [_], Some(at)) => {
            state.credentials[at].data = sent["data"].clone();
            reply(200, shown(&state.credentials[at]))
        }
        ("DELETE", [_], Some(at)) => reply(200, shown(&state.credentials.remove(at))),
        _ => reply(405, r#"{"message":"method not allowed"}"#),
    }
}

fn as_seen(state: &State, mut execution: Value) -> Value {
    if state.starts_up && execution["status"] == "waiting" {
        execution["status"] = "crashed".into();
    }
    execution
}

pub(super) fn row(id: u64, execution: &Execution) -> Value {
    let time = shared::clock::iso_millis(shared::clock::Millis(execution.started_at));
    let waits = execution.status == "waiting";
    json!({
        "id": id.to_string(), "finished": execution.status == "success", "mode": "webhook", "status": execution.status,
        "startedAt": time, "stoppedAt": if execution.status == "running" { Value::Null } else { time.clone().into() },
        "workflowId": execution.workflow_id, "waitTill": if waits { json!("3000-01-01T00:00:00.000Z") } else { Value::Null },
    })
}
