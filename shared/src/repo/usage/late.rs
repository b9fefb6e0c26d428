//! Posts and pushes of one execution that meet.
//!
//! Its one rule: whoever comes second reads what is there, decides with [`settlement`] which of the two counts, and writes
//! under the condition that nothing else came in between. What is too much for one transaction is written in several; each
//! leaves sums that are those of the records, and no call in them twice.

use serde::Deserialize;

use super::{LATE, PUSHED, UsageLog, shard, sums::Sums, unchanged};
use crate::{
    domain::{
        pushed_runs::same_run,
        settlement::{self, Group},
        usage::{Source, Usage},
    },
    store::{Change, Cond, StoreError, Write, limits::TRANSACT_WRITES},
};

/// Writes that may stand beside those of records and sums: the gate, the workflow, a look at the budgets, the chore that settles
/// the execution, the reply that an `Idempotency-Key` repeats.
const BESIDE: usize = 16;
/// Writes of records and sums in one transaction.
const ROOM: usize = TRANSACT_WRITES - BESIDE;

/// One transaction of those that settle an execution.
#[derive(Debug)]
pub struct Step {
    pub writes: Vec<Write>,
    /// There is another to come.
    pub more: bool,
    /// How many of the pushed records count in the end.
    pub counted: usize,
    /// It closes the gate: a chore is to settle what read it before.
    pub closes: bool,
}

/// What all pass who settle an execution.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Gate {
    #[serde(default)]
    pub(super) pushed: bool,
    #[serde(default)]
    late: u64,
}

impl UsageLog<'_> {
    /// The transaction with which a record is posted after a push of its execution number was metered. It is refused when
    /// nothing was metered, or when something else was quicker. When there is more to come, [`Self::settle`] has it.
    pub async fn post_late(&self, usage: &Usage) -> Result<Step, StoreError> {
        let gate = self.gate(&usage.execution_id).await?;
        let known = self.of_execution(&usage.execution_id).await?;
        let plan = Plan::of(&known, vec![usage.clone()], true);
        let mut writes = self.writes(&plan)?;
        writes.push(self.pass(&usage.execution_id, &gate));
        Ok(Step { writes, more: plan.more, counted: 0, closes: false })
    }

    /// The next transaction that meters an execution; none when there is nothing left to do. It is refused when another push, or a
    /// post behind the gate, was quicker.
    pub async fn meter(&self, execution_id: &str, records: &[Usage]) -> Result<Option<Step>, StoreError> {
        let gate = self.gate(execution_id).await?;
        let known = self.of_execution(execution_id).await?;
        let Some(first) = records.first() else { return Ok(None) };
        let ours = |usage: &Usage| usage.source == Source::Pushed && same_run(usage, first);
        let plan = Plan::of(&known, missing(records, known.iter().filter(|usage| ours(usage))), false);
        if plan.changes.is_empty() {
            return Ok(None);
        }
        let mut writes =
            vec![if gate.pushed { self.pass(execution_id, &gate) } else { self.close(execution_id) }];
        writes.extend(self.writes(&plan)?);
        let all = plan.records.iter().zip(&plan.outdone);
        let counted = all.filter(|(usage, outdone)| ours(usage) && !**outdone).count();
        Ok(Some(Step { writes, more: plan.more, counted, closes: !gate.pushed }))
    }

    /// The next writes that let known records change sides; none when each is on its own.
    pub async fn settle(&self, execution_id: &str) -> Result<Option<Vec<Write>>, StoreError> {
        let gate = self.gate(execution_id).await?;
        if !gate.pushed {
            return Ok(None);
        }
        let known = self.of_execution(execution_id).await?;
        let plan = Plan::of(&known, Vec::new(), false);
        if plan.changes.is_empty() {
            return Ok(None);
        }
        let mut writes = self.writes(&plan)?;
        writes.push(self.pass(execution_id, &gate));
        Ok(Some(writes))
    }

    /// Read before the records are: what comes in after it moves it.
    pub(super) async fn gate(&self, execution_id: &str) -> Result<Gate, StoreError> {
        let item = self.store.get(&self.gate_key(execution_id)).await?;
        item.map_or_else(|| Ok(Gate::default()), |item| item.decode())
    }

    fn pass(&self, execution_id: &str, gate: &Gate) -> Write {
        let unmet = if gate.late == 0 { Cond::missing(LATE) } else { Cond::eq(LATE, gate.late) };
        let first = Write::update(self.gate_key(execution_id), vec![Change::add(LATE, 1)]);
        first.when(Cond::All(vec![Cond::has(PUSHED), unmet]))
    }

    /// From here on posts pass the gate.
    fn close(&self, execution_id: &str) -> Write {
        let mark = vec![Change::set(PUSHED, true)];
        Write::update(self.gate_key(execution_id), mark).when(Cond::missing(PUSHED))
    }

    fn writes(&self, plan: &Plan<'_>) -> Result<Vec<Write>, StoreError> {
        let mut sums = Sums::default();
        let mut writes = Vec::new();
        for change in &plan.changes {
            let Some(usage) = plan.records.get(change.at) else { continue };
            let changed = Usage { outdone: change.outdone, ..usage.clone() };
            if let Some(was) = plan.known.get(change.at) {
                sums.take(was);
                let side =
                    if change.outdone { Change::set("outdone", true) } else { Change::remove("outdone") };
                writes.push(Write::update(self.record_key(was), vec![side]).when(unchanged(was)));
            } else {
                writes.push(self.put(&changed)?);
            }
            sums.give(&changed);
        }
        let first = plan.changes.first().and_then(|change| plan.records.get(change.at));
        writes.extend(sums.writes(self, first.map_or(0, shard)));
        Ok(writes)
    }
}

/// The records of a push that are not there yet.
fn missing<'k>(records: &[Usage], there: impl Iterator<Item = &'k Usage>) -> Vec<Usage> {
    let mut there: Vec<&Usage> = there.collect();
    // A push that has ended has ended, whatever is pushed of this execution later.
    let whole = there.first().map(|usage| usage.of_push.unwrap_or(0));
    if whole.is_some_and(|whole| u64::try_from(there.len()).is_ok_and(|there| there >= whole)) {
        return Vec::new();
    }
    let same = |one: &Usage, two: &Usage| {
        (&one.node_id, &one.model_id, one.tokens(), one.longest_input_tokens)
            == (&two.node_id, &two.model_id, two.tokens(), two.longest_input_tokens)
    };
    let is_missing = |usage: &&Usage| match there.iter().position(|there| same(there, usage)) {
        Some(at) => {
            there.swap_remove(at);
            false
        }
        None => true,
    };
    records.iter().filter(is_missing).cloned().collect()
}

/// Which records are written next, and on which side.
struct Plan<'k> {
    known: &'k [Usage],
    /// Those that are known, and the new ones after them.
    records: Vec<Usage>,
    /// Whether each is outdone in the end.
    outdone: Vec<bool>,
    changes: Vec<Side>,
    more: bool,
}

#[derive(Clone, Copy)]
struct Side {
    at: usize,
    outdone: bool,
}

impl<'k> Plan<'k> {
    /// `first` when the first of the new ones has to be among what is written.
    fn of(known: &'k [Usage], new: Vec<Usage>, first: bool) -> Self {
        let mut records = known.to_vec();
        records.extend(new);
        let groups = settlement::groups(&records);
        let mut outdone = vec![false; records.len()];
        for at in groups.iter().flat_map(losers) {
            outdone[*at] = true;
        }
        let mut plan = Self { known, records, outdone, changes: Vec::new(), more: false };
        let mut units = plan.units(&groups);
        if first {
            // Its own group goes first.
            units.sort_by_key(|unit| !unit.contains(&known.len()));
        }
        plan.pack(&units, &groups, first);
        plan
    }

    /// What has to be written, in parts that change sides together.
    fn units(&self, groups: &[Group]) -> Vec<Vec<usize>> {
        let changes = |at: &usize| {
            self.known.get(*at).is_none_or(|known| Some(&known.outdone) != self.outdone.get(*at))
        };
        let mut alone = vec![true; self.records.len()];
        let mut units = Vec::new();
        for group in groups {
            let all: Vec<usize> = losers(group).iter().chain(winners(group)).copied().collect();
            for at in &all {
                alone[*at] = false;
            }
            units.push(all.into_iter().filter(changes).collect());
        }
        units.extend((0..alone.len()).filter(|at| alone[*at] && changes(at)).map(|at| vec![at]));
        units.retain(|unit: &Vec<usize>| !unit.is_empty());
        units
    }

    fn pack(&mut self, units: &[Vec<usize>], groups: &[Group], first: bool) {
        let mut sums = Sums::default();
        for unit in units {
            let sides = unit.iter().map(|at| Side { at: *at, outdone: self.outdone[*at] });
            if self.take(&mut sums, &sides.collect::<Vec<_>>()) {
                continue;
            }
            self.more = true;
            let own = self.known.len();
            if !self.changes.is_empty() {
                return;
            }
            if first && unit.contains(&own) {
                // It does not count as long as the other source does.
                let outdone = groups.iter().any(|group| self.counts_against(own, group));
                self.take(&mut sums, &[Side { at: own, outdone }]);
                return;
            }
            // Those that are outdone go first, so that nothing counts twice in between.
            for at in unit {
                if !self.take(&mut sums, &[Side { at: *at, outdone: self.outdone[*at] }]) {
                    return;
                }
            }
        }
    }

    /// Whether a record of the group counts now that is on the other side of this one.
    fn counts_against(&self, own: usize, group: &Group) -> bool {
        let others = match (group.posted.contains(&own), group.pushed.contains(&own)) {
            (true, _) => &group.pushed,
            (_, true) => &group.posted,
            _ => return false,
        };
        others.iter().any(|at| self.known.get(*at).is_some_and(|known| !known.outdone))
    }

    /// Adds changes, all or none: none when they are more than a transaction has room for.
    fn take(&mut self, sums: &mut Sums, sides: &[Side]) -> bool {
        let mut with = sums.clone();
        for side in sides {
            let Some(usage) = self.records.get(side.at) else { continue };
            if let Some(was) = self.known.get(side.at) {
                with.take(was);
            }
            with.give(&Usage { outdone: side.outdone, ..usage.clone() });
        }
        if self.changes.len() + sides.len() + with.len() > ROOM {
            return false;
        }
        self.changes.extend_from_slice(sides);
        *sums = with;
        true
    }
}

fn winners(group: &Group) -> &[usize] {
    if group.pushed_counts { &group.pushed } else { &group.posted }
}

fn losers(group: &Group) -> &[usize] {
    if group.pushed_counts { &group.posted } else { &group.pushed }
}
