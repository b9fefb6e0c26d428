//! Entities that were created by calls in a row, before any wait: which of the waits behind them is whose.

use std::collections::{BTreeSet, HashSet};

use super::{Own, Timeline};
use crate::n8n::wait::{self, OWN, WaitKind};

/// Entities that were created in a row.
pub(super) struct Row {
    members: BTreeSet<usize>,
    /// Those that are still to have their wait, in the order of their calls.
    left: Vec<usize>,
    /// Where the last was made, as a place in time.
    end: usize,
}

impl<'s> Timeline<'s> {
    /// The wait of the entity by its place in a row: each wait that nothing tells of is the first one's that its address
    /// fits and that has none yet.
    pub(super) fn in_row(&self, row: &Row, gates: &[usize]) -> Own {
        let mut left = row.left.clone();
        for &gate in gates.iter().filter(|gate| self.told_owners(**gate).is_empty()) {
            if self.may_be_led(gate, row) {
                return Own::Contested;
            }
            let Some(first) = left.iter().position(|number| self.fits(*number, gate)) else { continue };
            if left.remove(first) == OWN {
                return Own::Gate(gate);
            }
        }
        Own::NotYet
    }

    /// Whether this wait may be for one of a row whatever its place: it was asked for anew, or a node between may have led its
    /// item here. What makes an item on purpose and what passes the last answer on look alike.
    fn may_be_led(&self, gate: usize, row: &Row) -> bool {
        let open = |number: &usize| self.created.other(*number).is_some_and(|other| other.open);
        let shown = |number: &usize| self.shown.get(*number).and_then(Option::as_ref);
        let again = |number: &usize| shown(number).is_some_and(|shown| shown.is_asked_again(gate));
        let speaks = |number: &usize| shown(number).is_some_and(|shown| !shown.is_passed_on(gate));
        let rivals: Vec<usize> = row.members.iter().copied().filter(open).collect();
        let led = || !self.is_straight(gate, row) && self.items(gate).iter().any(speaks);
        rivals.iter().any(again) || !rivals.is_empty() && led()
    }

    /// Whether the items at a wait are what the last call of the row or a wait put out, with only nodes between that change nothing.
    fn is_straight(&self, gate: usize, row: &Row) -> bool {
        let mut walks = self.walks.borrow_mut();
        let Some(((start, _), (end, _))) = self.nth(gate).zip(self.nth(row.end)) else { return false };
        let (mut seen, mut stack) = (HashSet::new(), vec![start]);
        while let Some(at) = stack.pop() {
            for &before in self.graph.sources(at) {
                if !walks.steps.take() {
                    return false;
                }
                if before == end || self.is_gate(before) {
                    continue;
                }
                if !self.forwards(before) {
                    return false;
                }
                if seen.insert(before) {
                    stack.push(before);
                }
            }
        }
        true
    }

    /// Whether a run's node puts out items as they came.
    fn forwards(&self, at: usize) -> bool {
        let Some(node) = self.graph.node(at) else { return false };
        let kind = node.kind.as_deref().and_then(|kind| kind.strip_prefix("n8n-nodes-base."));
        node.disabled == Some(true)
            || matches!(kind, Some("if" | "switch" | "filter" | "limit" | "sort" | "noOp"))
            || kind == Some("wait") && wait::kind(Some(node)) == WaitKind::Time
    }

    /// The entities that were created by calls in a row before any wait, this one among them.
    ///
    /// Where one call follows another, the answer to the first is gone from the items that reach the waits, which all show
    /// the last answer. They say nothing then, if there are as many waits as calls: the first wait is the first call's.
    /// None where that is not so.
    pub(super) fn row(&self, place: usize, gates: &[usize]) -> Option<Row> {
        let mut made: Vec<(usize, usize)> = (0..self.shown.len())
            .filter_map(|number| Some((if number == OWN { place } else { self.made(number)? }, number)))
            .collect();
        made.sort_unstable();
        let own = made.iter().position(|(_, number)| *number == OWN)?;
        let follows = |one: usize, two: usize| {
            made.get(one).zip(made.get(two)).is_some_and(|(one, two)| self.follows(*one, *two))
        };
        let (mut first, mut last) = (own, own);
        while first > 0 && follows(first - 1, first) {
            first -= 1;
        }
        while follows(last, last + 1) {
            last += 1;
        }
        let row = made.get(first..=last).filter(|row| row.len() > 1)?;
        let (end, _) = *row.last()?;
        let behind: Vec<usize> = gates.iter().copied().filter(|gate| *gate > end).collect();
        let ahead =
            behind.last().and_then(|gate| self.nth(*gate)).map_or(0, |(_, run)| self.ahead(&run.node));
        if behind.len() + ahead < row.len() {
            return None;
        }
        let over: BTreeSet<usize> = behind.iter().flat_map(|gate| self.told_owners(*gate)).collect();
        let numbers = row.iter().map(|(_, number)| *number);
        Some(Row {
            members: numbers.clone().collect(),
            left: numbers.filter(|number| !over.contains(number)).collect(),
            end,
        })
    }

    /// Where another entity was made.
    pub(super) fn made(&self, number: usize) -> Option<usize> {
        let (place, at, run) = self.first(number)?;
        (!(self.is_gate(at) || run.sources.is_empty() && run.main)).then_some(place)
    }

    /// Whether the second of two creations took the place of the first: it comes of it without a wait between, and no item
    /// shows the first any more.
    pub(super) fn follows(&self, (before, first): (usize, usize), (after, _): (usize, usize)) -> bool {
        let last = self.shown.get(first).and_then(Option::as_ref).and_then(|shown| shown.last);
        before < after
            && last.is_none_or(|last| last < after)
            && self.gate_after(before).is_none_or(|gate| gate > after)
            && self
                .nth(before)
                .zip(self.nth(after))
                .is_some_and(|((one, _), (two, _))| self.behind_of(two).contains(&one))
    }

    /// Whether another entity may as well be what a silent wait is for: nothing tells of its own wait, and none that it may
    /// have had has come before.
    pub(super) fn is_contested(&self, gate: usize, silent: &[usize], row: Option<&Row>) -> bool {
        let Some((at, _)) = self.nth(gate) else { return false };
        let gates =
            (0..self.places()).filter(|&place| self.nth(place).is_some_and(|(at, _)| self.is_gate(at)));
        let owned: BTreeSet<usize> = gates.flat_map(|gate| self.owners(gate)).collect();
        let behind = self.behind_of(at);
        let rivals = self.created.others.iter().enumerate().filter(|(_, other)| other.open);
        rivals.map(|(other, _)| OWN + 1 + other).any(|number| {
            let in_row = row.is_some_and(|row| row.members.contains(&number));
            let Some((made, creator)) = self.made(number).and_then(|made| Some((made, self.nth(made)?.0)))
            else {
                return false;
            };
            let earlier = silent.iter().any(|&other| made < other && other < gate);
            !in_row && !owned.contains(&number) && made < gate && !earlier && behind.contains(&creator)
        })
    }
}
