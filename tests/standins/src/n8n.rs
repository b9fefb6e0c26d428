//! An n8n that behaves like the real one where Baton meets it: its API, its webhooks, its Wait nodes.

mod api;
mod behaviour;
mod runs;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use self::api::api;
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

fn redirection((status, there): (u16, String)) -> OutReply {
    let mut answer = reply(status, "");
    if let Ok(there) = http::HeaderValue::from_str(&there) {
        answer.headers.insert(http::header::LOCATION, there);
    }
    answer
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
