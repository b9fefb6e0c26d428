//! Token usage: records and the sums that the same transaction keeps.
//!
//! "What did this workflow cost?" → one partition of sums per model and client group, read whole: its size grows with the number of
//! models, never with the number of records. "Between these days?" → sums per day, model and client group. "This execution?" → its
//! records. "The newest records?" → index `gsi1`. "What did the organization spend?" → sums per day and client group.
//! "Which models had no price?" → a sum of their own. Every sum is spread over a few shards, because n8n posts the items of
//! one execution all at once and DynamoDB cancels transactions that meet on one item.
//!
//! The ledger says of an execution number whether pushed data were metered. Until they are, a post writes without a look; from then
//! on posts and pushes are compared (`late`).

mod late;
mod sums;

use std::collections::BTreeMap;

pub use late::Step;
use sums::Sums;
pub use sums::{Spending, Unpriced, UnpricedModel};

use crate::{
    domain::{
        reach::Reach,
        usage::{Totals, Usage},
    },
    ids::{GroupId, Id},
    repo::listing::{self, Listed, Row},
    store::{
        Attrs, Change, Cond, Index, Item, Key, Label, Position, Query, SortValue, Store, StoreError, Write,
        attr, encode, segment,
    },
    tenant::TenantId,
};

/// Shards of every sum.
const SHARDS: u64 = 8;
/// Attribute of a ledger shard: this execution was metered from pushed data.
const PUSHED: &str = "pushed";
/// How many records were posted before the first push.
const RECORDS: &str = "records";
/// How often the execution was settled since its first push; kept on the first shard, where all who settle it wait for each
/// other.
const LATE: &str = "late";

/// Label of the ledger in [`UsageLog::post`]'s writes.
pub const LEDGER: Label = "usage-ledger";

/// The token usage of one tenant and workflow.
#[derive(Clone, Copy)]
pub struct UsageLog<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
    pub workflow_id: &'a str,
    /// Lists and sums show the records of these client groups.
    pub reach: &'a Reach,
}

/// Sums of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTotals {
    pub model_id: String,
    pub totals: Totals,
}

/// What a list of records asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub execution_id: Option<String>,
    pub model_id: Option<String>,
}

impl UsageLog<'_> {
    /// The writes of one posted record. The one called [`LEDGER`] refuses when the execution was metered from a push.
    pub fn post(&self, usage: &Usage) -> Result<Vec<Write>, StoreError> {
        let shard = shard(usage);
        let ledger =
            Write::update(self.ledger_key(&usage.execution_id, shard), vec![Change::add(RECORDS, 1)]);
        let mut writes = vec![self.put(usage)?, ledger.when(Cond::missing(PUSHED)).labelled(LEDGER)];
        writes.extend(Sums::of(std::slice::from_ref(usage)).writes(self, shard));
        Ok(writes)
    }

    /// The writes that meter an execution from pushed data; they refuse when it was metered before, or posted. They may be
    /// more than a transaction holds.
    pub fn push(&self, execution_id: &str, records: &[Usage]) -> Result<Vec<Write>, StoreError> {
        let mut writes: Vec<Write> = (0..SHARDS)
            .map(|shard| {
                let unmetered = Cond::All(vec![Cond::missing(RECORDS), Cond::missing(PUSHED)]);
                Write::update(self.ledger_key(execution_id, shard), vec![Change::set(PUSHED, true)])
                    .when(unmetered)
            })
            .collect();
        for usage in records {
            writes.push(self.put(usage)?);
        }
        let shard = records.first().map_or(0, shard);
        writes.extend(Sums::of(records).writes(self, shard));
        Ok(writes)
    }

    /// Every record of an execution, posted and pushed, those that do not count too.
    pub async fn of_execution(&self, execution_id: &str) -> Result<Vec<Usage>, StoreError> {
        let mut query = Query::table(self.record_partition()).prefix(record_prefix(execution_id)).limit(1000);
        let mut records = Vec::new();
        loop {
            let page = self.store.query(&query).await?;
            for item in &page.items {
                records.push(item.decode()?);
            }
            if page.next.is_none() {
                return Ok(records);
            }
            query.after = page.next;
        }
    }

    /// Sums per model of one execution.
    pub async fn execution_totals(&self, execution_id: &str) -> Result<Vec<ModelTotals>, StoreError> {
        let mut models: BTreeMap<String, Totals> = BTreeMap::new();
        for usage in self.of_execution(execution_id).await?.iter().filter(|usage| self.shows(usage.group_id))
        {
            let sum = models.entry(usage.model_id.clone()).or_default();
            *sum = sum.plus(Totals::of(usage));
        }
        Ok(sums::listed(models))
    }

    /// A record of no installation is the whole organization's, and so nobody's who is bound.
    fn shows(&self, group: Option<GroupId>) -> bool {
        self.reach.is_all() || group.is_some_and(|group| self.reach.covers(group))
    }

    /// The newest records below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Usage>, StoreError> {
        let mut query = Query::on(Index::Gsi1, self.newest_partition()).newest_first();
        if let Some(before) = before {
            let Some(below) = before.get().checked_sub(1).and_then(Id::from_u64) else {
                return Ok(Listed::default());
            };
            query = query.between(SortValue::S("0".into()), SortValue::S(below.sortable()));
        }
        let wanted = |usage: &Usage| {
            self.shows(usage.group_id)
                && filter.execution_id.as_ref().is_none_or(|wanted| *wanted == usage.execution_id)
                && filter.model_id.as_ref().is_none_or(|wanted| *wanted == usage.model_id)
        };
        // What cannot be read is anybody's.
        let wanted = |row: &Row<Usage>, _: &Item| row.as_ref().map_or(self.reach.is_all(), &wanted);
        listing::collect_rows(self.store, query, limit, |usage: &Usage| usage.id.untyped(), wanted).await
    }

    /// One page of all records of the workflow, in the order of their executions; `after` is where the last page ended.
    pub async fn page(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Usage>, Option<String>), StoreError> {
        let partition = self.record_partition();
        let after = after
            .map(|sort| Position { key: Key::of(self.tenant, &self.records(), sort.to_owned()), sort: None });
        let page = self.store.query(&Query::table(partition).limit(limit).after(after)).await?;
        let records = page.items.iter().map(Item::decode).collect::<Result<_, _>>()?;
        Ok((records, page.next.map(|position| position.key.sk().to_owned())))
    }

    /// The writes that replace the prices of records. They refuse when one was changed meanwhile.
    pub fn reprice(&self, changes: &[(Usage, Usage)]) -> Vec<Write> {
        let mut writes: Vec<Write> = changes
            .iter()
            .map(|(before, after)| {
                let priced = vec![
                    Change::set("input_pico", after.input_pico),
                    Change::set("output_pico", after.output_pico),
                    Change::set("model_found", after.model_found),
                    Change::set("model_label", after.model_label.clone()),
                    Change::set("price_version", after.price_version.clone()),
                ];
                Write::update(self.record_key(before), priced).when(unchanged(before))
            })
            .collect();
        let shard = changes.first().map_or(0, |(before, _)| shard(before));
        let mut sums = Sums::default();
        for (before, after) in changes {
            sums.take(before);
            sums.give(after);
        }
        writes.extend(sums.writes(self, shard));
        writes
    }

    fn put(&self, usage: &Usage) -> Result<Write, StoreError> {
        let mut attrs: Attrs = encode(usage)?;
        attrs.insert(attr::GSI1_PK.into(), self.newest_partition().into());
        attrs.insert(attr::GSI1_SK.into(), usage.id.sortable().into());
        Ok(Write::put(self.record_key(usage), attrs).when(Cond::Absent))
    }

    fn records(&self) -> String {
        format!("usage#{}", segment(self.workflow_id))
    }

    fn record_key(&self, usage: &Usage) -> Key {
        let sort = format!("{}{}", record_prefix(&usage.execution_id), usage.id.sortable());
        Key::of(self.tenant, &self.records(), sort)
    }

    fn record_partition(&self) -> String {
        Key::partition(self.tenant, &self.records())
    }

    fn newest_partition(&self) -> String {
        Key::partition(self.tenant, &format!("usage-newest#{}", segment(self.workflow_id)))
    }

    fn ledger_key(&self, execution_id: &str, shard: u64) -> Key {
        let partition = format!("usage-ledger#{}#{}", segment(self.workflow_id), segment(execution_id));
        Key::of(self.tenant, &partition, shard.to_string())
    }
}

/// The shard of the sums that a record is added to.
pub fn shard(usage: &Usage) -> u64 {
    usage.id.get() % SHARDS
}

fn record_prefix(execution_id: &str) -> String {
    format!("{}#", segment(execution_id))
}

/// A record still adds to its sums what it added when it was read.
fn unchanged(usage: &Usage) -> Cond {
    let counts = if usage.outdone { Cond::has("outdone") } else { Cond::missing("outdone") };
    Cond::All(vec![
        Cond::eq("input_pico", usage.input_pico),
        Cond::eq("output_pico", usage.output_pico),
        Cond::eq("model_found", usage.model_found),
        counts,
    ])
}

/// The workflows of a tenant that used tokens, whichever installation they belong to, if to any.
#[derive(Clone, Copy)]
pub struct UsageWorkflows<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl UsageWorkflows<'_> {
    /// Notes a workflow; again and again is the same as once.
    pub fn note(&self, usage: &Usage) -> Write {
        let key = Key::of(
            self.tenant,
            "usage-workflow",
            format!("{}#{}", segment(&usage.workflow_id), shard(usage)),
        );
        Write::update(key, vec![Change::set("workflow_id", usage.workflow_id.clone())])
    }

    /// The first workflow behind `after`.
    pub async fn next(&self, after: Option<&str>) -> Result<Option<String>, StoreError> {
        let partition = Key::partition(self.tenant, "usage-workflow");
        let mut query = Query::table(partition).limit(1);
        if let Some(after) = after {
            // '$' follows '#': behind every shard of the workflow.
            let low = SortValue::S(format!("{}$", segment(after)));
            query = query.between(low, SortValue::S("\u{10FFFF}".into()));
        }
        let page = self.store.query(&query).await?;
        let Some(item) = page.items.first() else { return Ok(None) };
        Ok(Some(item.decode::<UsedBy>()?.workflow_id))
    }
}

#[derive(serde::Deserialize)]
struct UsedBy {
    workflow_id: String,
}
