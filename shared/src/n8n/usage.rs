//! Which of the token counts in an execution are model calls, each counted once.
//!
//! n8n leaves counts in three places. A model **sub-node** logs every call (`tokenUsage`, or an estimate when the vendor
//! said nothing). A **vendor node** of newer n8n keeps the sum of its run in the run's metadata, whatever it outputs. And
//! an **HTTP Request** or a vendor node that is not simplified puts the vendor's own usage object into its items. Items
//! are then passed on by later nodes, copies and all; a copy is not a call.

use std::collections::{HashMap, HashSet, VecDeque};

use super::run::{Call, Positions, Run, by_time};
use super::scan::{NodeInfo, Scan};
use crate::pricing::Tokens;

/// Token counts of model calls that an execution left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUsage {
    /// Name of the node that called the model.
    pub node: String,
    /// Which run of that node, from 0.
    pub run: usize,
    /// The model that answered, or else the one that was asked for; `None` if n8n kept neither.
    pub model: Option<String>,
    /// Everything the model read and wrote, and what of it had to do with the vendor's cache, where that was said.
    pub tokens: Tokens,
    /// n8n's own estimate, because the vendor's answer had no counts. It can be far off.
    pub estimated: bool,
}

/// How far back a copy is followed. A copy's original is nearly always the node before.
const MAX_ANCESTORS: usize = 2_000;

pub(super) fn settle(scan: &Scan) -> Vec<FoundUsage> {
    let positions = Positions::of(&scan.runs);
    // An agent or chain repeats what its model said; the model's own log is the count.
    let parents: HashSet<&str> = scan
        .runs
        .iter()
        .filter(|run| !run.model_calls.is_empty())
        .flat_map(|run| &run.sources)
        .filter_map(|source| source.node.as_deref())
        .collect();

    let mut found = Vec::new();
    let mut originals = Originals::default();
    for here in by_time(&scan.runs) {
        let Some(run) = scan.runs.get(here) else { continue };
        let node = scan.workflow.nodes.get(&run.node);
        let asked = || run.asked_model.clone().or_else(|| node.and_then(|node| node.model.clone()));
        let usage = |model: Option<String>, tokens: Tokens, estimated: bool| FoundUsage {
            node: run.node.clone(),
            run: run.index,
            model: model.or_else(asked),
            tokens,
            estimated,
        };

        for call in &run.model_calls {
            found.push(usage(call.model.clone(), call.tokens, call.estimated));
        }

        let mut new = Vec::new();
        for call in &run.seen_calls {
            if !originals.hold(call, here, scan, &positions) {
                new.push(call);
                originals.add(call, here);
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
            found.push(usage(new.iter().find_map(|call| call.model.clone()), tokens, false));
        } else if calls_models(node, run) && !parents.contains(run.node.as_str()) {
            found.extend(new.iter().map(|call| usage(call.model.clone(), call.tokens, call.estimated)));
        }
    }
    found
}

fn sum(calls: &[&Call]) -> Tokens {
    calls.iter().fold(Tokens::default(), |sum, call| sum.plus(&call.tokens))
}

/// Whether a usage object in this run's output can be a call of its own.
///
/// A trigger's items came from outside, so they are somebody else's calls (a parent workflow's, or a webhook's body). Of
/// n8n's base nodes only a few can reach a model; a database or a sub-workflow returns usage that was counted where it
/// arose. Nodes of other packages, and all nodes when the workflow is unknown, are believed.
fn calls_models(node: Option<&NodeInfo>, run: &Run) -> bool {
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

/// The usage objects that were met first, counted or not.
#[derive(Default)]
struct Originals<'s> {
    by_tokens: HashMap<(u64, u64), Vec<(&'s Call, usize)>>,
}

impl<'s> Originals<'s> {
    fn add(&mut self, call: &'s Call, run: usize) {
        self.by_tokens.entry((call.tokens.input, call.tokens.output)).or_default().push((call, run));
    }

    /// Whether `call`, met in run `here`, is a copy of one met before: the vendor's id says so, or, where an id is
    /// missing, the same counts stand in the output of another node that this run's input came through.
    fn hold(&self, call: &Call, here: usize, scan: &Scan, positions: &Positions<'_>) -> bool {
        let Some(alike) = self.by_tokens.get(&(call.tokens.input, call.tokens.output)) else { return false };
        if call.id.is_some() && alike.iter().any(|(other, _)| other.id == call.id) {
            return true;
        }
        let node_of = |run: usize| scan.runs.get(run).map(|run| run.node.as_str());
        let suspects: HashSet<usize> = alike
            .iter()
            .filter(|(other, run)| {
                (call.id.is_none() || other.id.is_none())
                    && (call.model.is_none() || other.model.is_none() || call.model == other.model)
                    // In a loop, the same node asking the same thing again is a second call.
                    && node_of(*run) != node_of(here)
            })
            .map(|&(_, run)| run)
            .collect();
        !suspects.is_empty() && ancestors(here, scan, positions).any(|run| suspects.contains(&run))
    }
}

/// The runs that a run's input came through, nearest first.
fn ancestors<'a>(
    start: usize,
    scan: &'a Scan,
    positions: &'a Positions<'_>,
) -> impl Iterator<Item = usize> + 'a {
    let mut seen = HashSet::from([start]);
    let mut queue = VecDeque::from([start]);
    std::iter::from_fn(move || {
        let here = queue.pop_front()?;
        for source in scan.runs.get(here).into_iter().flat_map(|run| &run.sources) {
            if let Some(before) = source.at(positions)
                && seen.insert(before)
            {
                queue.push_back(before);
            }
        }
        Some(here)
    })
    .skip(1)
    .take(MAX_ANCESTORS)
}
