//! Whose wait an execution stands at, and how to end it.
//!
//! One rule: a decision ends the wait it was asked for and no other. n8n gives an execution one URL and one token for all
//! its waits, so a late decision would open whichever gate the execution has come to. The run data tells the gates apart.
//!
//! What n8n does, and this room relies on: a wait leaves a run entry with status `waiting`; on resume n8n removes that
//! entry, runs the node again as a mere pass-through and writes a new entry at the same run index, with the status
//! `success` and the time of the resume. `executionIndex` begins again at 0 with every resume, so time orders the runs
//! and the index only breaks ties. `source` names the run that each run's input came from; following it back tells
//! whether a wait comes after our node or stands on another branch.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use url::Url;

use super::answer::{Poll, map_status};
use super::graph::{Graph, Marks, Steps};
use super::run::Run;
use super::scan::{NodeInfo, Scan, Want};

/// What is known of an entity's creation from our side.
#[derive(Clone, Debug, Default)]
pub struct Created {
    /// The id in every form in which the creating call may have been answered.
    ids: Vec<String>,
    /// When we created it, unix milliseconds.
    at: Option<i64>,
    /// How often it was posted before: each time a person sent it back, and the wait before it was ended by that.
    before: u32,
}

impl Created {
    /// The entity with this id, created at `at` (unix milliseconds, by our clock).
    #[must_use]
    pub fn new(entity_id: u64, at: Option<i64>) -> Self {
        Self { ids: vec![entity_id.to_string()], at, before: 0 }
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
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The execution stands at the first wait after the entity's creation: the decision may go.
    Ours,
    /// That wait is over, or the execution has ended: the decision must not be sent.
    Passed,
    /// That wait has not been reached, or the execution runs and cannot be judged: look again.
    NotYet,
    /// It waits, but it cannot be told for whom. The creation is not to be seen in this execution (it may have happened in a sub-workflow).
    Unknown,
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
    /// What it waits for.
    pub kind: WaitKind,
    /// The method that the resume call must use; GET unless the node says otherwise. `None` if it is computed when
    /// the workflow runs, so that only n8n knows.
    pub method: Option<String>,
    /// What follows the execution's id in the URL, without slashes around it.
    pub suffix: Option<String>,
    /// The suffix is computed when the workflow runs, so the URL cannot be rebuilt.
    pub suffix_computed: bool,
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
}

/// How far our clock and n8n's may be apart when only the time of creation is known.
const CLOCK_SLACK_MS: i64 = 2_000;

impl WaitView {
    /// Reads an execution. What cannot be read is [`Whose::Unknown`]; nothing is an error.
    #[must_use]
    pub fn read(json: &[u8], created: &Created) -> Self {
        let scan = Scan::read(json, Want::Ids(&created.ids)).unwrap_or_default();
        let poll = scan.status.as_deref().map_or(Poll::Waiting, map_status);
        let waits = scan.status.as_deref() == Some("waiting");
        Self {
            whose: Timeline::new(&scan, poll, waits).whose(created),
            node: if waits { waiting_node(&scan) } else { None },
            poll,
            wait_till: scan.wait_till,
            status: scan.status,
            execution_id: scan.id,
            resume_token: scan.resume_token.map(Secret),
        }
    }
}

fn waiting_node(scan: &Scan) -> Option<WaitingNode> {
    let name = scan.last_node.clone()?;
    // The stack holds the node as it ran; the definition may be missing from a push.
    let stacked = Some(&scan.next_node).filter(|node| node.name.as_ref() == Some(&name));
    let node = stacked.or_else(|| scan.workflow.nodes.get(&name));
    let setting = |value: fn(&NodeInfo) -> &Option<String>| node.and_then(|node| value(node).as_deref());
    let method = setting(|node| &node.method).unwrap_or("GET");
    let suffix = setting(|node| &node.suffix);
    Some(WaitingNode {
        kind: kind(node),
        method: (!is_expression(method)).then(|| method.to_ascii_uppercase()),
        suffix: suffix.filter(|s| !is_expression(s)).map(|s| s.trim_matches('/').to_owned()),
        suffix_computed: suffix.is_some_and(is_expression),
        resume_url: scan
            .runs
            .iter()
            .rfind(|run| *run.node == *name && run.status.as_deref() == Some("waiting"))
            .and_then(|run| run.resume_url.clone().map(Secret)),
        name,
    })
}

/// n8n marks a parameter that is computed at run time by a leading `=`.
fn is_expression(value: &str) -> bool {
    value.starts_with('=')
}

fn kind(node: Option<&NodeInfo>) -> WaitKind {
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

/// The runs of an execution in their order, for the one question.
struct Timeline<'s> {
    scan: &'s Scan,
    poll: Poll,
    waits: bool,
    graph: Graph<'s>,
    /// Of all walks back from a gate.
    walks: RefCell<Walks>,
}

struct Walks {
    steps: Steps,
    seen: Marks,
    number: u32,
}

impl<'s> Timeline<'s> {
    fn new(scan: &'s Scan, poll: Poll, waits: bool) -> Self {
        let graph = Graph::of(scan);
        let walks = Walks { steps: graph.steps(0), seen: Marks::on(&graph), number: 0 };
        Self { scan, poll, waits, graph, walks: RefCell::new(walks) }
    }

    fn run(&self, at: usize) -> Option<&'s Run> {
        self.scan.runs.get(at)
    }

    /// The run that began as the `place`-th.
    fn nth(&self, place: usize) -> Option<(usize, &'s Run)> {
        let at = *self.graph.by_time.get(place)?;
        Some((at, self.run(at)?))
    }

    fn places(&self) -> usize {
        self.graph.by_time.len()
    }

    fn whose(&self, created: &Created) -> Whose {
        if self.poll != Poll::Waiting {
            return Whose::Passed;
        }
        let seen = self.seen(created);
        let seen = if self.walks.borrow().steps.spent { Whose::Unknown } else { seen };
        match (seen, self.scan.status.as_deref()) {
            // n8n writes the runs down when an execution stops or waits, so one that runs may not show them yet.
            (Whose::Unknown, Some("running" | "new")) => Whose::NotYet,
            (seen, _) => seen,
        }
    }

    fn seen(&self, created: &Created) -> Whose {
        if self.scan.truncated || self.scan.workflow.nodes.is_empty() {
            // Without the workflow, a wait that is over looks like any other run.
            return Whose::Unknown;
        }
        // The first run that shows the id made it; later ones pass it on.
        let first = (0..self.places()).find(|&place| self.nth(place).is_some_and(|(_, run)| run.has_id));
        if let Some((place, (at, run))) = first.and_then(|place| Some((place, self.nth(place)?))) {
            match run.status.as_deref() {
                // A wait makes nothing. One that is over shows the id because the decision brought it.
                Some("success") if self.is_gate(at) => return Whose::Passed,
                _ if self.is_gate(at) => {}
                // Nor does a trigger: an id that came in from outside was made elsewhere.
                _ if run.sources.is_empty() && run.main => {}
                _ => {
                    return self
                        .last_post(place, created.before)
                        .map_or(Whose::NotYet, |place| self.after(place));
                }
            }
        }
        let Some(at) = created.at else { return Whose::Unknown };
        let mut verdicts = (0..self.places())
            .filter(|&place| self.may_have_created(place, at))
            .map(|place| self.after(place));
        match verdicts.next() {
            Some(first) if verdicts.all(|other| other == first) => first,
            _ => Whose::Unknown,
        }
    }

    /// Whether this run can have created the entity at that time: it calls out, and its span covers the time as nearly
    /// as two clocks allow.
    fn may_have_created(&self, place: usize, at: i64) -> bool {
        let Some((number, run)) = self.nth(place) else { return false };
        let Some(start) = run.start else { return false };
        let took = run.took.and_then(|took| i64::try_from(took).ok()).unwrap_or(0);
        let from = start.saturating_sub(CLOCK_SLACK_MS);
        let till = start.saturating_add(took).saturating_add(CLOCK_SLACK_MS);
        (from..=till).contains(&at) && self.calls_out(number)
    }

    fn calls_out(&self, at: usize) -> bool {
        let kind = self.graph.node(at).and_then(|node| node.kind.as_deref());
        kind.is_none_or(|kind| match kind.strip_prefix("n8n-nodes-base.") {
            Some(base) => matches!(base, "httpRequest" | "httpRequestTool" | "code" | "graphql"),
            None => true,
        })
    }

    /// The run of the newest post, if the one at `place` is the first of all and `more` came after it: each lies behind
    /// the wait that follows the one before. None when the newest is not written down yet.
    fn last_post(&self, mut place: usize, more: u32) -> Option<usize> {
        for _ in 0..more {
            let gate = self.gate_after(place)?;
            place = (gate + 1..self.places()).find(|&next| {
                self.nth(next).is_some_and(|(at, run)| run.has_id && !self.is_gate(at) && self.calls_out(at))
            })?;
        }
        Some(place)
    }

    /// The first wait that comes after the run at `place`, as a place in time.
    fn gate_after(&self, place: usize) -> Option<usize> {
        let mut walks = self.walks.borrow_mut();
        walks.number += 1;
        let creators = self.creators(place, &mut walks);
        (place + 1..self.places()).find(|&next| {
            walks.steps.take()
                && self
                    .nth(next)
                    .is_some_and(|(at, _)| self.is_gate(at) && self.comes_from(at, &creators, &mut walks))
        })
    }

    /// The verdict if the run at `place` created the entity.
    fn after(&self, place: usize) -> Whose {
        match self.gate_after(place).and_then(|gate| self.nth(gate)) {
            None => Whose::NotYet,
            Some((_, run)) => match run.status.as_deref() {
                Some("waiting") if self.waits && self.scan.last_node.as_deref() == Some(&*run.node) => {
                    Whose::Ours
                }
                // Resumed, and n8n has not written down yet what came of it.
                Some("waiting" | "running" | "new") | None => Whose::NotYet,
                Some(_) => Whose::Passed,
            },
        }
    }

    /// The run itself and, if it is a tool of an agent, the agent's run, for that is what goes on from there.
    fn creators(&self, place: usize, walks: &mut Walks) -> HashSet<usize> {
        let mut creators = HashSet::new();
        let mut next = self.nth(place);
        while let Some((_, run)) = next.filter(|&(at, _)| walks.steps.take() && creators.insert(at)) {
            next = Some(run)
                .filter(|run| !run.main)
                .and_then(|run| run.sources.first())
                .and_then(|source| self.graph.find(source))
                .and_then(|at| Some((at, self.run(at)?)));
        }
        creators
    }

    /// Whether a decision could end this run's wait: it waits for a call, or it waits now for something unknown to us.
    /// A wait for a time is no gate, be it over or not.
    fn is_gate(&self, at: usize) -> bool {
        let node = self.graph.node(at);
        if node.is_some_and(|node| node.disabled == Some(true)) {
            return false;
        }
        match kind(node) {
            WaitKind::Webhook | WaitKind::SendAndWait => true,
            WaitKind::Other => self.run(at).is_some_and(|run| run.status.as_deref() == Some("waiting")),
            WaitKind::Form | WaitKind::Time | WaitKind::SubWorkflow => false,
        }
    }

    /// Whether a run's input came through one of the creators. A run without sources says nothing against it. What walks
    /// of the same number have seen led to no creator.
    fn comes_from(&self, start: usize, creators: &HashSet<usize>, walks: &mut Walks) -> bool {
        if self.run(start).is_none_or(|run| run.sources.is_empty()) {
            return true;
        }
        let mut stack = vec![start];
        walks.seen.set(start, walks.number);
        while let Some(at) = stack.pop() {
            if creators.contains(&at) {
                return true;
            }
            for &before in self.graph.sources(at) {
                if !walks.steps.take() {
                    return false;
                }
                if walks.seen.set(before, walks.number) {
                    stack.push(before);
                }
            }
        }
        false
    }
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
        path.pop_if_empty().push("webhook-waiting").push(execution_id);
        path.extend(suffix.unwrap_or_default().split('/').filter(|part| !part.is_empty()));
    }
    if let Some(token) = token {
        url.query_pairs_mut().append_pair("signature", token);
    }
    url
}

#[cfg(test)]
#[path = "wait_tests.rs"]
mod tests;
