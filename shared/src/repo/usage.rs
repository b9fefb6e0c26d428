//! Token usage: records and the sums that the same transaction keeps.
//!
//! "What did this workflow cost?" → one partition of sums per model, read whole: its size grows with the number of
//! models, never with the number of records. "Between these days?" → sums per day and model. "This execution?" → its
//! ledger. Every sum is spread over a few shards, because n8n posts the items of one execution all at once and DynamoDB
//! cancels transactions that meet on one item.
//!
//! The ledger also keeps posted and pushed usage of one execution apart: either can be written only where the other is
//! not, in the same transaction as the record.

use std::collections::BTreeMap;

use crate::{
    clock::{self, Millis},
    domain::usage::{Source, Totals, Usage},
    store::{Change, Cond, Item, Key, Query, SortValue, Store, StoreError, Write, encode, segment},
    tenant::TenantId,
};

/// Shards of every sum.
const SHARDS: u64 = 8;
/// Attribute of a ledger shard: this execution was metered from pushed data.
const PUSHED: &str = "pushed";
const RECORDS: &str = "records";

/// Position of the ledger in [`UsageLog::post`]'s writes.
pub const LEDGER: usize = 1;

/// The token usage of one tenant and workflow.
#[derive(Clone, Copy)]
pub struct UsageLog<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
    pub workflow_id: &'a str,
}

/// Sums of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTotals {
    pub model_id: String,
    pub totals: Totals,
}

impl UsageLog<'_> {
    /// The writes of one posted record. The one at [`LEDGER`] refuses when the execution was metered from a push.
    pub fn post(&self, usage: &Usage) -> Result<Vec<Write>, StoreError> {
        let shard = usage.id.get() % SHARDS;
        let ledger = Write::update(self.ledger_key(&usage.execution_id, shard), add(Totals::of(usage)));
        let mut writes = vec![self.put(usage)?, ledger.when(Cond::missing(PUSHED))];
        let mut sums = Sums::default();
        self.sum(&mut sums, std::slice::from_ref(usage), |totals| totals);
        writes.extend(self.add_sums(sums));
        Ok(writes)
    }

    /// The writes that meter an execution from pushed data; all refuse when it was metered before, either way.
    /// The records of one call share execution and day; at most one per model and node, 30 in all, so that the
    /// transaction stays within 100 writes.
    pub fn push(&self, execution_id: &str, records: &[Usage]) -> Result<Vec<Write>, StoreError> {
        let mut writes = Vec::new();
        for shard in 0..SHARDS {
            let unmetered = Cond::All(vec![Cond::missing(RECORDS), Cond::missing(PUSHED)]);
            let mark = vec![Change::set(PUSHED, true)];
            writes.push(Write::update(self.ledger_key(execution_id, shard), mark).when(unmetered));
        }
        for usage in records {
            writes.push(self.put(usage)?);
        }
        let mut sums = Sums::default();
        self.sum(&mut sums, records, |totals| totals);
        writes.extend(self.add_sums(sums));
        Ok(writes)
    }

    /// The writes of one posted record in place of what a push metered of its execution. They refuse when nothing is
    /// there to be replaced any more.
    pub async fn post_instead(&self, usage: &Usage) -> Result<Vec<Write>, StoreError> {
        let own = usage.id.get() % SHARDS;
        let mut writes: Vec<_> = (0..SHARDS)
            .map(|shard| {
                let mut changes = vec![Change::remove(PUSHED)];
                if shard == own {
                    changes.extend(add(Totals::of(usage)));
                }
                Write::update(self.ledger_key(&usage.execution_id, shard), changes).when(Cond::has(PUSHED))
            })
            .collect();
        let page = self
            .store
            .query(&Query::table(self.record_partition()).prefix(record_prefix(&usage.execution_id)))
            .await?;
        let records: Vec<Usage> = page.items.iter().map(Item::decode).collect::<Result<_, _>>()?;
        let pushed: Vec<Usage> = records.into_iter().filter(|usage| usage.source == Source::Pushed).collect();
        writes.push(self.put(usage)?);
        writes.extend(pushed.iter().map(|usage| Write::delete(self.record_key(usage)).when(Cond::Exists)));
        let mut sums = Sums::default();
        self.sum(&mut sums, &pushed, Totals::negated);
        self.sum(&mut sums, std::slice::from_ref(usage), |totals| totals);
        writes.extend(self.add_sums(sums));
        Ok(writes)
    }

    /// Adds records to the sums that they belong to. All go to the shard of the first, so that few items are touched.
    fn sum(&self, sums: &mut Sums, records: &[Usage], sign: fn(Totals) -> Totals) {
        let shard = records.first().map_or(0, |usage| usage.id.get() % SHARDS);
        for usage in records {
            let (model, totals) = (&usage.model_id, sign(Totals::of(usage)));
            for key in [self.day_key(usage.recorded_at, model, shard), self.model_key(model, shard)] {
                let (_, sum) = sums.entry(key).or_insert_with(|| (model.clone(), Totals::default()));
                *sum = sum.plus(totals);
            }
        }
    }

    /// One update per sum: a transaction may touch an item only once.
    fn add_sums(&self, sums: Sums) -> impl Iterator<Item = Write> {
        sums.into_iter().map(|(key, (model, totals))| {
            let mut changes = add(totals);
            changes.push(Change::set("model_id", model));
            Write::update(key, changes)
        })
    }

    /// Sums per model over all time.
    pub async fn totals(&self) -> Result<Vec<ModelTotals>, StoreError> {
        self.sum_up(Query::table(Key::partition(
            self.tenant,
            &format!("usage-model#{}", segment(self.workflow_id)),
        )))
        .await
    }

    /// Sums per model over whole days (UTC), both included.
    pub async fn totals_between(&self, from: Millis, to: Millis) -> Result<Vec<ModelTotals>, StoreError> {
        let partition = Key::partition(self.tenant, &format!("usage-day#{}", segment(self.workflow_id)));
        // '~' sorts after every character of a model's segment that follows the day.
        let range = (SortValue::S(day(from)), SortValue::S(format!("{}~", day(to))));
        self.sum_up(Query::table(partition).between(range.0, range.1)).await
    }

    /// Sums per model of one execution, posted or pushed.
    pub async fn execution_totals(&self, execution_id: &str) -> Result<Vec<ModelTotals>, StoreError> {
        let mut query = Query::table(self.record_partition()).prefix(record_prefix(execution_id)).limit(1000);
        let mut models: BTreeMap<String, Totals> = BTreeMap::new();
        loop {
            let page = self.store.query(&query).await?;
            for item in &page.items {
                let usage: Usage = item.decode()?;
                let sum = models.entry(usage.model_id.clone()).or_default();
                *sum = sum.plus(Totals::of(&usage));
            }
            if page.next.is_none() {
                return Ok(listed(models));
            }
            query.after = page.next;
        }
    }

    async fn sum_up(&self, mut query: Query) -> Result<Vec<ModelTotals>, StoreError> {
        let mut models: BTreeMap<String, Totals> = BTreeMap::new();
        query.limit = 1000;
        loop {
            let page = self.store.query(&query).await?;
            for item in &page.items {
                let shard: Shard = item.decode()?;
                let sum = models.entry(shard.model_id).or_default();
                *sum = sum.plus(shard.totals);
            }
            if page.next.is_none() {
                break;
            }
            query.after = page.next;
        }
        Ok(listed(models))
    }

    fn put(&self, usage: &Usage) -> Result<Write, StoreError> {
        Ok(Write::put(self.record_key(usage), encode(usage)?).when(Cond::Absent))
    }

    fn record_key(&self, usage: &Usage) -> Key {
        let sort = format!("{}{}", record_prefix(&usage.execution_id), usage.id.sortable());
        Key::of(self.tenant, &format!("usage#{}", segment(self.workflow_id)), sort)
    }

    fn record_partition(&self) -> String {
        Key::partition(self.tenant, &format!("usage#{}", segment(self.workflow_id)))
    }

    fn ledger_key(&self, execution_id: &str, shard: u64) -> Key {
        let partition = format!("usage-ledger#{}#{}", segment(self.workflow_id), segment(execution_id));
        Key::of(self.tenant, &partition, shard.to_string())
    }

    fn model_key(&self, model: &str, shard: u64) -> Key {
        Key::of(
            self.tenant,
            &format!("usage-model#{}", segment(self.workflow_id)),
            format!("{}#{shard}", segment(model)),
        )
    }

    fn day_key(&self, at: Millis, model: &str, shard: u64) -> Key {
        let sort = format!("{}#{}#{shard}", day(at), segment(model));
        Key::of(self.tenant, &format!("usage-day#{}", segment(self.workflow_id)), sort)
    }
}

/// What is to be added to which sum, and whose model it is.
type Sums = BTreeMap<Key, (String, Totals)>;

/// A model whose records were all taken back is not listed.
fn listed(models: BTreeMap<String, Totals>) -> Vec<ModelTotals> {
    let models = models.into_iter().map(|(model_id, totals)| ModelTotals { model_id, totals });
    models.filter(|model| model.totals != Totals::default()).collect()
}

#[derive(serde::Deserialize)]
struct Shard {
    model_id: String,
    #[serde(flatten)]
    totals: Totals,
}

fn record_prefix(execution_id: &str) -> String {
    format!("{}#", segment(execution_id))
}

/// `YYYY-MM-DD` in UTC.
fn day(at: Millis) -> String {
    clock::iso(at).chars().take(10).collect()
}

fn add(totals: Totals) -> Vec<Change> {
    vec![
        Change::add(RECORDS, totals.records),
        Change::add("input_tokens", totals.input_tokens),
        Change::add("output_tokens", totals.output_tokens),
        Change::add("pico", totals.pico),
    ]
}
