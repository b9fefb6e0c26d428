//! Posts and pushes of one execution that meet.
//!
//! Its one rule: whoever comes second reads what is there, decides with [`settlement`] which of the two counts, and writes
//! under the condition that nothing else came in between.

use super::{LATE, PUSHED, RECORDS, SHARDS, UsageLog, shard, sums::Sums, unchanged};
use crate::{
    domain::{
        settlement,
        usage::{Source, Usage},
    },
    store::{Change, Cond, StoreError, Write, limits::TRANSACT_WRITES},
};

/// Writes that may stand beside those of records and sums: the ledger's, the workflow, a look at the budgets, the reply that
/// an `Idempotency-Key` repeats.
const BESIDE: usize = 16;

impl UsageLog<'_> {
    /// The writes of a record that is posted after a push of its execution was metered. They refuse when the execution was
    /// not metered, or when another such record was quicker.
    pub async fn post_late(&self, usage: &Usage) -> Result<Vec<Write>, StoreError> {
        let known = self.of_execution(&usage.execution_id).await?;
        let before = known.iter().filter(|known| known.late).count();
        let own = shard(usage);
        let unmet = if before == 0 { Cond::missing(LATE) } else { Cond::eq(LATE, before) };
        let mut first = vec![Change::add(LATE, 1)];
        let mut writes = Vec::new();
        if own == 0 {
            first.push(Change::add(RECORDS, 1));
        } else {
            writes.push(Write::update(
                self.ledger_key(&usage.execution_id, own),
                vec![Change::add(RECORDS, 1)],
            ));
        }
        let lock = Cond::All(vec![Cond::has(PUSHED), unmet]);
        writes.push(Write::update(self.ledger_key(&usage.execution_id, 0), first).when(lock));
        let mut usage = usage.clone();
        usage.late = true;
        writes.extend(self.settled(&known, vec![usage])?.0);
        Ok(writes)
    }

    /// The writes that meter an execution of which records were posted before; and how many of the metered ones count.
    /// They refuse when it was metered before, or when something was posted in between.
    pub async fn push_late(
        &self,
        execution_id: &str,
        records: &[Usage],
    ) -> Result<(Vec<Write>, usize), StoreError> {
        let known = self.of_execution(execution_id).await?;
        let posted = |of: u64| {
            known.iter().filter(|usage| usage.source == Source::Posted && shard(usage) == of).count()
        };
        let mut writes = Vec::new();
        for shard in 0..SHARDS {
            let unmet = match posted(shard) {
                0 => Cond::missing(RECORDS),
                count => Cond::eq(RECORDS, count),
            };
            let mark = vec![Change::set(PUSHED, true)];
            let unmetered = Cond::All(vec![Cond::missing(PUSHED), unmet]);
            writes.push(Write::update(self.ledger_key(execution_id, shard), mark).when(unmetered));
        }
        let (settled, counted) = self.settled(&known, records.to_vec())?;
        writes.extend(settled);
        Ok((writes, counted))
    }

    /// The writes that add records beside those that are known and let each of them count or not, and how many of the new
    /// ones do. Where more of them change sides than a transaction holds, what is known stays as it is.
    fn settled(&self, known: &[Usage], new: Vec<Usage>) -> Result<(Vec<Write>, usize), StoreError> {
        let mut records = known.to_vec();
        records.extend(new);
        for group in settlement::groups(&records) {
            for (positions, outdone) in
                [(group.posted, group.pushed_counts), (group.pushed, !group.pushed_counts)]
            {
                for at in positions {
                    if let Some(usage) = records.get_mut(at) {
                        usage.outdone = outdone;
                    }
                }
            }
        }
        let mut writes = self.stored(known, &records)?;
        if writes.len() > TRANSACT_WRITES - BESIDE {
            keep_sides(known, &mut records);
            writes = self.stored(known, &records)?;
        }
        let counted = records.iter().skip(known.len()).filter(|usage| !usage.outdone).count();
        Ok((writes, counted))
    }

    /// The writes with which `records` are stored, of which the first are `known` and may have changed sides.
    fn stored(&self, known: &[Usage], records: &[Usage]) -> Result<Vec<Write>, StoreError> {
        let mut sums = Sums::default();
        let mut writes = Vec::new();
        for (now, was) in records.iter().zip(known).filter(|(now, was)| now.outdone != was.outdone) {
            sums.take(was);
            sums.give(now);
            let change = if now.outdone { Change::set("outdone", true) } else { Change::remove("outdone") };
            writes.push(Write::update(self.record_key(was), vec![change]).when(unchanged(was)));
        }
        let new = records.get(known.len()..).unwrap_or_default();
        for usage in new {
            sums.give(usage);
            writes.push(self.put(usage)?);
        }
        writes.extend(sums.writes(self, new.first().map_or(0, shard)));
        Ok(writes)
    }
}

/// Leaves those that are known as they are. What is pushed does not count where something was posted, and what is posted
/// does not where something pushed counts.
fn keep_sides(known: &[Usage], records: &mut [Usage]) {
    let pushed = known.iter().any(|usage| usage.source == Source::Pushed && !usage.outdone);
    for (at, usage) in records.iter_mut().enumerate() {
        usage.outdone = match known.get(at) {
            Some(known) => known.outdone,
            None => usage.source == Source::Pushed || pushed,
        };
    }
}
