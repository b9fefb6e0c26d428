//! Token usage: records, and the sums of their days that the same transaction keeps.
//!
//! "What did this workflow cost, ever or between these days?" → one partition of sums per day, model and client group: its size
//! grows with days and models, never with the number of records. "This execution?" → its records. "The newest records?" → index
//! `gsi1`. "What did the organization spend?" → the days of its workflows, side by side. "Which models had no price?" → a sum of
//! their own. Every sum is spread over a few shards, because n8n posts the items of one execution all at once and DynamoDB
//! cancels transactions that meet on one item.
//!
//! The gate says of an execution number whether pushed data were metered. A post reads it and writes no more than its record and
//! a sum while it is open; once it is closed posts and pushes are compared (`late`). A post that read it just before a push closed
//! it is compared by the chore that the push owes: it looks when no such post can be under way any more.

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
        Attrs, Change, Cond, Index, Item, Key, Position, Query, SortValue, Store, StoreError, Write, attr,
        encode, segment,
    },
    tenant::TenantId,
};

/// Shards of every sum.
const SHARDS: u64 = 8;
/// Attribute of a gate: this execution was metered from pushed data.
const PUSHED: &str = "pushed";
/// How often the execution was settled since its first push: all who settle it wait for each other there.
const LATE: &str = "late";

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
    /// Whether an execution was metered from a push: then a post is [`Self::post_late`].
    pub async fn is_metered(&self, execution_id: &str) -> Result<bool, StoreError> {
        Ok(self.gate(execution_id).await?.pushed)
    }

    /// The writes of one record, posted while the gate was open.
    pub fn post(&self, usage: &Usage) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.put(usage)?];
        writes.extend(Sums::of(std::slice::from_ref(usage)).writes(self, shard(usage)));
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

    fn gate_key(&self, execution_id: &str) -> Key {
        let partition = format!("usage-gate#{}#{}", segment(self.workflow_id), segment(execution_id));
        Key::of(self.tenant, &partition, "-".to_owned())
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

    /// All of them, each once.
    pub async fn all(&self) -> Result<Vec<String>, StoreError> {
        let mut found: Vec<String> = Vec::new();
        let query = Query::table(Key::partition(self.tenant, "usage-workflow"));
        sums::whole(self.store, query, |used: UsedBy| {
            if found.last() != Some(&used.workflow_id) {
                found.push(used.workflow_id);
            }
        })
        .await?;
        Ok(found)
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
