//! Which usage objects in the output of runs are copies of one that an earlier run put out.
//!
//! Items are passed on by later nodes, usage objects and all; a copy is not a call. A usage object is a copy if the
//! vendor's id says so, or, where an id is missing, if the same counts stand in the output of another node that this
//! run's input came through.
//!
//! Only equal counts are compared, so each group of equal ones is settled by itself. Within a group no run is asked the
//! same twice: a copy stands in for its original where it was found, and where nothing was found a mark says so.

use std::collections::{HashMap, HashSet};

use super::graph::{Graph, Marks, Steps};
use super::seen::{Call, Scan};

/// A usage object in a run's output.
pub(super) struct Shown<'s> {
    pub(super) call: &'s Call,
    pub(super) run: usize,
    pub(super) copy: bool,
}

/// All usage objects in the order in which they were put out. The flag says that not every copy was followed home: some
/// may count as calls of their own.
pub(super) fn shown<'s>(scan: &'s Scan, graph: &Graph<'s>) -> (Vec<Shown<'s>>, bool) {
    let mut shown: Vec<Shown<'s>> = Vec::new();
    for &run in &graph.by_time {
        let calls = scan.runs.get(run).map(|run| run.seen_calls.as_slice()).unwrap_or_default();
        shown.extend(calls.iter().map(|call| Shown { call, run, copy: false }));
    }
    let counts = |at: usize| shown.get(at).map(|shown| (shown.call.tokens.input, shown.call.tokens.output));
    let mut order: Vec<usize> = (0..shown.len()).collect();
    // Stable: within a group time goes on.
    order.sort_by_key(|&at| counts(at));
    let groups: Vec<&[usize]> =
        order.chunk_by(|&a, &b| counts(a) == counts(b)).filter(|all| all.len() > 1).collect();

    let mut search = Search::new(graph, shown.len());
    let mut copies = Vec::new();
    for group in groups {
        search.settle(group.iter().filter_map(|&at| Some((at, shown.get(at)?))), &mut copies);
    }
    let spent = search.steps.spent;
    for at in copies {
        if let Some(shown) = shown.get_mut(at) {
            shown.copy = true;
        }
    }
    (shown, spent)
}

/// What tells usage objects with the same counts apart when they are followed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kind<'s> {
    anonymous: bool,
    model: Option<&'s str>,
    node: Option<usize>,
}

impl Kind<'_> {
    fn may_be_copy_of(&self, original: &Self) -> bool {
        (self.anonymous || original.anonymous)
            // In a loop, the same node asking the same thing again is a second call.
            && self.node != original.node
            && (self.model.is_none() || original.model.is_none() || self.model == original.model)
    }
}

/// Whether originals stand in the output of no node, of one, or of several.
#[derive(Clone, Copy, Default)]
enum Nodes {
    #[default]
    None,
    One(Option<usize>),
    Several,
}

impl Nodes {
    fn add(&mut self, node: Option<usize>) {
        *self = match *self {
            Self::None => Self::One(node),
            Self::One(one) if one == node => Self::One(one),
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    fn has_other(self, node: Option<usize>) -> bool {
        match self {
            Self::None => false,
            Self::One(one) => one != node,
            Self::Several => true,
        }
    }
}

struct Search<'g, 's> {
    graph: &'g Graph<'s>,
    steps: Steps,
    /// By walk: the runs that this walk has come to.
    seen: Marks,
    walks: u32,
    /// By question: nothing that fits stands before this run. The last question only, for mostly there is one.
    nothing_before: Marks,
    questions: u32,
    /// By group: an original of it stands here, or a copy in its stead.
    holds: Marks,
    groups: u32,
    queue: Vec<usize>,
}

/// The originals of one group of equal counts.
#[derive(Default)]
struct Originals<'s> {
    ids: HashSet<&'s str>,
    all: Nodes,
    anonymous: Nodes,
    at: HashMap<usize, Vec<Kind<'s>>>,
    known: HashSet<(usize, Kind<'s>)>,
}

impl<'s> Originals<'s> {
    /// An original, or a copy that stands in for it, in the output of `run`.
    fn stand(&mut self, run: usize, kind: Kind<'s>) {
        if self.known.insert((run, kind)) {
            self.at.entry(run).or_default().push(kind);
        }
    }

    fn add(&mut self, shown: &Shown<'s>, kind: Kind<'s>) {
        self.ids.extend(shown.call.id.as_deref());
        self.all.add(kind.node);
        if kind.anonymous {
            self.anonymous.add(kind.node);
        }
        self.stand(shown.run, kind);
    }

    fn may_hold(&self, kind: &Kind<'_>) -> bool {
        if kind.anonymous { self.all } else { self.anonymous }.has_other(kind.node)
    }
}

impl<'g, 's> Search<'g, 's> {
    fn new(graph: &'g Graph<'s>, calls: usize) -> Self {
        Self {
            graph,
            steps: graph.steps(calls),
            seen: Marks::on(graph),
            walks: 0,
            nothing_before: Marks::on(graph),
            questions: 0,
            holds: Marks::on(graph),
            groups: 0,
            queue: Vec::new(),
        }
    }

    /// Finds the copies among usage objects with the same counts.
    fn settle<'a>(&mut self, group: impl Iterator<Item = (usize, &'a Shown<'s>)>, copies: &mut Vec<usize>)
    where
        's: 'a,
    {
        self.groups += 1;
        let mut originals = Originals::default();
        let mut questions: HashMap<Kind<'s>, u32> = HashMap::new();
        for (at, shown) in group {
            let kind = Kind {
                anonymous: shown.call.id.is_none(),
                model: shown.call.model.as_deref(),
                node: self.graph.node_of(shown.run),
            };
            if shown.call.id.as_deref().is_some_and(|id| originals.ids.contains(id)) {
                copies.push(at);
                continue;
            }
            let original = if originals.may_hold(&kind) {
                let question = *questions.entry(kind).or_insert_with(|| {
                    self.questions += 1;
                    self.questions
                });
                self.look_back(shown.run, &kind, question, &originals)
            } else {
                None
            };
            self.holds.set(shown.run, self.groups);
            match original {
                Some(original) => {
                    originals.stand(shown.run, original);
                    copies.push(at);
                }
                None => originals.add(shown, kind),
            }
        }
    }

    /// The original that a usage object in the output of `here` is a copy of: the nearest that its input came through.
    fn look_back(
        &mut self,
        here: usize,
        kind: &Kind<'s>,
        question: u32,
        originals: &Originals<'s>,
    ) -> Option<Kind<'s>> {
        self.walks += 1;
        self.seen.set(here, self.walks);
        self.queue.clear();
        self.queue.push(here);
        let mut next = 0;
        while let Some(&at) = self.queue.get(next) {
            next += 1;
            for &before in self.graph.sources(at) {
                if !self.steps.take() {
                    return None;
                }
                if !self.seen.set(before, self.walks) {
                    continue;
                }
                let held =
                    (self.holds.get(before) == self.groups).then(|| originals.at.get(&before)).flatten();
                for original in held.into_iter().flatten() {
                    if !self.steps.take() {
                        return None;
                    }
                    if kind.may_be_copy_of(original) {
                        return Some(*original);
                    }
                }
                // Where edges go back in time only, what stands before a run is complete when that run is asked.
                if !(self.graph.in_time && self.nothing_before.get(before) == question) {
                    self.queue.push(before);
                }
            }
        }
        for &at in &self.queue {
            self.nothing_before.set(at, question);
        }
        None
    }
}

#[cfg(test)]
#[path = "copies_tests.rs"]
mod tests;
