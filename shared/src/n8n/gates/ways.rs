//! Ways through the runs and through the workflow: what comes after what. None of them takes more steps than all walks have
//! together.

use std::collections::HashSet;

use super::{Timeline, Walks};
use crate::n8n::{
    seen::NodeInfo,
    wait::{WaitKind, kind},
};

impl<'s> Timeline<'s> {
    /// The runs that a run's input came through.
    pub(super) fn behind_of(&self, start: usize) -> HashSet<usize> {
        let mut walks = self.walks.borrow_mut();
        let (mut seen, mut stack) = (HashSet::new(), vec![start]);
        while let Some(at) = stack.pop() {
            for &before in self.graph.sources(at) {
                if !walks.steps.take() {
                    return seen;
                }
                if seen.insert(before) {
                    stack.push(before);
                }
            }
        }
        seen
    }

    /// The waits behind the run at `place`, in the order of time.
    pub(super) fn gates_after(&self, place: usize) -> Vec<usize> {
        let mut walks = self.walks.borrow_mut();
        walks.number += 1;
        let creators = self.creators(place, &mut walks);
        if !self.graph.in_time {
            drop(walks);
            // Clocks were set: nobody knows which of them came first, so no more than the nearest is looked at.
            return self.gate_after(place).into_iter().collect();
        }
        let mut reached = vec![false; self.places()];
        for creator in &creators {
            if let Some(mark) = reached.get_mut(*creator) {
                *mark = true;
            }
        }
        let mut gates = Vec::new();
        for next in place..self.places() {
            let Some((at, run)) = self.nth(next) else { continue };
            let sources = self.graph.sources(at);
            if (0..=sources.len()).any(|_| !walks.steps.take()) {
                return Vec::new();
            }
            let comes = reached.get(at) == Some(&true)
                || sources.iter().any(|&from| reached.get(from) == Some(&true));
            if let Some(mark) = reached.get_mut(at) {
                *mark = comes;
            }
            if next > place && self.is_gate(at) && (comes || run.sources.is_empty()) {
                gates.push(next);
            }
        }
        gates
    }

    /// The first wait that comes after the run at `place`, as a place in time.
    pub(in crate::n8n) fn gate_after(&self, place: usize) -> Option<usize> {
        let mut walks = self.walks.borrow_mut();
        walks.number += 1;
        let creators = self.creators(place, &mut walks);
        for next in place + 1..self.places() {
            // Not beyond the last step: each place that may be the creator's asks this.
            if !walks.steps.take() {
                return None;
            }
            let (at, _) = self.nth(next)?;
            if self.is_gate(at) && self.comes_from(at, &creators, &mut walks) {
                return Some(next);
            }
        }
        None
    }

    /// The run itself and, if it is a tool of an agent, the agent's run, for that is what goes on from there.
    pub(in crate::n8n) fn creators(&self, place: usize, walks: &mut Walks) -> HashSet<usize> {
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
    pub(in crate::n8n) fn is_gate(&self, at: usize) -> bool {
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

    /// Whether the workflow may come from a node to a wait that a call can end.
    pub(in crate::n8n) fn leads_on(&self, from: &str) -> bool {
        if self.scan.workflow.links.is_empty() {
            let others = self.scan.workflow.nodes.iter().filter(|(name, _)| *name != from);
            return others.into_iter().any(|(_, node)| is_called(node));
        }
        self.count_ahead(from, &|_| false) > 0
    }

    /// The waits that the workflow comes to from a node before it asks again.
    pub(super) fn ahead(&self, from: &str) -> usize {
        let made = (0..self.shown.len()).filter_map(|number| self.first(number));
        let asks: Vec<&NodeInfo> = made.filter_map(|(_, at, _)| self.graph.node(at)).collect();
        // A call to the same address is one more ask, though it has not run yet.
        let asks_too = |node: &NodeInfo| {
            asks.iter().any(|ask| ask.name == node.name || ask.url.is_some() && ask.url == node.url)
        };
        self.count_ahead(from, &asks_too)
    }

    fn count_ahead(&self, from: &str, stops: &dyn Fn(&NodeInfo) -> bool) -> usize {
        let workflow = &self.scan.workflow;
        let (mut seen, mut stack, mut count) = (HashSet::new(), vec![from], 0);
        while let Some(name) = stack.pop() {
            for next in workflow.links.get(name).into_iter().flatten() {
                let Some(node) = workflow.nodes.get(next) else { continue };
                if next == from || stops(node) || !seen.insert(next.as_str()) {
                    continue;
                }
                count += usize::from(is_called(node));
                stack.push(next);
            }
        }
        count
    }
}

/// Whether a node waits for a call.
fn is_called(node: &NodeInfo) -> bool {
    node.disabled != Some(true) && matches!(kind(Some(node)), WaitKind::Webhook | WaitKind::SendAndWait)
}
