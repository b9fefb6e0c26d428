//! Many leads at once.
//!
//! Its one rule: every lead is accounted for. What is written goes in transactions of as many leads as fit; one that stands in the
//! way of others is tried again alone, and an attempt that died under way is taken up where it ended.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, stream};

use crate::{
    domain::{grouping::Grouped, lead::Lead},
    error::Result,
    ids::{EntityId, Id, LeadId, StatusId},
    ops::{
        Warning,
        act::{Act, in_progress},
        again::{Again, Obstacle, Refusable},
        deletion::{Leaving, Waiting},
        happened,
        leads::remembered,
    },
    store::{
        self, Phase, StoreError, Write,
        limits::{TRANSACT_BYTES, TRANSACT_WRITES},
    },
};

/// Transactions under way at once.
const AT_ONCE: usize = 8;
/// Bytes of the leads of one transaction: half of what it may hold, because what they become counts, and not what they
/// were.
const BYTES: usize = TRANSACT_BYTES / 2;

/// What is done to leads.
#[derive(Debug, Clone, Copy)]
pub enum Bulk {
    /// They get this status.
    UpdateStatus(StatusId),
    Delete(Waiting),
}

/// Why nothing was done to a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    NotFound,
    /// It kept changing meanwhile.
    Changed,
    /// What is stored of it cannot be read.
    Unreadable,
    /// The store did not answer.
    Unavailable,
}

/// What became of each lead: none where it is as it was to be.
pub type Ends = HashMap<LeadId, Option<Trouble>>;

/// What became of the leads.
#[derive(Debug)]
pub struct Bulked {
    pub ends: Ends,
    pub warnings: Vec<Warning>,
}

/// Does the same to many leads. `ids` must not repeat one.
pub async fn bulk(act: &Act, what: Bulk, ids: &[LeadId]) -> Result<Bulked> {
    // An earlier request with this key may have died under way; what it did counts as done by this one.
    let earlier = act.begun();
    let operation = earlier.unwrap_or_else(|| act.app.id());
    if earlier.is_none() && !act.begin(operation, Vec::new()).await? {
        return Err(in_progress());
    }
    let grouped = act.app.grouped(act.tenant).await?;
    let run = Run { act, what, operation, grouped, goes_on: earlier.is_some() };
    let (ends, warnings) = run.all(ids).await?;
    let bulked = Bulked { ends, warnings };
    act.commit(Vec::new(), &bulked).await?;
    Ok(bulked)
}

struct Run<'a> {
    act: &'a Act,
    what: Bulk,
    operation: Id,
    grouped: Grouped,
    /// An earlier attempt of the same operation may have done some of it.
    goes_on: bool,
}

/// Leads that are written in one transaction.
#[derive(Default)]
struct Batch {
    ids: Vec<LeadId>,
    writes: Vec<Write>,
    leaving: Vec<Leaving>,
    bytes: usize,
}

/// What is written of one lead.
#[derive(Default)]
struct Change {
    writes: Vec<Write>,
    /// What stays of it where it is deleted.
    leaving: Option<Leaving>,
}

/// How a batch ended; none when its leads are to be tried again, each alone.
struct Written {
    ids: Vec<LeadId>,
    end: Option<Option<Trouble>>,
    warnings: Vec<Warning>,
}

impl Run<'_> {
    async fn all(&self, ids: &[LeadId]) -> Result<(Ends, Vec<Warning>)> {
        let read = self.act.repos().leads().several(ids).await?;
        let leads = read.found;
        let mut ends = Ends::new();
        let mut found: HashSet<LeadId> = leads.iter().map(Lead::id).collect();
        for lead in read.unreadable {
            let id = LeadId::of(lead.id);
            found.insert(id);
            ends.insert(id, Some(Trouble::Unreadable));
        }
        let missing: Vec<LeadId> = ids.iter().copied().filter(|id| !found.contains(id)).collect();
        let done = self.done_before(&missing).await?;
        ends.extend(missing.into_iter().map(|id| (id, (!done.contains(&id)).then_some(Trouble::NotFound))));
        let batches = self.batches(leads, &mut ends)?;
        let written: Vec<_> = batches.into_iter().map(|batch| self.write(batch)).collect();
        let (mut again, mut warnings) = (Vec::new(), Vec::new());
        for batch in at_once(written).await {
            warnings.extend(batch.warnings);
            match batch.end {
                Some(end) => ends.extend(batch.ids.into_iter().map(|id| (id, end))),
                None => again.extend(batch.ids),
            }
        }
        let alone: Vec<_> = again.into_iter().map(|id| self.alone(id)).collect();
        for (id, end, more) in at_once(alone).await {
            ends.insert(id, end);
            warnings.extend(more);
        }
        Ok((ends, warnings))
    }

    /// Those of the missing leads that an earlier attempt of this operation deleted.
    async fn done_before(&self, missing: &[LeadId]) -> Result<HashSet<LeadId>> {
        if !self.goes_on || !matches!(self.what, Bulk::Delete(_)) {
            return Ok(HashSet::new());
        }
        let deleted = self.act.repos().leads().several_deleted(missing).await?;
        let own = deleted.found.into_iter().filter(|deleted| deleted.operation == Some(self.operation));
        Ok(own.map(|deleted| deleted.id).collect())
    }

    /// As many leads in one transaction as fit. Those that need no change are done.
    fn batches(&self, leads: Vec<Lead>, ends: &mut Ends) -> Result<Vec<Batch>> {
        let mut batches = vec![Batch::default()];
        for lead in leads {
            let id = lead.id();
            let Change { writes, leaving } = self.change(&lead)?;
            if writes.is_empty() {
                ends.insert(id, None);
                continue;
            }
            let bytes = writes.iter().map(bytes).sum::<usize>();
            let full = batches.last().is_none_or(|batch| {
                together(&batch.writes) + together(&writes) > TRANSACT_WRITES || batch.bytes + bytes > BYTES
            });
            if full {
                batches.push(Batch::default());
            }
            if let Some(batch) = batches.last_mut() {
                batch.ids.push(id);
                batch.writes.extend(writes);
                batch.leaving.extend(leaving);
                batch.bytes += bytes;
            }
        }
        Ok(batches)
    }

    async fn write(&self, batch: Batch) -> Written {
        let mut warnings = Vec::new();
        let end = match store::apply(&*self.act.app.store, batch.writes).await {
            Ok(()) => {
                for leaving in batch.leaving {
                    leaving.tell::<Lead>(self.act).await;
                    warnings.extend(leaving.warnings);
                }
                Some(None)
            }
            // One lead that was changed meanwhile stands in the way of all.
            Err(error) if is_overtaken(&error) => None,
            Err(error) => Some(Some(unavailable(&error))),
        };
        Written { ids: batch.ids, end, warnings }
    }

    async fn alone(&self, id: LeadId) -> (LeadId, Option<Trouble>, Vec<Warning>) {
        match self.try_alone(id).await {
            Ok(warnings) => (id, None, warnings),
            Err(why) => (id, Some(why), Vec::new()),
        }
    }

    async fn try_alone(&self, id: LeadId) -> Result<Vec<Warning>, Trouble> {
        let mut again = Again::new(&self.act.app, "a lead of many");
        loop {
            let lead = self.act.repos().leads().get(id).await.map_err(|error| unavailable(&error))?;
            let change = self.change(&lead.ok_or(Trouble::NotFound)?).map_err(|error| unavailable(&error))?;
            let refused = match store::apply(&*self.act.app.store, change.writes).await {
                Ok(()) => {
                    let Some(leaving) = change.leaving else { return Ok(Vec::new()) };
                    leaving.tell::<Lead>(self.act).await;
                    return Ok(leaving.warnings);
                }
                Err(error) if is_overtaken(&error) => error,
                Err(error) => return Err(unavailable(&error)),
            };
            again.after(refused).await.map_err(|_| Trouble::Changed)?;
        }
    }

    /// The writes that make of a lead what it is to be; none where it is that already.
    fn change(&self, before: &Lead) -> Result<Change> {
        let (act, leads) = (self.act, self.act.repos().leads().grouped(self.grouped));
        match self.what {
            Bulk::UpdateStatus(to) if before.status_id == to => Ok(Change::default()),
            Bulk::UpdateStatus(to) => {
                let mut after = before.clone();
                after.status_id = to;
                after.subject.touch(act.now);
                let mut writes = leads.replace(before, &after)?;
                writes.extend(happened::updated(act, before, &after)?);
                Ok(Change { writes, leaving: None })
            }
            Bulk::Delete(waiting) => {
                let leaving = waiting.leaving(act, before);
                let deleted = remembered(act, before, Some(self.operation));
                let mut writes = leads.retire(before, &leaving.left, &deleted)?;
                writes.push(happened::deleted(act, before, &leaving.left)?);
                Ok(Change { writes, leaving: Some(leaving) })
            }
        }
    }
}

/// How many of them a transaction holds.
fn together(writes: &[Write]) -> usize {
    writes.iter().filter(|write| write.phase == Phase::With).count()
}

fn bytes(write: &Write) -> usize {
    match &write.action {
        store::Action::Put(attrs) => store::limits::item_bytes(&write.key, attrs),
        _ => 0,
    }
}

async fn at_once<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    stream::iter(all).buffer_unordered(AT_ONCE).collect().await
}

fn is_overtaken(error: &StoreError) -> bool {
    error.obstacle() != Obstacle::Other
}

fn unavailable(error: &impl std::fmt::Display) -> Trouble {
    tracing::warn!(%error, "leads of a bulk operation could not be written");
    Trouble::Unavailable
}
