use std::collections::{HashMap, HashSet};

use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::{lead::Lead, lead_setup::LeadSetup},
    error::Result,
    http::{
        ctx::{self, Ctx, HeldKey},
        deletion::{DeleteQuery, Leaving, Waiting},
        fields::{self, Fields, code},
        input::{Asked, Field, InQuery, Text, Word, Words, describe},
        reply::{Reply, Warning},
    },
    ids::Id,
    json::{Json, Kind, Part},
    store::{
        self, StoreError, Write,
        limits::{TRANSACT_BYTES, TRANSACT_WRITES},
    },
};
use utoipa::ToSchema;

use crate::{ATTEMPTS, input};

/// Ids of one request.
const MOST: usize = 500;
/// Characters of what was sent as an id, in a reply that is shortened. Every rendering of an id is shorter.
const SHOWN: usize = 40;
/// Transactions under way at once.
const AT_ONCE: usize = 8;
/// Bytes of the leads of one transaction: half of what it may hold, because what they become counts, and not what they
/// were.
const BYTES: usize = TRANSACT_BYTES / 2;

shared::input! {
    /// What to do with which leads.
    pub struct BulkRequest {
        /// `update_status` or `delete`.
        #[example("update_status")]
        action: Word<Wish>,
        /// Up to 500 leads.
        #[example([101, 102, 103])]
        ids: SentIds,
        /// Label or id of the status that they get.
        #[example("Qualified")]
        status: Option<Text<200>>,
    }
    then(fields, setup: &LeadSetup) {
        todo: Action = {
            let to = input::status_id(fields, setup, status.as_deref());
            if action == Some(Wish::UpdateStatus) && to.is_none() && !fields.is_refused("status") {
                fields.refuse_as("status", code::REQUIRED, "is required for update_status");
            }
            match action? {
                Wish::UpdateStatus => Action::UpdateStatus(to?),
                Wish::Delete => Action::Delete,
            }
        },
    }
}

/// What became of each lead.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    success: bool,
    #[schema(example = "update_status")]
    action: &'static str,
    /// How many leads are now as they were to be. One that was named twice counts once.
    #[schema(example = 3)]
    affected: usize,
    /// Every other id, with the reason.
    failed: Vec<Failure>,
    /// What else to know, lead by lead; absent when there is nothing. `execution_waits`: nobody has decided on a lead that was
    /// deleted, and n8n waits on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// An id to which nothing was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// As it was sent, a number or text.
    #[schema(value_type = Value, example = 104)]
    id: Json,
    #[schema(example = "not found")]
    error: &'static str,
}

const NOT_FOUND: &str = "not found";
const CHANGED: &str = "it kept changing meanwhile: send it again";
const UNREADABLE: &str = "what is stored of it cannot be read";
const UNAVAILABLE: &str = "the store did not answer: send it again";

/// Changes the status of many leads, or deletes them. Every id is accounted for: what is not in `failed` was done.
///
/// Where the reply is longer than 256 KB, because what was sent as ids is long, a repeat with the same `Idempotency-Key` shows
/// the first 40 characters of each.
#[utoipa::path(post, path = "/api/leads/bulk", operation_id = "change_leads", tag = "leads", params(DeleteQuery),
    request_body = BulkRequest, responses((status = 200, description = "Done, as far as it could be.", body = BulkResult)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<DeleteQuery>, fields: Fields) -> Result<Reply> {
    let waiting = query.decide;
    let setup = ctx.lead_setups().load().await?;
    let BulkRequest { ids: sent, todo: action, .. } = BulkRequest::read(fields, &setup)?;
    // An earlier request with this key may have died under way; what it did counts as done by this one.
    let earlier = ctx.held_key().and_then(HeldKey::begun);
    let operation = earlier.unwrap_or_else(|| ctx.app.id());
    if earlier.is_none() && !ctx.begin(operation, Vec::new()).await? {
        return Err(ctx::in_progress());
    }
    let bulk = Bulk { ctx: &ctx, action, waiting, operation, goes_on: earlier.is_some() };
    let ids: Vec<Id> = distinct(&sent).collect();
    let (ends, warnings) = bulk.run(&ids).await?;
    let mut failed = Vec::new();
    let mut told = HashSet::new();
    for (value, id) in sent {
        let error = match id {
            None => Some(NOT_FOUND),
            Some(id) if told.insert(id) => ends.get(&id).copied().unwrap_or(Some(NOT_FOUND)),
            Some(_) => None,
        };
        failed.extend(error.map(|error| Failure { id: value, error }));
    }
    let affected = ends.values().filter(|end| end.is_none()).count();
    let result = BulkResult { success: true, action: action.as_str(), affected, failed, warnings };
    let reply = Reply::ok(&result)?;
    let reply = if reply.is_long() { reply.shortened_to(&shortened(result))? } else { reply };
    Ok(ctx.commit(Vec::new(), reply).await?)
}

/// The result with the beginnings of what was sent as ids: five hundred of them always fit.
fn shortened(mut result: BulkResult) -> BulkResult {
    for failure in &mut result.failed {
        let part = failure.id.part();
        let text = match part.kind() {
            Kind::Text(text) => text,
            _ => part.as_str().into(),
        };
        if let Some((end, _)) = text.char_indices().nth(SHOWN) {
            failure.id = Json::of_text(text.get(..end).unwrap_or_default());
        }
    }
    let message = format!("Ids are cut to {SHOWN} characters: the first reply was too long to be repeated.");
    result.warnings.push(Warning { code: "ids_cut", message });
    result
}

fn distinct(sent: &[SentId]) -> impl Iterator<Item = Id> {
    let mut seen = HashSet::new();
    sent.iter().filter_map(|(_, id)| *id).filter(move |id| seen.insert(*id))
}

#[derive(Debug, Clone, Copy)]
enum Action {
    UpdateStatus(Id),
    Delete,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::UpdateStatus(_) => "update_status",
            Self::Delete => "delete",
        }
    }
}

/// An id as it was sent, and what it names. What cannot be an id is an id of nothing.
type SentId = (Json, Option<Id>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    UpdateStatus,
    Delete,
}

impl Words for Wish {
    type Value = Self;

    const WORDS: &'static [&'static str] = &["update_status", "delete"];

    fn parse(word: &str) -> Option<Self> {
        match word {
            "update_status" => Some(Self::UpdateStatus),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }
}

/// Ids as they were sent.
struct SentIds;

impl Field for SentIds {
    type Value = Vec<SentId>;

    fn read(fields: &mut Fields, name: &str) -> Option<Vec<SentId>> {
        let sent = fields.json(name)?;
        let names_one = |part: Part<'_>| matches!(part.kind(), Kind::Number(_) | Kind::Text(_));
        let problem = match sent.part().kind() {
            Kind::List(all) if all.clone().next().is_none() => "is required",
            Kind::List(all) if all.clone().nth(MOST).is_some() => "must have at most 500 ids",
            Kind::List(all) if all.clone().all(names_one) => {
                return Some(all.map(|part| (Json::from(part), fields::id(part))).collect());
            }
            _ => "must be an array of ids",
        };
        fields.refuse(name, problem);
        None
    }

    fn schema(asked: Asked) -> Value {
        describe::list(asked, Id::schema(asked.item()), 1, MOST)
    }
}

/// Why nothing was done to a lead; none when it is as it was to be.
type End = Option<&'static str>;

struct Bulk<'a> {
    ctx: &'a Ctx,
    action: Action,
    waiting: Waiting,
    operation: Id,
    /// An earlier attempt of the same operation may have done some of it.
    goes_on: bool,
}

/// Leads that are written in one transaction.
#[derive(Default)]
struct Batch {
    ids: Vec<Id>,
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
    ids: Vec<Id>,
    end: Option<End>,
    warnings: Vec<Warning>,
}

impl Bulk<'_> {
    async fn run(&self, ids: &[Id]) -> Result<(HashMap<Id, End>, Vec<Warning>)> {
        let read = self.ctx.leads().several(ids).await?;
        let leads = read.found;
        let mut ends = HashMap::new();
        let mut found: HashSet<Id> = leads.iter().map(|lead| lead.subject.id).collect();
        for lead in read.unreadable {
            found.insert(lead.id);
            ends.insert(lead.id, Some(UNREADABLE));
        }
        let missing: Vec<Id> = ids.iter().copied().filter(|id| !found.contains(id)).collect();
        let done = self.done_before(&missing).await?;
        ends.extend(missing.into_iter().map(|id| (id, (!done.contains(&id)).then_some(NOT_FOUND))));
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
    async fn done_before(&self, missing: &[Id]) -> Result<HashSet<Id>> {
        if !self.goes_on || !matches!(self.action, Action::Delete) {
            return Ok(HashSet::new());
        }
        let deleted = self.ctx.leads().several_deleted(missing).await?;
        let own = deleted.found.into_iter().filter(|deleted| deleted.operation == Some(self.operation));
        Ok(own.map(|deleted| deleted.lead.subject.id).collect())
    }

    /// As many leads in one transaction as fit. Those that need no change are done.
    fn batches(&self, leads: Vec<Lead>, ends: &mut HashMap<Id, End>) -> Result<Vec<Batch>> {
        let mut batches = vec![Batch::default()];
        for lead in leads {
            let id = lead.subject.id;
            let Change { writes, leaving } = self.change(&lead)?;
            if writes.is_empty() {
                ends.insert(id, None);
                continue;
            }
            let bytes = writes.iter().map(bytes).sum::<usize>();
            let full = batches.last().is_none_or(|batch| {
                batch.writes.len() + writes.len() > TRANSACT_WRITES || batch.bytes + bytes > BYTES
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
        let end = match store::apply(&*self.ctx.app.store, batch.writes).await {
            Ok(()) => {
                for leaving in batch.leaving {
                    leaving.tell::<Lead>(self.ctx).await;
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

    async fn alone(&self, id: Id) -> (Id, End, Vec<Warning>) {
        match self.try_alone(id).await {
            Ok(warnings) => (id, None, warnings),
            Err(why) => (id, Some(why), Vec::new()),
        }
    }

    async fn try_alone(&self, id: Id) -> Result<Vec<Warning>, &'static str> {
        for _ in 0..ATTEMPTS {
            let lead = self.ctx.leads().get(id).await.map_err(|error| unavailable(&error))?;
            let change = self.change(&lead.ok_or(NOT_FOUND)?).map_err(|error| unavailable(&error))?;
            match store::apply(&*self.ctx.app.store, change.writes).await {
                Ok(()) => {
                    let Some(leaving) = change.leaving else { return Ok(Vec::new()) };
                    leaving.tell::<Lead>(self.ctx).await;
                    return Ok(leaving.warnings);
                }
                Err(error) if is_overtaken(&error) => {}
                Err(error) => return Err(unavailable(&error)),
            }
        }
        Err(CHANGED)
    }

    /// The writes that make of a lead what it is to be; none where it is that already.
    fn change(&self, before: &Lead) -> Result<Change, StoreError> {
        let (ctx, leads) = (self.ctx, self.ctx.leads());
        match self.action {
            Action::UpdateStatus(to) if before.status_id == to => Ok(Change::default()),
            Action::UpdateStatus(to) => {
                let mut after = before.clone();
                after.status_id = to;
                after.subject.touch(ctx.now);
                Ok(Change { writes: leads.replace(before, &after)?, leaving: None })
            }
            Action::Delete => {
                let leaving = self.waiting.leaving(ctx, before);
                let by = Some(self.operation);
                let writes = leads.retire(before, &leaving.left, ctx.actor(), ctx.now, by)?;
                Ok(Change { writes, leaving: Some(leaving) })
            }
        }
    }
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
    matches!(error, StoreError::Canceled(_) | StoreError::ConditionFailed(_) | StoreError::Conflict)
}

fn unavailable(error: &StoreError) -> &'static str {
    tracing::warn!(%error, "leads of a bulk operation could not be written");
    UNAVAILABLE
}
