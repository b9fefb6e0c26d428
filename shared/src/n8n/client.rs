//! Calls to n8n's public API. Its one rule: n8n's answers are never trusted to be n8n's; whatever cannot be read is an
//! error that says what a person can do.

mod rows;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub(super) use self::rows::List;
pub use self::rows::{ExecutionRow, WebhookNode, WorkflowRow};
use self::rows::{row, workflow};
use super::{echo::Confidential, pages::Walk};
use crate::{
    clock::{Clock, Deadline},
    domain::{followed_run, installation::KeyState},
    egress::{Hosts, HttpOut, OutError, OutReply, OutRequest, Sink, Visit},
    error::Result,
    json,
    room::{Rooms, Roomy, SMALL, in_room},
};

/// One look-up.
const LOOK_UP: Duration = Duration::from_secs(5);
/// An execution without its data has less than a thousand.
const MAX_ROW_BYTES: usize = 1024 * 1024;
const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;
/// What says that n8n's API takes a key is short, unless the one workflow that is asked for is large.
const MAX_PROBE_BYTES: usize = 1024 * 1024;

/// Why n8n could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum N8nError {
    #[error("{}", .0.of("n8n"))]
    Unreachable(#[from] OutError),
    #[error("n8n refuses the API key that was registered ({}){}", .0, advice(*.0))]
    KeyRefused(u16),
    #[error("n8n answered {status}: {message}")]
    Status { status: u16, message: String },
    #[error("what answers there is not n8n's API")]
    NotN8n,
}

/// What may be wrong with a key that n8n knows.
fn advice(status: u16) -> &'static str {
    if status == 403 { ": it may lack a scope such as workflow:list or execution:read" } else { "" }
}

impl N8nError {
    /// Whether n8n is there but its API cannot be used, so that asking again later is no use.
    pub fn is_closed_api(&self) -> bool {
        matches!(self, Self::KeyRefused(_) | Self::NotN8n)
    }
}

/// On whose time n8n is called.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// No call goes on after this.
    pub deadline: Deadline,
    /// Somebody waits for it. What is owed stands back: it calls a host no more than its share, and one that does not answer
    /// not at all.
    pub urgent: bool,
}

impl Turn {
    /// For a request that is under way.
    pub fn urgent(deadline: Deadline) -> Self {
        Self { deadline, urgent: true }
    }

    /// For what is owed.
    pub fn owed(deadline: Deadline) -> Self {
        Self { deadline, urgent: false }
    }
}

/// What calls go out by.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// For answers that are large.
    pub rooms: &'a Rooms,
    pub http: &'a dyn HttpOut,
    /// Each host's share of what is owed.
    pub hosts: &'a Hosts,
    pub clock: &'a dyn Clock,
}

/// What is asked again once there is room for it: nothing but questions waits for room.
pub(super) fn crowded() -> OutError {
    OutError::NotTried("there was no room in memory for another large answer".into())
}

/// Who wants to know what n8n says of the key that it is called with.
#[async_trait]
pub trait Hearer: Send + Sync {
    async fn hear(&self, state: KeyState);
}

/// One n8n's public API.
pub struct N8n<'a> {
    pub(super) line: Line<'a>,
    pub(super) turn: Turn,
    base: Url,
    api_key: SecretString,
    /// None while the key is not registered.
    hearer: Option<Box<dyn Hearer + 'a>>,
    /// For one look-up.
    patience: Duration,
}

/// How n8n takes a key, at the moment of its registration.
#[derive(Debug)]
pub enum Probe {
    Taken,
    Refused(N8nError),
    /// It did not say.
    Unknown(N8nError),
}

impl<'a> N8n<'a> {
    /// The API of the n8n at a host. That of a registered one is `Installed::n8n`.
    pub fn at(line: Line<'a>, host: &str, api_key: SecretString, turn: Turn) -> Result<Self> {
        let base = Url::parse(host).map_err(crate::error::Error::internal)?;
        Ok(Self { line, turn, base, api_key, hearer: None, patience: LOOK_UP })
    }

    /// The same, with somebody who hears of the key.
    #[must_use]
    pub fn heard_by(self, hearer: impl Hearer + 'a) -> Self {
        Self { hearer: Some(Box::new(hearer)), ..self }
    }
}

impl N8n<'_> {
    /// The same, with so much time for each look-up.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Asks for one workflow, to see how the key is taken. Pinned data is not kept out, because early versions refuse the
    /// question then.
    pub async fn probe(&self) -> Probe {
        let mut url = self.url(&["workflows"]);
        url.query_pairs_mut().append_pair("limit", "1");
        match self.get(url, MAX_PROBE_BYTES).await {
            Ok(_) | Err(N8nError::Unreachable(OutError::ReplyTooLarge { status: 200..=299 })) => Probe::Taken,
            Err(error) if error.is_closed_api() => Probe::Refused(error),
            Err(error) => Probe::Unknown(error),
        }
    }

    /// One execution's row; none when n8n does not know it. With its data it is looked at (`look`).
    pub async fn execution_row(&self, id: &str) -> Result<Option<ExecutionRow>, N8nError> {
        // In a path these mean another address: n8n would list executions, and the first would be taken for this one.
        if matches!(id, "" | "." | "..") {
            return Ok(None);
        }
        let body = match self.get(self.url(&["executions", id]), MAX_ROW_BYTES).await {
            Ok(body) => body,
            // 400 is n8n's word on an id that is no number.
            Err(N8nError::Status { status: 404 | 400, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let read = json::text(&body).map_err(|_| N8nError::NotN8n)?;
        row(read.root()).map(Some).ok_or(N8nError::NotN8n)
    }

    /// The newest execution of a workflow. n8n's default list leaves running ones out, so it is asked twice.
    pub async fn newest_execution(&self, workflow_id: &str) -> Result<Option<ExecutionRow>, N8nError> {
        let running = match self.executions(workflow_id, Some("running")).await {
            // Before September 2025 n8n's API does not know the word, and shows no execution before it has ended.
            Err(N8nError::Status { status: 400, .. }) => Vec::new(),
            rows => rows?,
        };
        let ended = self.executions(workflow_id, None).await?;
        let age = |row: &ExecutionRow| (row.started_at, row.id.clone());
        Ok(running.into_iter().chain(ended).max_by(|one, other| followed_run::by_age(&age(one), &age(other))))
    }

    async fn executions(
        &self,
        workflow_id: &str,
        status: Option<&str>,
    ) -> Result<Vec<ExecutionRow>, N8nError> {
        let mut url = self.url(&["executions"]);
        url.query_pairs_mut().append_pair("workflowId", workflow_id).append_pair("limit", "1");
        if let Some(status) = status {
            url.query_pairs_mut().append_pair("status", status);
        }
        Ok(self.list(url, MAX_ROW_BYTES).await?.rows().filter_map(row).collect())
    }

    /// The next page of the workflows, without pinned data where n8n can leave it out.
    pub async fn workflows(&self, walk: &mut Walk) -> Result<Vec<WorkflowRow>, N8nError> {
        let page = loop {
            let lean: &[_] = if walk.is_lean() { &[("excludePinnedData", "true")] } else { &[] };
            match self.page_with(&["workflows"], lean, walk).await {
                // Before 2025 n8n's API refuses what it does not know.
                Err(N8nError::Status { status: 400, .. }) if walk.is_lean() => walk.take_all(),
                Err(N8nError::Unreachable(OutError::ReplyTooLarge { .. })) if walk.halve() => {}
                page => break page?,
            }
        };
        Ok(page.rows().filter_map(workflow).collect())
    }

    /// The next page of any of n8n's lists.
    pub(super) async fn page(&self, path: &[&str], walk: &mut Walk) -> Result<List, N8nError> {
        self.page_with(path, &[], walk).await
    }

    async fn page_with(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        walk: &mut Walk,
    ) -> Result<List, N8nError> {
        let mut url = self.url(path);
        url.query_pairs_mut().append_pair("limit", &walk.size().to_string()).extend_pairs(query);
        if let Some(cursor) = walk.cursor() {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let body = match self.get(url, walk.bytes_left().min(MAX_LIST_BYTES)).await {
            Err(N8nError::Unreachable(OutError::ReplyTooLarge { .. })) if walk.overran(MAX_LIST_BYTES) => {
                return Ok(List::default());
            }
            body => body?,
        };
        let list = List::read(&body).ok_or(N8nError::NotN8n)?;
        walk.turn(body.len(), list.next_cursor.clone());
        Ok(list)
    }

    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1"]).extend(segments);
        }
        url
    }

    async fn list(&self, url: Url, max_reply_bytes: usize) -> Result<List, N8nError> {
        List::read(&self.get(url, max_reply_bytes).await?).ok_or(N8nError::NotN8n)
    }

    async fn get(&self, url: Url, max_reply_bytes: usize) -> Result<Bytes, N8nError> {
        self.call(Method::GET, url, Bytes::new(), max_reply_bytes).await
    }

    /// One call, within the time that is left and the host's share.
    pub(super) async fn send(&self, mut request: OutRequest) -> Result<OutReply, OutError> {
        let (visit, whole) = self.admit(&mut request).await?;
        let outcome = self.line.http.send(request).await;
        visit.ended(&outcome, whole, self.line.clock.now());
        outcome
    }

    /// The same for an answer that may be large.
    async fn gather(&self, request: OutRequest) -> Result<OutReply, OutError> {
        let host = request.url.origin().ascii_serialization();
        let mut body = Roomy::new(Vec::new(), self.line.rooms, &host, request.max_reply_bytes);
        let reply = self.send_to(request, &mut body).await?;
        match (body.crowded, reply.status) {
            (true, _) => Err(crowded()),
            (false, 200..=299) => Ok(OutReply { body: in_room(body.gathered, body.room), ..reply }),
            (false, _) => Ok(reply),
        }
    }

    /// The same, with the body of a good answer going to a sink.
    pub(super) async fn send_to(
        &self,
        mut request: OutRequest,
        sink: &mut dyn Sink,
    ) -> Result<OutReply, OutError> {
        let (visit, whole) = self.admit(&mut request).await?;
        let outcome = self.line.http.send_to(request, sink).await;
        visit.ended(&outcome, whole, self.line.clock.now());
        outcome
    }

    /// Waits for the host's share, and cuts the call to the time that is left. Returns whether it has all of its own.
    async fn admit(&self, request: &mut OutRequest) -> Result<(Visit<'_>, bool), OutError> {
        let visit = match self.turn.urgent {
            true => self.line.hosts.urgent(&request.url),
            false => self.line.hosts.enter(&request.url, self.line.clock).await?,
        };
        let most = request.timeout;
        let time = self.turn.deadline.time_for(most, self.line.clock.now());
        request.timeout = time.ok_or_else(|| OutError::NotTried("no time was left".into()))?;
        let whole = request.timeout == most;
        Ok((visit, whole))
    }

    /// A GET with the API key.
    pub(super) fn asking(
        &self,
        url: Url,
        timeout: Duration,
        max_reply_bytes: usize,
    ) -> Result<OutRequest, N8nError> {
        let headers = self.headers()?;
        Ok(OutRequest { method: Method::GET, url, headers, body: Bytes::new(), timeout, max_reply_bytes })
    }

    /// What n8n says in an answer, without the key.
    pub(super) fn said(&self, body: &[u8]) -> String {
        Confidential::of_key(&self.api_key).message(body)
    }

    /// Notes what an answer says of the key. `is_json`: it is n8n's own, as far as can be told.
    pub(super) async fn hear(&self, status: u16, is_json: bool) {
        let state = match status {
            200..=299 if is_json => Some(KeyState::Ok),
            // Not 403: a key without the one scope that this call needs is good for the others.
            401 => Some(KeyState::Refused),
            _ => None,
        };
        if let (Some(hearer), Some(state)) = (&self.hearer, state) {
            hearer.hear(state).await;
        }
    }

    fn headers(&self) -> Result<HeaderMap, N8nError> {
        let mut headers = HeaderMap::new();
        let mut key =
            HeaderValue::from_str(self.api_key.expose_secret()).map_err(|_| N8nError::KeyRefused(0))?;
        key.set_sensitive(true);
        headers.insert("x-n8n-api-key", key);
        headers.insert("accept", HeaderValue::from_static("application/json"));
        Ok(headers)
    }

    /// One call with the API key. A body is sent as JSON; what comes back must be JSON.
    pub(super) async fn call(
        &self,
        method: Method,
        url: Url,
        body: Bytes,
        max_reply_bytes: usize,
    ) -> Result<Bytes, N8nError> {
        let mut headers = self.headers()?;
        if !body.is_empty() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        let request = OutRequest { method, url, headers, body, timeout: self.patience, max_reply_bytes };
        let reply = match request.method == Method::GET && max_reply_bytes > SMALL {
            true => self.gather(request).await?,
            false => self.send(request).await?,
        };
        let is_json = json::is_json(&reply.body);
        self.hear(reply.status, is_json).await;
        match reply.status {
            200..=299 if is_json => Ok(reply.body),
            401 | 403 => Err(N8nError::KeyRefused(reply.status)),
            // HTML under a good or missing path: a proxy, a login page, or n8n's editor under another prefix.
            200..=399 => Err(N8nError::NotN8n),
            404 if !is_json => Err(N8nError::NotN8n),
            status => {
                let message = Confidential::of_key(&self.api_key).message(&reply.body);
                Err(N8nError::Status { status, message })
            }
        }
    }
}
