//! What is kept of an execution that was read.
//!
//! Its one rule: it is data and reads nothing. [`scan`](super::scan) reads a row, [`node_run`](super::node_run) the runs in
//! it, and both write it down here.

use std::{collections::HashMap, sync::Arc};

use crate::pricing::Tokens;

/// Node runs that are kept. n8n itself becomes unusable far below it.
pub(super) const MAX_RUNS: usize = 50_000;
/// Model calls that are kept over all runs.
pub(super) const MAX_CALLS: usize = 20_000;

#[derive(Default)]
pub(super) struct Scan {
    pub(super) id: Option<String>,
    /// What a push calls the execution when `id` is the id of something else.
    pub(super) execution_id: Option<String>,
    pub(super) workflow_id: Option<String>,
    pub(super) workflow: WorkflowData,
    pub(super) status: Option<String>,
    pub(super) finished: Option<bool>,
    pub(super) mode: Option<String>,
    pub(super) started_at: Option<i64>,
    pub(super) stopped_at: Option<i64>,
    pub(super) wait_till: Option<i64>,
    pub(super) last_node: Option<String>,
    pub(super) error: Option<String>,
    pub(super) resume_token: Option<String>,
    pub(super) runs: Vec<NodeRun>,
    /// The node that the next step of the execution starts with.
    pub(super) next_node: NodeInfo,
    /// The items that wait before it, as the output of a run.
    pub(super) next_input: NodeRun,
    /// Something was left out because of a limit above.
    pub(super) truncated: bool,
    pub(super) calls: usize,
}

/// What is looked for in the items that flowed through.
#[derive(Clone, Copy)]
pub(super) enum Want<'a> {
    Usage,
    /// Items that carry one of these ids, each with the number that it is kept under.
    Ids(&'a HashMap<String, usize>),
}

#[derive(Debug, Default)]
pub(super) struct WorkflowData {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) nodes: HashMap<String, NodeInfo>,
    /// The nodes that each node's main outputs lead to.
    pub(super) links: HashMap<String, Vec<String>>,
}

/// A node as the workflow defines it.
#[derive(Debug, Default)]
pub(super) struct NodeInfo {
    pub(super) name: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) disabled: Option<bool>,
    pub(super) resume: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) method: Option<String>,
    pub(super) suffix: Option<String>,
    /// What a waiting address asks its callers for: `none`, `basicAuth`, `headerAuth` or `jwtAuth`.
    pub(super) authentication: Option<String>,
    /// Where an HTTP Request node calls.
    pub(super) url: Option<String>,
    pub(super) model: Option<String>,
}

/// One run of one node.
#[derive(Debug, Default)]
pub(super) struct NodeRun {
    /// Shared by the runs of a node.
    pub(super) node: Arc<str>,
    pub(super) index: usize,
    pub(super) start: Option<i64>,
    pub(super) took: Option<u64>,
    /// Starts again at 0 when an execution is resumed, so it orders only runs of the same millisecond.
    pub(super) order: Option<u64>,
    pub(super) status: Option<String>,
    pub(super) sources: Vec<Source>,
    pub(super) resume_url: Option<String>,
    /// Set when the run wrote a `main` output, as nodes on the main line do and sub-nodes don't.
    pub(super) main: bool,
    /// The sum that n8n's vendor nodes keep for a run (not in 2.8).
    pub(super) recorded: Option<Tokens>,
    /// Calls that a model sub-node logged.
    pub(super) model_calls: Vec<Call>,
    /// The model that the sub-node was asked for.
    pub(super) asked_model: Option<String>,
    /// Usage objects among the output items.
    pub(super) seen_calls: Vec<Call>,
    /// The wanted ids that its output items carry, each once for each output.
    pub(super) found: Vec<Found>,
}

/// A wanted id among the items of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) output: usize,
    /// The number that the id is kept under.
    pub(super) id: usize,
}

#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) node: Option<String>,
    pub(super) run: Option<u64>,
    /// Which of that run's outputs; the first when it is left out.
    pub(super) output: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) tokens: Tokens,
    pub(super) estimated: bool,
}

impl NodeRun {
    /// Whether nothing that is looked for can come of this run or through it. A wait may hang on any run.
    pub(super) fn says_nothing(&self, want: Want<'_>) -> bool {
        matches!(want, Want::Usage)
            && self.sources.is_empty()
            && self.recorded.is_none()
            && self.model_calls.is_empty()
            && self.seen_calls.is_empty()
    }

    /// Whether an output item carries the id of this number.
    pub(super) fn shows(&self, id: usize) -> bool {
        self.found.iter().any(|found| found.id == id)
    }

    /// Sorts runs by when they began.
    pub(super) fn when(&self) -> (i64, u64) {
        (self.start.unwrap_or(0), self.order.unwrap_or(0))
    }
}
