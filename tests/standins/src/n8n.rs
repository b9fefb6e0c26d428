//! An n8n that behaves like the real one where Baton meets it: its API, its webhooks, its Wait nodes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::Network;
use shared::{
    clock::FixedClock,
    egress::{OutError, OutReply, OutRequest},
};

/// The API key that it takes.
pub const API_KEY: &str = "n8n-api-key-here";

/// One credential.
#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    pub id: String,
    pub name: String,
    pub kind: String,
    /// What the API never shows.
    pub data: Value,
}

/// One execution.
#[derive(Debug, Clone)]
pub struct Execution {
    pub workflow_id: String,
    /// n8n's word: running, waiting, success, error, crashed, canceled.
    pub status: String,
    /// Unix milliseconds.
    pub started_at: i64,
    /// The Baton entities that it created, in order; a Wait follows each of them.
    pub entities: Vec<u64>,
    /// How many of its Waits are over.
    pub passed: usize,
    /// The decisions that resumed it.
    pub decisions: Vec<Value>,
    pub token: String,
    pub order: Order,
}

/// In which order an execution asks and waits.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Order {
    /// Asks, waits, and asks again.
    #[default]
    InTurn,
    /// One call for all of them, then a loop that waits for each in this order.
    Loop(Vec<u64>),
    /// One call after the other, then one Wait after the other, each a node of its own. Their suffixes, where they have any,
    /// are `for-0`, `for-1` and so on.
    Row { suffixes: bool },
}

impl Execution {
    /// What follows its id in the address of the Wait that it stands at.
    fn suffix(&self) -> String {
        match self.order {
            Order::Row { suffixes: true } => format!("for-{}", self.passed),
            _ => String::new(),
        }
    }
}

#[derive(Default)]
struct State {
    /// The API key that it takes instead of [`API_KEY`].
    api_key: Option<String>,
    down: bool,
    key_refused: bool,
    /// Lists no waiting executions, as versions before 2.30 do not.
    hides_waiting: bool,
    /// Calls what waits crashed for a moment, as n8n does when it starts.
    starts_up: bool,
    /// What the API answers to everything.
    api_answer: Option<(u16, String)>,
    /// Answers the next resume calls with these instead, and does nothing.
    resume_answers: Vec<Result<(u16, String), OutError>>,
    /// Answers everything with this status and all that it was sent.
    echo: Option<u16>,
    /// Takes the next resume, or the next change of a credential, and loses the answer.
    lose_answer: bool,
    /// Takes the next resume, and somebody in front answers this instead.
    spoilt: Option<(u16, String)>,
    webhook_answer: Option<Result<OutReply, OutError>>,
    executions: BTreeMap<u64, Execution>,
    workflows: Vec<Value>,
    credentials: Vec<Credential>,
    /// How many credentials were ever made: ids are not used twice.
    made: usize,
    /// Answers everything about credentials with this status.
    credentials_refused: Option<u16>,
    /// Cannot be asked for one credential, as 2.8 cannot.
    lists_credentials_only: bool,
    /// What the API answers when it is asked for an execution with its data.
    data_answer: Option<Result<(u16, String), OutError>>,
    header: Option<(String, String)>,
    node: Option<(String, Value)>,
    slow: Option<Slow>,
    endless: Option<Endless>,
    /// Where webhooks redirect to instead of answering.
    redirect: Option<(u16, String)>,
    /// An n8n of before 2025.
    is_early: bool,
    /// What is pinned to each workflow, and listed with it unless it is asked to be left out.
    pinned: usize,
}

/// A list of workflows without an end.
struct Endless {
    /// A page's, about.
    bytes: usize,
    /// After so many pages the first one comes again.
    round: usize,
}

impl Endless {
    fn next(&self, page: usize) -> String {
        ((page + 1) % self.round).to_string()
    }
}

/// How long its answers take, by the clock of the house.
struct Slow {
    clock: Arc<FixedClock>,
    api: Duration,
    waits: Duration,
}

/// A fake n8n at one origin.
#[derive(Clone, Default)]
pub struct FakeN8n {
    state: Arc<Mutex<State>>,
}

impl FakeN8n {
    /// An n8n that answers at `origin`.
    pub fn at(network: &Network, origin: &str) -> Self {
        let n8n = Self { state: Arc::default() };
        let behind = n8n.clone();
        network.host(origin, move |request| behind.answer(request));
        n8n
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The API takes this key and no other.
    pub fn take_key(&self, key: &str) {
        self.state().api_key = Some(key.to_owned());
    }

    /// Nobody answers any more, or again.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// The API refuses the key; webhooks go on.
    pub fn refuse_key(&self, refuse: bool) {
        self.state().key_refused = refuse;
    }

    /// The API does not list waiting executions, as n8n 2.8 does not; each can still be asked for by its id.
    pub fn hide_waiting(&self, hide: bool) {
        self.state().hides_waiting = hide;
    }

    /// n8n has just started, or is done with it: until then it calls what waits crashed.
    pub fn starts_up(&self, starts: bool) {
        self.state().starts_up = starts;
    }

    /// The API answers this to everything, or is itself again.
    pub fn answer_api(&self, answer: Option<(u16, &str)>) {
        self.state().api_answer = answer.map(|(status, body)| (status, body.to_owned()));
    }

    /// What webhooks answer; `{"message":"Workflow was started"}` unless told.
    pub fn answer_webhooks(&self, answer: Result<(u16, &str), OutError>) {
        self.state().webhook_answer = Some(answer.map(|(status, body)| reply(status, body)));
    }

    /// Webhooks answer with what is no text.
    pub fn answer_webhooks_in_bytes(&self, status: u16, kind: &'static str, body: &'static [u8]) {
        let kind = http::HeaderValue::from_static(kind);
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, kind)]);
        self.state().webhook_answer = Some(Ok(OutReply { status, headers, body: Bytes::from_static(body) }));
    }

    /// The next resume call gets this answer and changes nothing.
    pub fn answer_next_resume(&self, answer: Result<(u16, &str), OutError>) {
        self.state().resume_answers.push(answer.map(|(status, body)| (status, body.to_owned())));
    }

    /// The next resume call, or the next change of a credential, is taken, and its answer is lost.
    pub fn lose_next_answer(&self) {
        self.state().lose_answer = true;
    }

    /// The next resume call is taken, and its answer is replaced by this one.
    pub fn spoil_next_answer(&self, status: u16, body: &str) {
        self.state().spoilt = Some((status, body.to_owned()));
    }

    /// Every answer repeats what the call was sent, as careless proxies and workflows do; or no longer.
    pub fn echo(&self, status: Option<u16>) {
        self.state().echo = status;
    }

    /// Answers of its API and of its Waits take so long from now on. What a caller does not wait for is done all the same.
    pub fn slow(&self, clock: &Arc<FixedClock>, api: Duration, waits: Duration) {
        self.state().slow = Some(Slow { clock: clock.clone(), api, waits });
    }

    /// Its list of workflows goes on for ever, in pages of so many bytes, and after so many pages from the beginning.
    pub fn list_for_ever(&self, bytes: usize, round: usize) {
        self.state().endless = Some(Endless { bytes, round });
    }

    /// Puts several n8n's at one origin, each below its path.
    pub fn share(network: &Network, origin: &str, below: &[(&'static str, Self)]) {
        let below = below.to_vec();
        network.host(origin, move |request| {
            let mut path = request.url.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
            let first = path.next().unwrap_or_default();
            let Some((_, n8n)) = below.iter().find(|(prefix, _)| *prefix == first) else {
                return Ok(reply(404, "<html>No such page</html>"));
            };
            let rest: Vec<_> = path.collect();
            let mut request = request.clone();
            request.url.set_path(&rest.join("/"));
            n8n.answer(&request)
        });
    }

    /// Webhooks redirect, or answer again.
    pub fn redirect_webhooks(&self, redirect: Option<(u16, &str)>) {
        self.state().redirect = redirect.map(|(status, there)| (status, there.to_owned()));
    }

    /// It is one of before 2025: its API refuses `status=running` and what it does not know, and its rows have no status.
    pub fn be_early(&self) {
        self.state().is_early = true;
    }

    /// Every workflow has so many bytes of pinned data from now on.
    pub fn pin(&self, bytes: usize) {
        self.state().pinned = bytes;
    }

    /// Adds a workflow to the API's list as its row stands there.
    pub fn add_workflow_row(&self, row: Value) {
        self.state().workflows.push(row);
    }

    /// Somebody deletes all workflows in n8n.
    pub fn delete_workflows(&self) {
        self.state().workflows.clear();
    }

    /// Adds a workflow to the API's list.
    pub fn add_workflow(&self, id: &str, name: &str, webhook_path: &str) {
        let node = json!({ "type": "n8n-nodes-base.webhook", "name": "Webhook", "parameters": { "path": webhook_path } });
        self.state().workflows.push(json!({ "id": id, "name": name, "active": true, "nodes": [node] }));
    }

    /// Puts an execution there, or replaces it.
    pub fn put(&self, id: u64, execution: Execution) {
        self.state().executions.insert(id, execution);
    }

    /// An execution that created an entity and waits for its decision.
    pub fn waits(&self, id: u64, workflow_id: &str, entity: u64) {
        let token = format!("token-{id}");
        self.put(
            id,
            Execution {
                workflow_id: workflow_id.into(),
                status: "waiting".into(),
                started_at: 1_737_455_400_000,
                entities: vec![entity],
                passed: 0,
                decisions: Vec::new(),
                token,
                order: Order::InTurn,
            },
        );
    }

    /// An execution that asked for several entities before it waits for the first of them.
    pub fn waits_for(&self, id: u64, workflow_id: &str, entities: &[u64], order: Order) {
        self.waits(id, workflow_id, 0);
        if let Some(execution) = self.state().executions.get_mut(&id) {
            execution.entities = entities.to_vec();
            execution.order = order;
        }
    }

    /// The API does not show this execution's data: it answers this instead.
    pub fn hide_data(&self, answer: Option<Result<(u16, &str), OutError>>) {
        self.state().data_answer =
            answer.map(|answer| answer.map(|(status, body)| (status, body.to_owned())));
    }

    /// What its Waits ask their callers for: a header and its value.
    pub fn ask_for_header(&self, name: &str, value: &str) {
        self.state().header = Some((name.to_owned(), value.to_owned()));
    }

    /// Where an execution waits, in n8n's words: the type and the parameters of the node.
    pub fn waits_at(&self, kind: &str, parameters: Value) {
        self.state().node = Some((kind.to_owned(), parameters));
    }

    /// The execution goes on to another entity and its Wait.
    pub fn goes_on_to(&self, id: u64, entity: u64) {
        if let Some(execution) = self.state().executions.get_mut(&id) {
            execution.passed = execution.entities.len();
            execution.entities.push(entity);
            execution.status = "waiting".into();
        }
    }

    /// n8n forgets the execution.
    pub fn delete(&self, id: u64) {
        self.state().executions.remove(&id);
    }

    /// The execution's resume token is another from now on.
    pub fn rotate_token(&self, id: u64, token: &str) {
        if let Some(execution) = self.state().executions.get_mut(&id) {
            execution.token = token.into();
        }
    }

    /// An execution that runs since `started_at` (unix milliseconds), started from outside.
    pub fn runs(&self, id: u64, workflow_id: &str, started_at: i64) {
        self.put(
            id,
            Execution {
                workflow_id: workflow_id.into(),
                status: "running".into(),
                started_at,
                entities: Vec::new(),
                passed: 0,
                decisions: Vec::new(),
                token: format!("token-{id}"),
                order: Order::InTurn,
            },
        );
    }

    /// Everything about credentials gets this answer, or is itself again.
    pub fn refuse_credentials(&self, status: Option<u16>) {
        self.state().credentials_refused = status;
    }

    /// A single credential cannot be asked for, as in n8n 2.8.
    pub fn list_credentials_only(&self) {
        self.state().lists_credentials_only = true;
    }

    /// Its credentials, the oldest first.
    pub fn credentials(&self) -> Vec<Credential> {
        self.state().credentials.clone()
    }

    /// Somebody deletes all credentials in n8n.
    pub fn delete_credentials(&self) {
        self.state().credentials.clear();
    }

    pub fn set_status(&self, id: u64, status: &str) {
        if let Some(execution) = self.state().executions.get_mut(&id) {
            execution.status = status.into();
        }
    }

    pub fn execution(&self, id: u64) -> Option<Execution> {
        self.state().executions.get(&id).cloned()
    }

    /// Its answer to one request, once it has come.
    pub fn answer(&self, request: &OutRequest) -> Result<OutReply, OutError> {
        let answer = match self.answer_at_once(request) {
            Ok(reply) if reply.body.len() > request.max_reply_bytes => {
                Err(OutError::ReplyTooLarge { status: reply.status })
            }
            answer => answer,
        };
        let state = self.state();
        let Some(slow) = &state.slow else { return answer };
        let waits = request.url.path().starts_with("/webhook-waiting/");
        let takes = if waits { slow.waits } else { slow.api };
        slow.clock.advance(takes.min(request.timeout));
        if takes > request.timeout { Err(OutError::Timeout) } else { answer }
    }

    fn answer_at_once(&self, request: &OutRequest) -> Result<OutReply, OutError> {
        let mut state = self.state();
        if state.down {
            return Err(OutError::Connect("connection refused".into()));
        }
        if let Some(status) = state.echo {
            let body = String::from_utf8_lossy(&request.body);
            let said = format!("{} {:?} {body}", request.url, shown_headers(&request.headers));
            return Ok(reply(status, json!({ "message": said }).to_string()));
        }
        let parts: Vec<&str> = request.url.path_segments().into_iter().flatten().collect();
        match parts.as_slice() {
            ["api", "v1", rest @ ..] => {
                let with_data = request.url.query().is_some_and(|query| query.contains("includeData"));
                if let Some(answer) = state.data_answer.clone().filter(|_| with_data) {
                    return answer.map(|(status, body)| reply(status, body));
                }
                let answer = api(&mut state, request, rest);
                let changed = answer.status < 300 && rest.first() == Some(&"credentials");
                if changed && request.method != Method::GET && std::mem::take(&mut state.lose_answer) {
                    return Err(OutError::Timeout);
                }
                Ok(answer)
            }
            ["webhook" | "webhook-test", ..] => match state.webhook_answer.clone() {
                _ if state.redirect.is_some() => Ok(redirection(state.redirect.clone().unwrap_or_default())),
                Some(answer) => answer,
                None => Ok(reply(200, r#"{"message":"Workflow was started"}"#)),
            },
            ["webhook-waiting", id, suffix @ ..] => {
                resume(&mut state, request, id.parse().unwrap_or(0), &suffix.join("/"))
            }
            _ => Ok(reply(404, "<!DOCTYPE html><html><body>Cannot POST</body></html>")),
        }
    }
}

/// With the values that `Debug` would hide.
fn shown_headers(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default())).collect()
}

fn api(state: &mut State, request: &OutRequest, path: &[&str]) -> OutReply {
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
        ["executions"] => {
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
fn listed(state: &State, mut row: Value) -> Value {
    if let Some(row) = row.as_object_mut().filter(|_| state.is_early) {
        row.remove("status");
    }
    row
}

fn redirection((status, there): (u16, String)) -> OutReply {
    let mut answer = reply(status, "");
    if let Ok(there) = http::HeaderValue::from_str(&there) {
        answer.headers.insert(http::header::LOCATION, there);
    }
    answer
}

fn credentials(state: &mut State, request: &OutRequest, path: &[&str]) -> OutReply {
    if let Some(status) = state.credentials_refused {
        return reply(status, r#"{"message":"Forbidden"}"#);
    }
    let sent: Value = super::json(&request.body).unwrap_or_default();
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
                .filter_map(|credential| super::json(shown(credential)))
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

fn row(id: u64, execution: &Execution) -> Value {
    let time = shared::clock::iso_millis(shared::clock::Millis(execution.started_at));
    let waits = execution.status == "waiting";
    json!({
        "id": id.to_string(), "finished": execution.status == "success", "mode": "webhook", "status": execution.status,
        "startedAt": time, "stoppedAt": if execution.status == "running" { Value::Null } else { time.clone().into() },
        "workflowId": execution.workflow_id, "waitTill": if waits { json!("3000-01-01T00:00:00.000Z") } else { Value::Null },
    })
}

/// The run data as n8n keeps it.
struct Runs {
    clock: i64,
    runs: serde_json::Map<String, Value>,
    nodes: Vec<Value>,
    links: serde_json::Map<String, Value>,
}

impl Runs {
    fn node(&mut self, name: &str, kind: &str, parameters: &Value) {
        self.nodes.push(json!({ "name": name, "type": kind, "parameters": parameters }));
    }

    fn link(&mut self, from: &str, to: &str) {
        let targets = self.links.entry(from).or_insert_with(|| json!({ "main": [[]] }));
        if let Some(targets) = targets["main"][0].as_array_mut() {
            targets.push(json!({ "node": to, "type": "main", "index": 0 }));
        }
    }

    fn add(&mut self, node: &str, status: &str, items: Vec<Value>, from: Option<(&str, usize)>) {
        self.clock += 10;
        let source: Vec<Value> =
            from.iter().map(|(node, run)| json!({ "previousNode": node, "previousNodeRun": run })).collect();
        let items: Vec<Value> = items.into_iter().map(|item| json!({ "json": item })).collect();
        let entry = json!({
            "startTime": self.clock, "executionTime": 5, "executionIndex": 0, "source": source,
            "executionStatus": status, "data": { "main": [items] },
        });
        if let Some(runs) = self.runs.entry(node).or_insert_with(|| json!([])).as_array_mut() {
            runs.push(entry);
        }
    }

    /// A Wait that is over, or is stood at. False when the execution has not come beyond it.
    fn wait(
        &mut self,
        execution: &Execution,
        number: usize,
        node: &str,
        item: Value,
        from: (&str, usize),
    ) -> bool {
        if let Some(decision) = execution.decisions.get(number).filter(|_| number < execution.passed) {
            self.add(node, "success", vec![json!({ "body": decision })], Some(from));
            return true;
        }
        if number < execution.passed {
            self.add(node, "success", vec![json!({ "body": {} })], Some(from));
            return true;
        }
        if number == execution.passed && execution.status == "waiting" {
            self.add(node, "waiting", vec![item], Some(from));
        }
        false
    }
}

const WAIT: &str = "n8n-nodes-base.wait";

/// Its runs, up to the Wait that it stands at.
fn with_data(id: u64, execution: &Execution, node: Option<&(String, Value)>) -> Value {
    let mut runs = Runs {
        clock: execution.started_at,
        runs: Default::default(),
        nodes: Vec::new(),
        links: Default::default(),
    };
    let made = |entity: &u64| json!({ "success": true, "id": entity });
    let hook = |suffix: Option<usize>| {
        let options = suffix.map_or(json!({}), |suffix| json!({ "webhookSuffix": format!("for-{suffix}") }));
        json!({ "resume": "webhook", "httpMethod": "POST", "options": options })
    };
    let call = json!({ "url": "https://baton.example.com/automation/payload/create" });
    runs.node("Webhook", "n8n-nodes-base.webhook", &json!({}));
    runs.add("Webhook", "success", vec![json!({ "body": {} })], None);
    let mut last = "Wait".to_owned();
    match &execution.order {
        Order::InTurn => {
            let (kind, parameters) = node.cloned().unwrap_or_else(|| (WAIT.to_owned(), hook(None)));
            runs.node("Create", "n8n-nodes-base.httpRequest", &call);
            runs.node("Wait", &kind, &parameters);
            for (at, entity) in execution.entities.iter().enumerate() {
                let from = if at == 0 { ("Webhook", 0) } else { ("Wait", at - 1) };
                runs.add("Create", "success", vec![made(entity)], Some(from));
                runs.wait(execution, at, "Wait", json!({ "id": entity }), ("Create", at));
            }
        }
        Order::Loop(order) => {
            runs.node("Create", "n8n-nodes-base.httpRequest", &call);
            runs.node("Loop", "n8n-nodes-base.splitInBatches", &json!({}));
            runs.node("Wait", WAIT, &hook(None));
            for (from, to) in [("Webhook", "Create"), ("Create", "Loop"), ("Loop", "Wait"), ("Wait", "Loop")]
            {
                runs.link(from, to);
            }
            let all = execution.entities.iter().map(made).collect();
            runs.add("Create", "success", all, Some(("Webhook", 0)));
            for (at, entity) in order.iter().enumerate() {
                let from = if at == 0 { ("Create", 0) } else { ("Wait", at - 1) };
                runs.add("Loop", "success", vec![made(entity)], Some(from));
                if !runs.wait(execution, at, "Wait", made(entity), ("Loop", at)) {
                    break;
                }
            }
        }
        Order::Row { suffixes } => {
            let names = |kind: &str| -> Vec<String> {
                execution.entities.iter().map(|entity| format!("{kind} {entity}")).collect()
            };
            let (asks, waits) = (names("Ask"), names("Wait"));
            let row: Vec<&str> =
                std::iter::once("Webhook").chain(asks.iter().chain(&waits).map(String::as_str)).collect();
            row.windows(2).for_each(|pair| runs.link(pair[0], pair[1]));
            let mut from = "Webhook";
            for (name, entity) in asks.iter().zip(&execution.entities) {
                runs.node(name, "n8n-nodes-base.httpRequest", &call);
                runs.add(name, "success", vec![made(entity)], Some((from, 0)));
                from = name;
            }
            for (at, name) in waits.iter().enumerate() {
                runs.node(name, WAIT, &hook(suffixes.then_some(at)));
            }
            let answered = execution.entities.last().map(made).unwrap_or_default();
            for (at, name) in waits.iter().enumerate() {
                let before =
                    at.checked_sub(1).map(|before| json!({ "body": execution.decisions.get(before) }));
                let item = before.unwrap_or_else(|| answered.clone());
                last.clone_from(name);
                if !runs.wait(execution, at, name, item, (from, 0)) {
                    break;
                }
                from = name;
            }
        }
    }
    let mut value = row(id, execution);
    value["data"] = json!({
        "resultData": { "runData": runs.runs, "lastNodeExecuted": last },
        "resumeToken": execution.token,
    });
    value["workflowData"] =
        json!({ "id": execution.workflow_id, "nodes": runs.nodes, "connections": runs.links });
    value
}

fn resume(state: &mut State, request: &OutRequest, id: u64, suffix: &str) -> Result<OutReply, OutError> {
    if !state.resume_answers.is_empty() {
        return state.resume_answers.remove(0).map(|(status, body)| reply(status, body));
    }
    if let Some((name, value)) = &state.header
        && request.headers.get(name).is_none_or(|sent| sent != value)
    {
        return Ok(reply(403, "Authorization data is wrong!"));
    }
    let lose = std::mem::take(&mut state.lose_answer);
    let spoilt = state.spoilt.take();
    let Some(execution) = state.executions.get_mut(&id) else {
        return Ok(reply(404, format!(r#"{{"message":"The execution \"{id}\" does not exist."}}"#)));
    };
    let signature =
        request.url.query_pairs().find(|(key, _)| key == "signature").map(|(_, value)| value.into_owned());
    if signature.as_ref() != Some(&execution.token) {
        return Ok(reply(401, r#"{"error":"Invalid token"}"#));
    }
    match execution.status.as_str() {
        "running" => {
            return Ok(reply(409, format!(r#"{{"message":"The execution \"{id}\" is running already."}}"#)));
        }
        "waiting" if execution.suffix() != suffix => {
            let said = "does not contain a waiting webhook with a matching path/method";
            return Ok(reply(404, json!({ "code": 404, "message": said }).to_string()));
        }
        "waiting" => {}
        _ => return Ok(reply(409, format!(r#"{{"message":"The execution \"{id} has finished already."}}"#))),
    }
    execution.decisions.push(super::json(&request.body).unwrap_or_default());
    execution.passed += 1;
    let more = execution.order != Order::InTurn && execution.passed < execution.entities.len();
    execution.status = if more { "waiting".into() } else { "success".into() };
    match spoilt {
        _ if lose => Err(OutError::Timeout),
        Some((status, body)) => Ok(reply(status, body)),
        None => Ok(reply(200, r#"{"message":"Workflow was started"}"#)),
    }
}

fn reply(status: u16, body: impl Into<String>) -> OutReply {
    OutReply { status, headers: HeaderMap::new(), body: Bytes::from(body.into()) }
}
