//! What a wait says itself of the entities that it is for: by the decision that ended it, by its suffix, by the items that
//! stand at it.

use std::collections::BTreeSet;

use super::Timeline;
use crate::n8n::wait::{OWN, Whose, is_expression, mark, written};

impl<'s> Timeline<'s> {
    pub(super) fn stands_at(&self, gate: usize) -> bool {
        self.waits
            && self.nth(gate).is_some_and(|(at, run)| {
                run.status.as_deref() == Some("waiting")
                    && self.is_gate(at)
                    && self.scan.last_node.as_deref() == Some(&*run.node)
            })
    }

    /// What a wait says of the entity that it is for.
    pub(super) fn verdict(&self, gate: usize) -> Whose {
        match self.nth(gate).and_then(|(_, run)| run.status.as_deref()) {
            Some("waiting") if self.stands_at(gate) => Whose::Ours,
            // Resumed, and n8n has not written down yet what came of it.
            Some("waiting" | "running" | "new") | None => Whose::NotYet,
            Some(_) => Whose::Passed,
        }
    }

    /// The entities whose decision ended a wait.
    fn ended_for(&self, gate: usize) -> BTreeSet<usize> {
        let over = self.nth(gate).filter(|(_, run)| run.status.as_deref() == Some("success"));
        over.map(|(_, run)| run.found.iter().map(|found| found.id).collect()).unwrap_or_default()
    }

    /// The entities that a wait is known to be for whatever its items show: by the decision that ended it, or its suffix.
    pub(super) fn told_owners(&self, gate: usize) -> BTreeSet<usize> {
        let ended = self.ended_for(gate);
        match self.nth(gate) {
            Some((at, _)) if ended.is_empty() => self.named(at),
            _ => ended,
        }
    }

    /// The entities that a wait is known to be for.
    pub(super) fn owners(&self, gate: usize) -> BTreeSet<usize> {
        let told = self.told_owners(gate);
        if told.is_empty() { self.items(gate) } else { told }
    }

    /// The entities whose items stand, or stood, at a wait.
    pub(super) fn items(&self, gate: usize) -> BTreeSet<usize> {
        let Some((_, run)) = self.nth(gate) else { return BTreeSet::new() };
        // While it waits, the items stand in its own entry; and before the node that goes on.
        let waits = run.status.as_deref() == Some("waiting");
        let own = run.found.iter().filter(|_| waits);
        let stacked = self
            .scan
            .next_input
            .found
            .iter()
            .filter(|_| self.stands_at(gate) && self.scan.next_node.name.as_deref() == Some(&*run.node));
        let mut owners: BTreeSet<usize> = own.chain(stacked).map(|found| found.id).collect();
        if owners.is_empty() {
            for source in &run.sources {
                let Some(from) = self.graph.find(source).and_then(|from| self.run(from)) else { continue };
                let output = usize::try_from(source.output.unwrap_or(0)).unwrap_or(usize::MAX);
                owners.extend(from.found.iter().filter(|found| found.output == output).map(|found| found.id));
            }
        }
        owners
    }

    /// The other entities whose address has the suffix of this run's node.
    pub(super) fn named(&self, at: usize) -> BTreeSet<usize> {
        let Some(suffix) = self.suffix(at).and_then(written).map(|suffix| mark(&suffix)) else {
            return BTreeSet::new();
        };
        let others = self.created.others.iter().enumerate();
        let named: BTreeSet<usize> = others
            .filter(|(_, other)| other.suffix.as_ref() == Some(&suffix))
            .map(|(number, _)| OWN + 1 + number)
            .collect();
        // One that several came with tells them not apart.
        if named.len() == 1 && self.created.suffix.as_deref().map(mark).as_ref() != Some(&suffix) {
            named
        } else {
            BTreeSet::new()
        }
    }

    pub(super) fn is_anothers(&self, gate: usize) -> bool {
        let owners = self.owners(gate);
        !owners.is_empty() && !owners.contains(&OWN)
    }

    /// Whether the address that came with an entity may be this wait's. One without a suffix says nothing.
    pub(super) fn fits(&self, number: usize, gate: usize) -> bool {
        let passed = match self.created.other(number) {
            Some(other) => other.suffix.clone(),
            None => self.created.suffix.as_deref().map(mark),
        };
        let Some(passed) = passed else { return true };
        let Some((at, _)) = self.nth(gate) else { return false };
        match self.suffix(at) {
            Some(suffix) => written(suffix).is_some_and(|suffix| mark(&suffix) == passed),
            None => self.has_computed_suffix(at),
        }
    }

    /// The suffix of a run's wait, where its node names it.
    pub(super) fn suffix(&self, at: usize) -> Option<&'s str> {
        let suffix = self.graph.node(at)?.suffix.as_deref()?;
        (!is_expression(suffix) && !suffix.trim_matches('/').is_empty()).then_some(suffix)
    }

    fn has_computed_suffix(&self, at: usize) -> bool {
        self.graph.node(at).and_then(|node| node.suffix.as_deref()).is_some_and(is_expression)
    }
}
