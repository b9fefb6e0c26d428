//! What an execution waits at, for whom, and how to end it.
//!
//! One rule: a decision ends the wait it was asked for and no other. n8n gives an execution one URL and one token for all
//! its waits, so a late decision would open whichever gate the execution has come to. The run data tells the gates apart
//! (`gates`).

use std::collections::HashMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use url::Url;

use super::answer::{Poll, map_status};
use super::gates::Timeline;
use super::seen::{NodeInfo, Scan, Want};

/// What is known of an entity's creation from our side.
#[derive(Clone, Debug, Default)]
pub struct Created {
    /// The id in every form in which the creating call may have been answered.
    ids: Vec<String>,
    /// When we created it, unix milliseconds.
    pub(super) at: Option<i64>,
    /// How often it was posted before: each time a person sent it back, and the wait before it was ended by that.
    pub(super) before: u32,
    /// What follows the execution's id in the URL that the workflow passed with it, without slashes around it.
    pub(super) suffix: Option<String>,
    pub(super) others: Vec<Sibling>,
}

/// Another entity that the same execution created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sibling {
    /// Its id, as the creating call was answered.
    pub id: String,
    /// Its Wait is not known to be over.
    pub open: bool,
    /// [`mark`] of the suffix of the URL that came with it.
    pub suffix: Option<String>,
}

/// What an entity's suffix is remembered as beside it. Some take the suffix for a secret, so it is kept as a hash.
#[must_use]
pub fn mark(suffix: &str) -> String {
    let digest = Sha256::digest(suffix.as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What follows the execution's id in a URL that n8n gave, without slashes around it and without escapes: the same suffix is
/// escaped in many ways. None when nothing does.
#[must_use]
pub fn suffix_of(url: &Url) -> Option<String> {
    let segments = url.path_segments()?.skip_while(|segment| *segment != WAITING_PATH).skip(2);
    // What is no text stays as it is written, so that two never become one.
    let plain =
        |part: &str| percent_decode_str(part).decode_utf8().map_or_else(|_| part.to_owned(), Into::into);
    let parts: Vec<String> = segments.filter(|part| !part.is_empty()).map(plain).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// A suffix as a node names it, written as [`suffix_of`] gives it.
pub(super) fn written(suffix: &str) -> Option<String> {
    let base = Url::parse("http://n8n").ok()?;
    suffix_of(&rebuild_resume_url(&base, "0", Some(suffix), None))
}

/// The number that the entity's own id is looked for under; its siblings follow.
pub(super) const OWN: usize = 0;

impl Created {
    /// The entity with this id, created at `at` (unix milliseconds, by our clock).
    #[must_use]
    pub fn new(entity_id: u64, at: Option<i64>) -> Self {
        Self { ids: vec![entity_id.to_string()], at, ..Self::default() }
    }

    /// The URL that the workflow passed with it.
    #[must_use]
    pub fn passed(mut self, url: Option<&Url>) -> Self {
        self.suffix = url.and_then(suffix_of);
        self
    }

    /// The other entities of the same execution.
    #[must_use]
    pub fn among(mut self, others: Vec<Sibling>) -> Self {
        self.others = others;
        self
    }

    /// The workflow posted the same entity this many times before, and every time a decision sent it back.
    #[must_use]
    pub fn reposted(mut self, times: u32) -> Self {
        self.before = times;
        self
    }

    /// Adds another form of the id, as a dialect renders it.
    #[must_use]
    pub fn also(mut self, rendered: impl Into<String>) -> Self {
        self.ids.push(rendered.into());
        self
    }

    /// The ids to look for, by what they are kept under.
    pub(super) fn wanted(&self) -> HashMap<String, usize> {
        let others = self.others.iter().enumerate().map(|(at, other)| (other.id.clone(), OWN + 1 + at));
        others.chain(self.ids.iter().map(|id| (id.clone(), OWN))).collect()
    }

    /// The other entity with this number.
    pub(super) fn other(&self, number: usize) -> Option<&Sibling> {
        self.others.get(number.checked_sub(OWN + 1)?)
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The execution stands at the wait that the entity was created for: the decision may go.
    Ours,
    /// That wait is over, or the execution has ended: the decision must not be sent.
    Passed,
    /// That wait has not been reached, or the execution runs and cannot be judged: look again.
    NotYet,
    /// It waits, but it cannot be told for whom. The creation is not to be seen in this execution (it may have happened in a sub-workflow).
    Unknown,
    /// It waits, and several entities may be what it waits for.
    Contested,
}

/// What a waiting node waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// A call to `/webhook-waiting/…`, with the execution's token where n8n has one. The one kind that a rebuilt URL fits.
    Webhook,
    /// A form that somebody fills in.
    Form,
    /// A time.
    Time,
    /// An answer to a message that the node sent. Since 2.14 its URL is signed by n8n alone and the execution's token
    /// does not fit it.
    SendAndWait,
    /// An execution of another workflow.
    SubWorkflow,
    /// Something else, or the workflow is not known.
    Other,
}

/// Text that approves whatever waits, for whoever holds it. It can be used but not printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the call that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The node that an execution waits at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingNode {
    /// Its name.
    pub name: String,
    /// Which of its runs waits.
    pub run: Option<usize>,
    /// What it waits for.
    pub kind: WaitKind,
    /// The method that the resume call must use; GET unless the node says otherwise. `None` if it is computed when
    /// the workflow runs, so that only n8n knows.
    pub method: Option<String>,
    /// What follows the execution's id in the URL, without slashes around it.
    pub suffix: Option<String>,
    /// The suffix is computed when the workflow runs, so the URL cannot be rebuilt.
    pub suffix_computed: bool,
    /// What it asks its callers for, where it asks for anything: `basicAuth`, `headerAuth`, `jwtAuth`.
    pub authentication: Option<String>,
    /// Whether the workflow may come to another wait that a call can end.
    pub leads_on: bool,
    /// The URL that n8n recorded (newer versions): it has the token but **not** the suffix.
    pub resume_url: Option<Secret>,
}

/// What `GET /api/v1/executions/{id}?includeData=true` says about a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitView {
    /// n8n's own word.
    pub status: Option<String>,
    /// Where the execution stands.
    pub poll: Poll,
    /// Until when it waits. An execution that still has one has not ended, whatever its status says: when n8n starts it
    /// calls everything it left open `crashed`, waiting executions too, and puts those back a moment later.
    pub wait_till: Option<i64>,
    /// n8n's id of the execution.
    pub execution_id: Option<String>,
    /// The token that resume calls need since n8n 2.14.
    pub resume_token: Option<Secret>,
    /// The node it waits at, while it waits.
    pub node: Option<WaitingNode>,
    /// Whose wait it is.
    pub whose: Whose,
    /// The other entities that it is known to wait for.
    pub others: Vec<String>,
}

impl WaitView {
    /// Reads an execution. What cannot be read is [`Whose::Unknown`]; nothing is an error.
    #[must_use]
    pub fn read(json: &[u8], created: &Created) -> Self {
        let scan = Scan::read(json, Want::Ids(&created.wanted())).unwrap_or_default();
        let poll = scan.status.as_deref().map_or(Poll::Waiting, map_status);
        let waits = scan.status.as_deref() == Some("waiting");
        let timeline = Timeline::new(&scan, poll, waits, created);
        let whose = timeline.whose();
        let others = timeline.others();
        Self {
            whose,
            others: others.iter().filter_map(|&number| Some(created.other(number)?.id.clone())).collect(),
            node: if waits { waiting_node(&scan, &timeline) } else { None },
            poll,
            wait_till: scan.wait_till,
            status: scan.status,
            execution_id: scan.id,
            resume_token: scan.resume_token.map(Secret),
        }
    }
}

impl WaitView {
    /// The run that it waits at. n8n puts the next wait of a node that was resumed behind it, as another run.
    pub(super) fn standing(&self) -> Option<(&str, usize)> {
        self.node.as_ref().and_then(|node| Some((node.name.as_str(), node.run?)))
    }

    /// Whether n8n has just started, and is about to put back what it calls crashed.
    pub(super) fn is_being_restored(&self) -> bool {
        self.status.as_deref() == Some("crashed") && self.wait_till.is_some()
    }
}

fn waiting_node(scan: &Scan, timeline: &Timeline<'_>) -> Option<WaitingNode> {
    let name = scan.last_node.clone()?;
    // The stack holds the node as it ran; the definition may be missing from a push.
    let stacked = Some(&scan.next_node).filter(|node| node.name.as_ref() == Some(&name));
    let node = stacked.or_else(|| scan.workflow.nodes.get(&name));
    let setting = |value: fn(&NodeInfo) -> &Option<String>| node.and_then(|node| value(node).as_deref());
    let method = setting(|node| &node.method).unwrap_or("GET");
    let suffix = setting(|node| &node.suffix);
    let waits = scan.runs.iter().rfind(|run| *run.node == *name && run.status.as_deref() == Some("waiting"));
    Some(WaitingNode {
        kind: kind(node),
        method: (!is_expression(method)).then(|| method.to_ascii_uppercase()),
        suffix: suffix.filter(|s| !is_expression(s)).map(|s| s.trim_matches('/').to_owned()),
        suffix_computed: suffix.is_some_and(is_expression),
        authentication: setting(|node| &node.authentication)
            .filter(|asks| *asks != "none")
            .map(ToOwned::to_owned),
        leads_on: timeline.leads_on(&name),
        run: waits.map(|run| run.index),
        resume_url: waits.and_then(|run| run.resume_url.clone().map(Secret)),
        name,
    })
}

/// n8n marks a parameter that is computed at run time by a leading `=`.
pub(super) fn is_expression(value: &str) -> bool {
    value.starts_with('=')
}

pub(super) fn kind(node: Option<&NodeInfo>) -> WaitKind {
    let Some(node) = node else { return WaitKind::Other };
    match node.kind.as_deref().and_then(|kind| kind.rsplit('.').next()).unwrap_or_default() {
        "wait" => match node.resume.as_deref() {
            Some("webhook") => WaitKind::Webhook,
            Some("form") => WaitKind::Form,
            Some(resume) if is_expression(resume) => WaitKind::Webhook,
            // Left out of a workflow where it is the default.
            _ => WaitKind::Time,
        },
        "form" => WaitKind::Form,
        "executeWorkflow" | "toolWorkflow" => WaitKind::SubWorkflow,
        // An agent's tool that asks a person first.
        kind if kind.ends_with("HitlTool") => WaitKind::SendAndWait,
        _ => match node.operation.as_deref() {
            Some("sendAndWait" | "dispatchAndWait") => WaitKind::SendAndWait,
            _ => WaitKind::Other,
        },
    }
}

/// Where n8n takes calls that end a wait.
const WAITING_PATH: &str = "webhook-waiting";

/// Whether n8n takes calls at this address that end a wait.
pub(super) fn is_waiting_address(url: &Url) -> bool {
    url.path_segments().is_some_and(|mut segments| segments.any(|segment| segment == WAITING_PATH))
}

/// The URL that ends a wait: `{host}/webhook-waiting/{id}[/{suffix}][?signature={token}]`. `host` may have a path, as n8n
/// behind a prefix has; its query and fragment are dropped. Each part is escaped as one piece, except that a suffix may
/// have slashes of its own. With a token the URL is as secret as the token.
#[must_use]
pub fn rebuild_resume_url(host: &Url, execution_id: &str, suffix: Option<&str>, token: Option<&str>) -> Url {
    let mut url = host.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(WAITING_PATH).push(execution_id);
        path.extend(suffix.unwrap_or_default().split('/').filter(|part| !part.is_empty()));
    }
    if let Some(token) = token {
        url.query_pairs_mut().append_pair("signature", token);
    }
    url
}

#[cfg(test)]
mod tests;
