//! Where the input of each run came from: the runs of an execution as a graph, each edge from a run to one before it.
//!
//! Its one rule: whoever pushes an execution decides how its graph looks, so all walks over one graph together take a
//! number of steps in proportion to its size. Names are looked up once, when the graph is made; walks compare numbers.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::seen::{NodeInfo, NodeRun, Scan, Source};

/// Steps of all walks together for each edge of a graph and each thing that is looked for. Real executions take two or
/// three.
const STEPS_PER_EDGE: usize = 16;

/// The runs of an execution, named by their place in [`Scan::runs`].
pub(super) struct Graph<'s> {
    /// All runs in the order in which they began.
    pub(super) by_time: Vec<usize>,
    /// Whether every edge leads to a run that began before. n8n's own executions are like that unless a clock was set.
    pub(super) in_time: bool,
    numbers: HashMap<&'s str, usize>,
    nodes: Vec<Option<&'s NodeInfo>>,
    node_of: Vec<usize>,
    /// Runs by node and index.
    places: HashMap<(usize, usize), usize>,
    sources: Vec<usize>,
    sources_of: Vec<Range<usize>>,
}

impl<'s> Graph<'s> {
    pub(super) fn of(scan: &'s Scan) -> Self {
        let runs = &scan.runs;
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut node_of: Vec<usize> = Vec::with_capacity(runs.len());
        let mut places = HashMap::with_capacity(runs.len());
        let mut before: Option<&NodeRun> = None;
        for (at, run) in runs.iter().enumerate() {
            // The runs of a node share its name, which may be long and stand there for thousands.
            let same =
                before.filter(|before| Arc::ptr_eq(&before.node, &run.node)).and(node_of.last().copied());
            let new = numbers.len();
            let node = same.unwrap_or_else(|| *numbers.entry(&run.node).or_insert(new));
            // Of several of one name and index the first: a node that is written twice ran once.
            places.entry((node, run.index)).or_insert(at);
            node_of.push(node);
            before = Some(run);
        }

        let mut by_time: Vec<usize> = (0..runs.len()).collect();
        by_time.sort_by_key(|&at| runs.get(at).map(NodeRun::when));
        let mut names: Vec<(&str, usize)> = numbers.iter().map(|(name, number)| (*name, *number)).collect();
        names.sort_unstable_by_key(|&(_, number)| number);
        let nodes = names.into_iter().map(|(name, _)| scan.workflow.nodes.get(name)).collect();
        let mut graph = Self {
            by_time,
            in_time: false,
            numbers,
            nodes,
            node_of,
            places,
            sources: Vec::new(),
            sources_of: Vec::with_capacity(runs.len()),
        };
        for run in runs {
            let first = graph.sources.len();
            let found: Vec<usize> = run.sources.iter().filter_map(|source| graph.find(source)).collect();
            graph.sources.extend(found);
            graph.sources_of.push(first..graph.sources.len());
        }
        graph.in_time = graph.is_in_time();
        graph
    }

    fn is_in_time(&self) -> bool {
        let mut began = vec![false; self.node_of.len()];
        self.by_time.iter().all(|&at| {
            let after_all = self.sources(at).iter().all(|&before| began.get(before) == Some(&true));
            if let Some(began) = began.get_mut(at) {
                *began = true;
            }
            after_all
        })
    }

    /// The run that a source names.
    pub(super) fn find(&self, source: &Source) -> Option<usize> {
        let node = self.number(source.node.as_deref()?)?;
        // n8n may leave the run out when it is the first.
        let run = usize::try_from(source.run.unwrap_or(0)).ok()?;
        self.places.get(&(node, run)).copied()
    }

    /// The runs that a run's input came from.
    pub(super) fn sources(&self, at: usize) -> &[usize] {
        self.sources_of.get(at).and_then(|range| self.sources.get(range.clone())).unwrap_or_default()
    }

    /// The number of a run's node. Two runs of one node have the same.
    pub(super) fn node_of(&self, at: usize) -> Option<usize> {
        self.node_of.get(at).copied()
    }

    /// The number of the node with this name, if it ran.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// A run's node as the workflow defines it.
    pub(super) fn node(&self, at: usize) -> Option<&'s NodeInfo> {
        self.node_of(at).and_then(|node| self.nodes.get(node).copied().flatten())
    }

    /// The steps that all walks over this graph may take when `wanted` things are looked for.
    pub(super) fn steps(&self, wanted: usize) -> Steps {
        Steps { left: STEPS_PER_EDGE * (self.sources.len() + self.node_of.len() + wanted), spent: false }
    }
}

/// What is left of the steps of all walks over one graph.
pub(super) struct Steps {
    left: usize,
    /// A step was asked for when none was left: what was found out since is not all there is.
    pub(super) spent: bool,
}

impl Steps {
    /// Takes one; false when there is none.
    pub(super) fn take(&mut self) -> bool {
        self.spent |= self.left == 0;
        self.left = self.left.saturating_sub(1);
        !self.spent
    }
}

/// Marks on runs, all wiped at once by using another number.
pub(super) struct Marks(Vec<u32>);

impl Marks {
    pub(super) fn on(graph: &Graph<'_>) -> Self {
        Self(vec![0; graph.node_of.len()])
    }

    /// Marks a run; false if it has this mark already. Numbers begin at 1.
    pub(super) fn set(&mut self, at: usize, number: u32) -> bool {
        self.0.get_mut(at).is_some_and(|mark| std::mem::replace(mark, number) != number)
    }

    pub(super) fn get(&self, at: usize) -> u32 {
        self.0.get(at).copied().unwrap_or(0)
    }
}
