//! The sums that records belong to, and reading them.
//!
//! Its one rule: whatever changes what a record adds changes every sum it is in, in the same transaction.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, de::DeserializeOwned};

use super::{ModelTotals, SHARDS, UsageLog, UsageWorkflows};
use crate::{
    clock::{self, Millis},
    domain::{
        reach,
        usage::{Totals, Usage},
    },
    ids::GroupId,
    store::{Change, Cond, Key, Query, SortValue, Store, StoreError, Write, half_segment, segment},
    tenant::TenantId,
};

const UNPRICED: &str = "usage-unpriced";
/// Workflows whose days are read side by side.
const AT_ONCE: usize = 16;

/// What a sum is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Day {
        day: String,
        model: String,
        group: Option<GroupId>,
    },
    /// Records without a price, also those that do not count: one of them may count tomorrow.
    Unpriced {
        model: String,
    },
}

/// What is to be added to which sum.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums(BTreeMap<Of, Totals>);

impl Sums {
    pub(super) fn of(records: &[Usage]) -> Self {
        let mut sums = Self::default();
        records.iter().for_each(|usage| sums.give(usage));
        sums
    }

    /// A record is there, as it is.
    pub(super) fn give(&mut self, usage: &Usage) {
        self.add(usage, |totals| totals);
    }

    /// A record is no longer there, or no longer as it was.
    pub(super) fn take(&mut self, usage: &Usage) {
        self.add(usage, Totals::negated);
    }

    /// As many writes at the most.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn add(&mut self, usage: &Usage, sign: fn(Totals) -> Totals) {
        let (model, day) = (usage.model_id.clone(), day(usage.recorded_at));
        let totals = sign(Totals::of(usage));
        let mut keep = |of: Of, totals: Totals| {
            let sum = self.0.entry(of).or_default();
            *sum = sum.plus(totals);
        };
        let group = usage.group_id;
        keep(Of::Day { day, model: model.clone(), group }, totals);
        if !usage.model_found {
            keep(Of::Unpriced { model }, sign(Totals { records: 1, ..Totals::default() }));
        }
    }

    /// One update per sum, all on one shard: a transaction may touch an item only once, and should touch few.
    pub(super) fn writes(self, log: &UsageLog<'_>, shard: u64) -> impl Iterator<Item = Write> {
        let moved = self.0.into_iter().filter(|(_, totals)| *totals != Totals::default());
        moved.map(move |(of, totals)| {
            let mut changes = add(totals);
            let workflow = Change::set("workflow_id", log.workflow_id);
            match &of {
                Of::Day { model, group, .. } => {
                    changes.push(Change::set("model_id", model.clone()));
                    changes.extend(group.map(|group| Change::set("group_id", group.get())));
                }
                Of::Unpriced { model } => changes.extend([workflow, Change::set("model_id", model.clone())]),
            }
            Write::update(key(log, &of, shard), changes)
        })
    }
}

fn key(log: &UsageLog<'_>, of: &Of, shard: u64) -> Key {
    let workflow = segment(log.workflow_id);
    match of {
        Of::Day { day, model, group } => Key::of(
            log.tenant,
            &format!("usage-day#{workflow}"),
            format!("{day}#{}#{}#{shard}", segment(model), group_name(*group)),
        ),
        Of::Unpriced { model } => unpriced_key(log.tenant, log.workflow_id, model, shard),
    }
}

fn group_name(group: Option<GroupId>) -> String {
    group.map_or_else(|| "-".to_owned(), |group| group.to_string())
}

fn unpriced_key(tenant: TenantId, workflow: &str, model: &str, shard: u64) -> Key {
    Key::of(tenant, UNPRICED, format!("{}#{}#{shard}", half_segment(workflow), half_segment(model)))
}

/// Counts that are rarely other than 0 are written only then.
fn add(totals: Totals) -> Vec<Change> {
    let always = [
        ("records", totals.records),
        ("input_tokens", totals.input_tokens),
        ("output_tokens", totals.output_tokens),
        ("pico", totals.pico),
    ];
    let rarely = [("estimated", totals.estimated), ("unpriced", totals.unpriced)];
    let rarely = rarely.into_iter().filter(|(_, count)| *count != 0);
    always.into_iter().chain(rarely).map(|(name, count)| Change::add(name, count)).collect()
}

#[derive(Deserialize)]
struct Shard {
    model_id: String,
    #[serde(default)]
    group_id: Option<GroupId>,
    #[serde(flatten)]
    totals: Totals,
}

impl UsageLog<'_> {
    /// Sums per model over all time, of what is in reach.
    pub async fn totals(&self) -> Result<Vec<ModelTotals>, StoreError> {
        self.sum_up(Query::table(self.days())).await
    }

    /// Sums per model over whole days (UTC), both included.
    pub async fn totals_between(&self, from: Millis, to: Millis) -> Result<Vec<ModelTotals>, StoreError> {
        self.sum_up(days(Query::table(self.days()), from, to)).await
    }

    fn days(&self) -> String {
        Key::partition(self.tenant, &format!("usage-day#{}", segment(self.workflow_id)))
    }

    async fn sum_up(&self, query: Query) -> Result<Vec<ModelTotals>, StoreError> {
        let mut models: BTreeMap<String, Totals> = BTreeMap::new();
        whole(self.store, query, |shard: Shard| {
            if self.shows(shard.group_id) {
                let sum = models.entry(shard.model_id).or_default();
                *sum = sum.plus(shard.totals);
            }
        })
        .await?;
        Ok(listed(models))
    }
}

/// A model whose records were all taken back is not listed.
pub(super) fn listed(models: BTreeMap<String, Totals>) -> Vec<ModelTotals> {
    let models = models.into_iter().map(|(model_id, totals)| ModelTotals { model_id, totals });
    models.filter(|model| model.totals != Totals::default()).collect()
}

/// What a tenant spent, over all workflows.
#[derive(Clone, Copy)]
pub struct Spending<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Spending<'_> {
    /// Over whole days (UTC), both included: what each client group spent, and what belongs to none.
    pub async fn by_group(
        &self,
        from: Millis,
        to: Millis,
    ) -> Result<BTreeMap<Option<GroupId>, Totals>, StoreError> {
        let (store, tenant) = (self.store, self.tenant);
        let workflows = UsageWorkflows { store, tenant }.all().await?;
        let each = stream::iter(workflows).map(async |workflow| {
            let log = UsageLog { store, tenant, workflow_id: &workflow, reach: &reach::ALL };
            let mut spent = Vec::new();
            let query = days(Query::table(log.days()), from, to);
            whole(store, query, |shard: Shard| spent.push((shard.group_id, shard.totals))).await?;
            Ok::<_, StoreError>(spent)
        });
        let mut groups: BTreeMap<Option<GroupId>, Totals> = BTreeMap::new();
        for (group, totals) in each.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?.concat() {
            let sum = groups.entry(group).or_default();
            *sum = sum.plus(totals);
        }
        Ok(groups)
    }
}

/// The models of a tenant that were used and had no price.
#[derive(Clone, Copy)]
pub struct Unpriced<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

/// One of them, in one workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpricedModel {
    pub workflow_id: String,
    pub model_id: String,
    /// Records by shard; some may be negative, their sum is not.
    shards: BTreeMap<u64, i64>,
}

impl UnpricedModel {
    pub fn records(&self) -> i64 {
        self.shards.values().sum()
    }
}

#[derive(Deserialize)]
struct UnpricedShard {
    workflow_id: String,
    model_id: String,
    records: i64,
}

impl Unpriced<'_> {
    /// All of them, with those that have been priced since and not yet been forgotten.
    pub async fn all(&self) -> Result<Vec<UnpricedModel>, StoreError> {
        let mut found: Vec<UnpricedModel> = Vec::new();
        let query = Query::table(Key::partition(self.tenant, UNPRICED)).limit(1000);
        let mut query = Some(query);
        while let Some(asked) = query {
            let page = self.store.query(&asked).await?;
            for item in &page.items {
                let row: UnpricedShard = item.decode()?;
                let shard =
                    item.key.sk().rsplit_once('#').and_then(|(_, shard)| shard.parse().ok()).unwrap_or(0);
                match found.last_mut() {
                    Some(last) if last.workflow_id == row.workflow_id && last.model_id == row.model_id => {
                        last.shards.insert(shard, row.records);
                    }
                    _ => found.push(UnpricedModel {
                        workflow_id: row.workflow_id,
                        model_id: row.model_id,
                        shards: BTreeMap::from([(shard, row.records)]),
                    }),
                }
            }
            query = page.next.map(|next| asked.after(Some(next)));
        }
        Ok(found)
    }

    /// The writes that forget a model of which nothing is unpriced any more. They refuse when something is again.
    pub fn forget(&self, model: &UnpricedModel) -> Vec<Write> {
        let key = |shard: &u64| unpriced_key(self.tenant, &model.workflow_id, &model.model_id, *shard);
        let shards = model.shards.iter().take(SHARDS as usize);
        shards.map(|(shard, records)| Write::delete(key(shard)).when(Cond::eq("records", *records))).collect()
    }
}

/// Hands over every item of a query.
pub(super) async fn whole<T: DeserializeOwned>(
    store: &dyn Store,
    query: Query,
    mut take: impl FnMut(T),
) -> Result<(), StoreError> {
    let mut query = query.limit(1000);
    loop {
        let page = store.query(&query).await?;
        for item in &page.items {
            take(item.decode()?);
        }
        if page.next.is_none() {
            return Ok(());
        }
        query.after = page.next;
    }
}

/// The days of a partition whose sort keys begin with the day.
fn days(query: Query, from: Millis, to: Millis) -> Query {
    // '~' sorts after every character of a segment that follows the day.
    query.between(SortValue::S(day(from)), SortValue::S(format!("{}~", day(to))))
}

/// `YYYY-MM-DD` in UTC.
pub(super) fn day(at: Millis) -> String {
    clock::iso(at).chars().take(10).collect()
}
