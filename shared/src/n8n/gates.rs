//! Which of an execution's waits is whose: the runs of its nodes in their order, for the one question.
//!
//! One rule: what says whose a wait is goes before where it stands. That is, in this order, the suffix of the address that
//! the workflow passed; the decision that ended it; the items that stand at it, which are, or were made of, the answer to
//! the call that created the entity. Only a wait of which nothing of this says anything is told by its place, and never
//! where two entities may be meant.
//!
//! What n8n does, and this room relies on: a wait leaves a run entry with status `waiting`; on resume n8n removes that
//! entry, runs the node again as a mere pass-through and writes a new entry at the same run index, with the status
//! `success` and the time of the resume; its output is the call that ended it. `executionIndex` begins again at 0 with every
//! resume, so time orders the runs and the index only breaks ties. `source` names the run, and the output of it, that each
//! run's input came from; following it back tells whether a wait comes after our node or stands on another branch.

mod owners;
mod row;
mod ways;

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::answer::Poll;
use super::graph::{Graph, Marks, Steps};
use super::seen::{NodeRun, Scan};
use super::wait::{Created, OWN, Whose, mark, written};

/// How far our clock and n8n's may be apart when only the time of creation is known.
const CLOCK_SLACK_MS: i64 = 2_000;

/// The runs of an execution in their order, for the one question.
pub(super) struct Timeline<'s> {
    scan: &'s Scan,
    poll: Poll,
    waits: bool,
    created: &'s Created,
    pub(super) graph: Graph<'s>,
    /// Of all walks over the graph.
    pub(super) walks: RefCell<Walks>,
    /// By number of an entity.
    shown: Vec<Option<Shown>>,
}

/// Where an id is to be seen, as places in time.
#[derive(Clone, Default)]
struct Shown {
    first: usize,
    /// The last that is no gate, before a decision of it ended a wait.
    last: Option<usize>,
    /// The waits that its decisions ended.
    ended: Vec<usize>,
    /// The calls that it may have come of.
    posts: Vec<usize>,
}

impl Shown {
    /// Whether what shows the id at a place has it from a decision that ended an earlier wait: nothing asked anew since.
    fn is_passed_on(&self, place: usize) -> bool {
        last_before(&self.ended, place)
            .is_some_and(|ended| last_before(&self.posts, place).is_none_or(|posted| posted < ended))
    }

    /// Whether it may have been asked for anew since its decision ended a wait.
    fn is_asked_again(&self, place: usize) -> bool {
        last_before(&self.ended, place).is_some() && !self.is_passed_on(place)
    }
}

fn last_before(places: &[usize], place: usize) -> Option<usize> {
    places.get(..places.partition_point(|at| *at < place))?.last().copied()
}

pub(super) struct Walks {
    pub(super) steps: Steps,
    seen: Marks,
    number: u32,
}

/// The wait of one post of the entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    /// As a place in time.
    Gate(usize),
    NotYet,
    Contested,
}

impl<'s> Timeline<'s> {
    pub(super) fn new(scan: &'s Scan, poll: Poll, waits: bool, created: &'s Created) -> Self {
        let graph = Graph::of(scan);
        let walks = Walks { steps: graph.steps(0), seen: Marks::on(&graph), number: 0 };
        let shown = vec![None; created.others.len() + 1];
        let mut timeline = Self { scan, poll, waits, created, graph, walks: RefCell::new(walks), shown };
        timeline.shown = timeline.places_of_ids();
        timeline
    }

    fn places_of_ids(&self) -> Vec<Option<Shown>> {
        let mut shown = self.shown.clone();
        for place in 0..self.places() {
            let Some((at, run)) = self.nth(place) else { continue };
            let mut ids: Vec<usize> = run.found.iter().map(|found| found.id).collect();
            ids.dedup();
            for id in ids {
                let Some(known) = shown.get_mut(id) else { continue };
                let known = known.get_or_insert_with(|| Shown { first: place, ..Shown::default() });
                if self.is_gate(at) {
                    known.ended.extend((run.status.as_deref() == Some("success")).then_some(place));
                    continue;
                }
                known.posts.extend(self.calls_out(at).then_some(place));
                if known.ended.is_empty() {
                    known.last = Some(place);
                }
            }
        }
        shown
    }

    pub(super) fn run(&self, at: usize) -> Option<&'s NodeRun> {
        self.scan.runs.get(at)
    }

    /// The run that began as the `place`-th.
    pub(super) fn nth(&self, place: usize) -> Option<(usize, &'s NodeRun)> {
        let at = *self.graph.by_time.get(place)?;
        Some((at, self.run(at)?))
    }

    pub(super) fn places(&self) -> usize {
        self.graph.by_time.len()
    }

    pub(super) fn whose(&self) -> Whose {
        if self.poll != Poll::Waiting {
            return Whose::Passed;
        }
        let seen = self.seen();
        let seen = if self.walks.borrow().steps.spent { Whose::Unknown } else { seen };
        match (seen, self.scan.status.as_deref()) {
            // n8n writes the runs down when an execution stops or waits, so one that runs may not show them yet.
            (Whose::Unknown, Some("running" | "new")) => Whose::NotYet,
            (seen, _) => seen,
        }
    }

    /// The numbers of the other entities that the execution is known to wait for.
    pub(super) fn others(&self) -> BTreeSet<usize> {
        let standing = (0..self.places()).rev().find(|&place| self.stands_at(place));
        let owners = standing.map(|gate| self.owners(gate)).unwrap_or_default();
        owners.into_iter().filter(|number| *number != OWN).collect()
    }

    fn seen(&self) -> Whose {
        if self.scan.truncated || self.scan.workflow.nodes.is_empty() {
            // Without the workflow, a wait that is over looks like any other run.
            return Whose::Unknown;
        }
        // The first run that shows the id made it; later ones pass it on.
        if let Some((place, at, run)) = self.first(OWN) {
            match run.status.as_deref() {
                // A wait makes nothing. One that is over shows the id because the decision brought it.
                Some("success") if self.is_gate(at) => return Whose::Passed,
                _ if self.is_gate(at) => {}
                // Nor does a trigger: an id that came in from outside was made elsewhere.
                _ if run.sources.is_empty() && run.main => {}
                _ => return self.behind(place),
            }
        }
        // The address names its wait, wherever the entity was made.
        if let Some(verdict) = self.by_suffix() {
            return verdict;
        }
        let Some(at) = self.created.at else { return Whose::Unknown };
        let mut verdicts = (0..self.places())
            .filter(|&place| self.may_have_created(place, at))
            .map(|place| self.gate_after(place).map_or(Whose::NotYet, |gate| self.verdict(gate)));
        match verdicts.next() {
            // What stands there is known to be another's, or may be.
            Some(Whose::Ours) if !self.others().is_empty() => Whose::NotYet,
            Some(Whose::Ours) if self.created.others.iter().any(|other| other.open) => Whose::Contested,
            Some(first) if verdicts.all(|other| other == first) => first,
            _ => Whose::Unknown,
        }
    }

    /// The verdict on an entity that was made by the run at `place` for the first time.
    fn behind(&self, place: usize) -> Whose {
        let Some(place) = self.last_post(place, self.created.before) else { return Whose::NotYet };
        match self.own_gate(place) {
            Own::Gate(gate) => self.verdict(gate),
            Own::NotYet => Whose::NotYet,
            Own::Contested => Whose::Contested,
        }
    }

    /// The first run that shows an id.
    fn first(&self, id: usize) -> Option<(usize, usize, &'s NodeRun)> {
        let place = self.shown.get(id)?.as_ref()?.first;
        self.nth(place).map(|(at, run)| (place, at, run))
    }

    /// Whether the wait that stands is the one of the address that came with the entity, where that has a suffix.
    fn by_suffix(&self) -> Option<Whose> {
        let passed = self.created.suffix.as_ref()?;
        let standing = (0..self.places()).rev().find(|&place| self.stands_at(place))?;
        let (at, _) = self.nth(standing)?;
        let suffix = written(self.suffix(at)?)?;
        Some(match suffix == *passed {
            true if !self.shares_suffix() => Whose::Ours,
            true if !self.is_anothers(standing) => Whose::Contested,
            _ => Whose::NotYet,
        })
    }

    /// Whether another entity that is open came with the suffix of this one, so that it tells them not apart.
    fn shares_suffix(&self) -> bool {
        let own = self.created.suffix.as_deref().map(mark);
        own.is_some() && self.created.others.iter().any(|other| other.open && other.suffix == own)
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
            let Own::Gate(gate) = self.own_gate(place) else { return None };
            place = (gate + 1..self.places()).find(|&next| {
                self.nth(next)
                    .is_some_and(|(at, run)| run.shows(OWN) && !self.is_gate(at) && self.calls_out(at))
            })?;
        }
        Some(place)
    }

    /// The wait that the post at `place` asked for.
    fn own_gate(&self, place: usize) -> Own {
        let gates = self.gates_after(place);
        let row = self.row(place, &gates);
        let tells = self.created.suffix.is_some() && !self.shares_suffix();
        let mut silent = Vec::new();
        for &gate in gates.iter().filter(|gate| self.fits(OWN, **gate)) {
            let told = self.told_owners(gate);
            let named = tells && self.nth(gate).is_some_and(|(at, _)| self.suffix(at).is_some());
            if told.contains(&OWN) || told.is_empty() && named {
                return Own::Gate(gate);
            }
            let items = if row.is_some() { BTreeSet::new() } else { self.items(gate) };
            // One Wait may hold the items of several: who ends it ends it for all of them.
            if items.contains(&OWN) {
                return Own::Gate(gate);
            }
            if told.is_empty() && items.is_empty() {
                silent.push(gate);
            }
        }
        let place = match &row {
            Some(row) => self.in_row(row, &gates),
            None => silent.first().map_or(Own::NotYet, |gate| Own::Gate(*gate)),
        };
        match place {
            Own::Gate(gate) if self.is_contested(gate, &silent, row.as_ref()) => Own::Contested,
            place => place,
        }
    }
}
