//! What n8n's lists show of executions and workflows, read out of the answer where it stands.

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    clock::{self, Millis},
    json::{self, Kind, Part},
    n8n::{
        answer::{Row, judge},
        pages::Walk,
    },
};

/// n8n's own have about a hundred bytes.
const MAX_CURSOR: usize = 4096;

/// An execution as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRow {
    pub id: String,
    pub workflow_id: Option<String>,
    pub status: String,
    pub started_at: Option<Millis>,
    pub stopped_at: Option<Millis>,
}

/// A workflow as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRow {
    pub id: String,
    pub name: Option<String>,
    pub active: bool,
    pub webhooks: Vec<WebhookNode>,
}

/// A production webhook of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookNode {
    /// As it is called, without slashes around it; a part that begins with `:` stands for any.
    pub path: String,
    /// Whether it takes what Baton sends.
    pub takes_post: bool,
}

/// A page as n8n gives all of them, its rows where they stand in the answer.
#[derive(Default)]
pub(in crate::n8n) struct List {
    data: Bytes,
    pub next_cursor: Option<String>,
}

impl List {
    pub(super) fn read(body: &Bytes) -> Option<Self> {
        let body = json::document(body).ok()?;
        let root = Part::cut(&body);
        let data = root.get("data").filter(|data| data.is_list())?;
        let next_cursor = root.get("nextCursor").and_then(Part::text).map(Cow::into_owned);
        let fits = next_cursor.as_ref().is_none_or(|cursor| cursor.len() <= MAX_CURSOR);
        fits.then(|| Self { data: body.slice_ref(data.as_str().as_bytes()), next_cursor })
    }

    /// At most as many as any page has.
    pub(in crate::n8n) fn rows(&self) -> impl Iterator<Item = Part<'_>> {
        Part::cut(&self.data).items().take(Walk::LARGEST)
    }
}

pub(super) fn row(row: Part<'_>) -> Option<ExecutionRow> {
    let time = |name: &str| clock::parse_iso(&row.get(name)?.text()?);
    Some(ExecutionRow {
        id: text(row, "id")?,
        workflow_id: text(row, "workflowId"),
        status: status(row),
        started_at: time("startedAt"),
        stopped_at: time("stoppedAt"),
    })
}

/// n8n's word. While n8n starts it calls waiting executions `crashed` for a moment; those still have a time to wait for.
pub(super) fn status(row: Part<'_>) -> String {
    let is_set = |name: &str| row.get(name).is_some_and(|value| !value.is_null());
    let status = row.get("status").and_then(Part::text);
    let told = Row {
        status: status.as_deref(),
        finished: row.get("finished").and_then(flag),
        stopped: is_set("stoppedAt"),
        waits: is_set("waitTill"),
    };
    let status = judge(told);
    if status == "crashed" && told.waits { "waiting".into() } else { status.to_owned() }
}

pub(super) fn workflow(row: Part<'_>) -> Option<WorkflowRow> {
    let id = text(row, "id")?;
    let nodes = row.get("nodes").into_iter().flat_map(Part::items);
    Some(WorkflowRow {
        webhooks: nodes.filter_map(|node| webhook(node, &id)).collect(),
        name: row.get("name").and_then(Part::text).map(Cow::into_owned),
        active: row.get("active").and_then(flag).unwrap_or(true),
        id,
    })
}

/// The production webhook of a node. n8n serves it under the node's path; under the webhook's own id and the path where that
/// holds a `:parameter`; under that id alone where there is no path; and where there is no id, under the workflow's and the
/// node's name.
fn webhook(node: Part<'_>, workflow_id: &str) -> Option<WebhookNode> {
    let kind = node.get("type")?.text()?;
    let said = |name: &str| node.get("parameters").and_then(|all| all.get(name));
    let own_id = node.get("webhookId").and_then(Part::text).filter(|id| !id.is_empty());
    if kind == "@n8n/n8n-nodes-langchain.chatTrigger" {
        return Some(WebhookNode { path: format!("{}/chat", own_id?), takes_post: true });
    }
    if kind != "n8n-nodes-base.webhook" {
        return None;
    }
    let path = said("path").and_then(Part::text).unwrap_or_default();
    let path = path.trim_matches('/');
    let has_parameter = path.split('/').any(|part| part.starts_with(':'));
    let path = match own_id {
        Some(id) if has_parameter => format!("{id}/{path}"),
        Some(id) if path.is_empty() => id.into_owned(),
        Some(_) => path.to_owned(),
        None if path.is_empty() => return None,
        // Of nodes that an API has made. Later versions give them an id; earlier ones serve both.
        None => {
            let name = node.get("name").and_then(Part::text).unwrap_or_default().to_lowercase();
            match has_parameter {
                true => format!("{workflow_id}/{name}/{path}"),
                false => path.to_owned(),
            }
        }
    };
    let takes_post = match said("httpMethod") {
        // n8n's default is GET.
        None => false,
        Some(method) if method.is_list() => method.items().any(|one| is_post(one)),
        Some(method) => is_post(method),
    };
    Some(WebhookNode { path, takes_post })
}

fn flag(part: Part<'_>) -> Option<bool> {
    if let Kind::Flag(flag) = part.kind() { Some(flag) } else { None }
}

fn is_post(method: Part<'_>) -> bool {
    method.text().is_some_and(|word| word.eq_ignore_ascii_case("POST"))
}

pub(super) fn text(row: Part<'_>, name: &str) -> Option<String> {
    row.get(name)?.text_or_digits().map(Cow::into_owned)
}
