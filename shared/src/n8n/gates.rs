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

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use super::answer::Poll;
use super::graph::{Graph, Marks, Steps};
use super::seen::{NodeInfo, NodeRun, Scan};
use super::wait::{Created, OWN, WaitKind, Whose, is_expression, kind, mark, written};

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

/// Entities that were created in a row.
struct Row {
    members: BTreeSet<usize>,
    /// Those that are still to have their wait, in the order of their calls.
    left: Vec<usize>,
    /// Where the last was made, as a place in time.
    end: usize,
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

    /// The wait of the entity by its place in a row: each wait that nothing tells of is the first one's that its address
    /// fits and that has none yet.
    fn in_row(&self, row: &Row, gates: &[usize]) -> Own {
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
            || kind == Some("wait") && super::wait::kind(Some(node)) == WaitKind::Time
    }

    /// The entities that were created by calls in a row before any wait, this one among them.
    ///
    /// Where one call follows another, the answer to the first is gone from the items that reach the waits, which all show
    /// the last answer. They say nothing then, if there are as many waits as calls: the first wait is the first call's.
    /// None where that is not so.
    fn row(&self, place: usize, gates: &[usize]) -> Option<Row> {
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
    fn made(&self, number: usize) -> Option<usize> {
        let (place, at, run) = self.first(number)?;
        (!(self.is_gate(at) || run.sources.is_empty() && run.main)).then_some(place)
    }

    /// Whether the second of two creations took the place of the first: it comes of it without a wait between, and no item
    /// shows the first any more.
    fn follows(&self, (before, first): (usize, usize), (after, _): (usize, usize)) -> bool {
        let last = self.shown.get(first).and_then(Option::as_ref).and_then(|shown| shown.last);
        before < after
            && last.is_none_or(|last| last < after)
            && self.gate_after(before).is_none_or(|gate| gate > after)
            && self
                .nth(before)
                .zip(self.nth(after))
                .is_some_and(|((one, _), (two, _))| self.behind_of(two).contains(&one))
    }

    /// The runs that a run's input came through.
    fn behind_of(&self, start: usize) -> HashSet<usize> {
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

    /// Whether another entity may as well be what a silent wait is for: nothing tells of its own wait, and none that it may
    /// have had has come before.
    fn is_contested(&self, gate: usize, silent: &[usize], row: Option<&Row>) -> bool {
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

    /// The waits behind the run at `place`, in the order of time.
    fn gates_after(&self, place: usize) -> Vec<usize> {
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
    pub(super) fn gate_after(&self, place: usize) -> Option<usize> {
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

    fn stands_at(&self, gate: usize) -> bool {
        self.waits
            && self.nth(gate).is_some_and(|(at, run)| {
                run.status.as_deref() == Some("waiting")
                    && self.is_gate(at)
                    && self.scan.last_node.as_deref() == Some(&*run.node)
            })
    }

    /// What a wait says of the entity that it is for.
    fn verdict(&self, gate: usize) -> Whose {
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
    fn told_owners(&self, gate: usize) -> BTreeSet<usize> {
        let ended = self.ended_for(gate);
        match self.nth(gate) {
            Some((at, _)) if ended.is_empty() => self.named(at),
            _ => ended,
        }
    }

    /// The entities that a wait is known to be for.
    fn owners(&self, gate: usize) -> BTreeSet<usize> {
        let told = self.told_owners(gate);
        if told.is_empty() { self.items(gate) } else { told }
    }

    /// The entities whose items stand, or stood, at a wait.
    fn items(&self, gate: usize) -> BTreeSet<usize> {
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
    fn named(&self, at: usize) -> BTreeSet<usize> {
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

    fn is_anothers(&self, gate: usize) -> bool {
        let owners = self.owners(gate);
        !owners.is_empty() && !owners.contains(&OWN)
    }

    /// Whether the address that came with an entity may be this wait's. One without a suffix says nothing.
    fn fits(&self, number: usize, gate: usize) -> bool {
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
    fn suffix(&self, at: usize) -> Option<&'s str> {
        let suffix = self.graph.node(at)?.suffix.as_deref()?;
        (!is_expression(suffix) && !suffix.trim_matches('/').is_empty()).then_some(suffix)
    }

    fn has_computed_suffix(&self, at: usize) -> bool {
        self.graph.node(at).and_then(|node| node.suffix.as_deref()).is_some_and(is_expression)
    }

    /// The run itself and, if it is a tool of an agent, the agent's run, for that is what goes on from there.
    pub(super) fn creators(&self, place: usize, walks: &mut Walks) -> HashSet<usize> {
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
    pub(super) fn is_gate(&self, at: usize) -> bool {
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
    pub(super) fn leads_on(&self, from: &str) -> bool {
        if self.scan.workflow.links.is_empty() {
            let others = self.scan.workflow.nodes.iter().filter(|(name, _)| *name != from);
            return others.into_iter().any(|(_, node)| is_called(node));
        }
        self.count_ahead(from, &|_| false) > 0
    }

    /// The waits that the workflow comes to from a node before it asks again.
    fn ahead(&self, from: &str) -> usize {
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
