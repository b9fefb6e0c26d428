//! How often API keys are used.
//!
//! "How often was this key used lately, and when last?" → one item per key, with a number for each hour and each day. "And all
//! keys of the organization?" → their partition. An item has room for the hours and days that are shown and a few that have
//! passed, so that it stays below 1 KB, which is what one write costs.

use std::collections::BTreeMap;

use crate::{
    clock::Millis,
    domain::key_use::{Bucket, KeyUse, REMEMBERED},
    ids::ApiKeyId,
    store::{Attrs, Change, Item, Key, Query, SortValue, Store, StoreError, Write, attr},
    tenant::TenantId,
};

const PARTITION: &str = "key-use";
const LAST_USED: &str = "last_used_at";
/// Numbers that nobody is shown any more are removed when there are so many: one more write in half a day.
const PASSED: usize = 12;

/// The uses of the keys of one tenant.
#[derive(Clone, Copy)]
pub struct KeyUses<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl KeyUses<'_> {
    /// Adds up what was counted since it was added last.
    pub async fn add(&self, id: ApiKeyId, counted: &KeyUse, now: Millis) -> Result<(), StoreError> {
        let numbers = counted.hours.iter().map(|(hour, count)| (name(Bucket::Hour, *hour), count));
        let numbers = numbers.chain(counted.days.iter().map(|(day, count)| (name(Bucket::Day, *day), count)));
        let mut changes: Vec<_> = numbers
            .map(|(name, count)| Change::add(&name, i64::try_from(*count).unwrap_or(i64::MAX)))
            .collect();
        changes.extend(counted.last_used_at.map(|at| Change::set(LAST_USED, at.0)));
        changes.push(Change::set(attr::TTL, now.plus(REMEMBERED).seconds()));
        let Some(item) = self.store.write(Write::update(self.key(id), changes)).await? else { return Ok(()) };
        let passed = passed(&*item.attrs()?, now);
        if passed.len() >= PASSED {
            // Nothing is added to them any more, whoever else removes them at the same time.
            let changes = passed.iter().map(|name| Change::remove(name)).collect();
            self.store.write(Write::update(self.key(id), changes)).await?;
        }
        Ok(())
    }

    /// The uses of the keys from one id to another, both included.
    pub async fn between(
        &self,
        first: ApiKeyId,
        last: ApiKeyId,
        now: Millis,
    ) -> Result<BTreeMap<ApiKeyId, KeyUse>, StoreError> {
        let range = SortValue::S(first.sortable())..=SortValue::S(last.sortable());
        let (low, high) = range.into_inner();
        let mut query = Query::table(Key::partition(self.tenant, PARTITION)).between(low, high).limit(1_000);
        let mut all = BTreeMap::new();
        loop {
            let page = self.store.query(&query).await?;
            for item in &page.items {
                let id = item.key.sk().parse();
                let id = id.map_err(|_| StoreError::Corrupt(format!("{}: no id", item.key)))?;
                all.extend(read(item, now)?.map(|used| (id, used)));
            }
            if page.next.is_none() {
                return Ok(all);
            }
            query.after = page.next;
        }
    }

    fn key(&self, id: ApiKeyId) -> Key {
        Key::of(self.tenant, PARTITION, id.sortable())
    }
}

fn name(bucket: Bucket, number: i64) -> String {
    match bucket {
        Bucket::Hour => format!("h{number}"),
        Bucket::Day => format!("d{number}"),
    }
}

fn parse(name: &str) -> Option<(Bucket, i64)> {
    let (kind, number) = name.split_at_checked(1)?;
    let bucket = match kind {
        "h" => Bucket::Hour,
        "d" => Bucket::Day,
        _ => return None,
    };
    Some((bucket, number.parse().ok()?))
}

/// The numbers of an item that have passed out of what is shown.
fn passed(attrs: &Attrs, now: Millis) -> Vec<String> {
    let passed = attrs
        .keys()
        .filter(|name| parse(name).is_some_and(|(bucket, number)| number < *bucket.shown(now).start()));
    passed.cloned().collect()
}

/// What an item holds; none when it has had its time.
fn read(item: &Item, now: Millis) -> Result<Option<KeyUse>, StoreError> {
    let attrs = item.attrs()?;
    let number = |name: &str| attrs.get(name).and_then(serde_json::Value::as_i64);
    if number(attr::TTL).is_some_and(|ttl| ttl <= now.seconds()) {
        return Ok(None);
    }
    let mut used = KeyUse { last_used_at: number(LAST_USED).map(Millis), ..KeyUse::default() };
    for (name, value) in &*attrs {
        match parse(name) {
            Some((Bucket::Hour, hour)) => used.hours.insert(hour, value.as_u64().unwrap_or_default()),
            Some((Bucket::Day, day)) => used.days.insert(day, value.as_u64().unwrap_or_default()),
            None => continue,
        };
    }
    Ok(Some(used))
}
