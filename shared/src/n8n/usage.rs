//! Which of the token counts in an execution are model calls, each counted once.
//!
//! n8n leaves counts in three places. A model **sub-node** logs every call (`tokenUsage`, or an estimate when the vendor
//! said nothing). A **vendor node** of newer n8n keeps the sum of its run in the run's metadata, whatever it outputs. And
//! an **HTTP Request** or a vendor node that is not simplified puts the vendor's own usage object into its items. Items
//! are then passed on by later nodes, copies and all; a copy is not a call.

use std::collections::HashSet;
use std::sync::Arc;

use super::copies::shown;
use super::graph::Graph;
use super::seen::{Call, NodeInfo, NodeRun, Scan};
use crate::pricing::Tokens;

/// Token counts of model calls that an execution left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUsage {
    /// Name of the node that called the model.
    pub node: Arc<str>,
    /// Which run of that node, from 0.
    pub run: usize,
    /// The model that answered, or else the one that was asked for; `None` if n8n kept neither.
    pub model: Option<Arc<str>>,
    /// Everything the model read and wrote, and what of it had to do with the vendor's cache, where that was said.
    pub tokens: Tokens,
    /// n8n's own estimate, because the vendor's answer had no counts. It can be far off.
    pub estimated: bool,
}

/// The model calls of an execution. The flag says that some may be copies: its items went ways too many to follow.
pub(super) fn settle(scan: &Scan) -> (Vec<FoundUsage>, bool) {
    let graph = Graph::of(scan);
    // An agent or chain repeats what its model said; the model's own log is the count.
    let parents: HashSet<usize> = scan
        .runs
        .iter()
        .filter(|run| !run.model_calls.is_empty())
        .flat_map(|run| &run.sources)
        .filter_map(|source| graph.number(source.node.as_deref()?))
        .collect();
    let (shown, incomplete) = shown(scan, &graph);
    let mut shown = shown.into_iter().peekable();

    let mut found = Vec::new();
    let mut names = Names::default();
    for &here in &graph.by_time {
        let Some(run) = scan.runs.get(here) else { continue };
        let node = graph.node(here);
        let mut usage = |model: Option<&str>, tokens: Tokens, estimated: bool| FoundUsage {
            node: run.node.clone(),
            run: run.index,
            model: model
                .or(run.asked_model.as_deref())
                .or_else(|| node.and_then(|node| node.model.as_deref()))
                .map(|model| names.share(model)),
            tokens,
            estimated,
        };

        for call in &run.model_calls {
            found.push(usage(call.model.as_deref(), call.tokens, call.estimated));
        }

        let mut new = Vec::new();
        while let Some(shown) = shown.next_if(|shown| shown.run == here) {
            if !shown.copy {
                new.push(shown.call);
            }
        }
        if let Some(recorded) = run.recorded {
            // The metadata adds up every round of a tool loop but leaves out thinking and cached tokens; the output
            // has those but only of the last round. Each is a lower bound.
            let shown = sum(&new);
            let tokens = Tokens {
                input: recorded.input.max(shown.input),
                output: recorded.output.max(shown.output),
                ..shown
            };
            found.push(usage(new.iter().find_map(|call| call.model.as_deref()), tokens, false));
        } else if calls_models(node, run) && !graph.node_of(here).is_some_and(|node| parents.contains(&node))
        {
            found.extend(new.iter().map(|call| usage(call.model.as_deref(), call.tokens, call.estimated)));
        }
    }
    (found, incomplete)
}

/// Names of models, each kept once: thousands of calls go to one.
#[derive(Default)]
struct Names(HashSet<Arc<str>>);

impl Names {
    fn share(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let new: Arc<str> = name.into();
        self.0.insert(new.clone());
        new
    }
}

fn sum(calls: &[&Call]) -> Tokens {
    calls.iter().fold(Tokens::default(), |sum, call| sum.plus(&call.tokens))
}

/// Whether a usage object in this run's output can be a call of its own.
///
/// A trigger's items came from outside, so they are somebody else's calls (a parent workflow's, or a webhook's body). Of
/// n8n's base nodes only a few can reach a model; a database or a sub-workflow returns usage that was counted where it
/// arose. Nodes of other packages, and all nodes when the workflow is unknown, are believed.
fn calls_models(node: Option<&NodeInfo>, run: &NodeRun) -> bool {
    const BASE: &[&str] = &[
        "httpRequest",
        "httpRequestTool",
        "openAi",
        "code",
        "function",
        "functionItem",
        "perplexity",
        "mistralAi",
        "jinaAi",
        "graphql",
        "awsBedrock",
    ];
    if run.sources.is_empty() {
        return false;
    }
    node.and_then(|node| node.kind.as_deref())
        .and_then(|kind| kind.strip_prefix("n8n-nodes-base."))
        .is_none_or(|kind| BASE.contains(&kind))
}
