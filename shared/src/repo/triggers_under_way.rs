//! How many calls of triggers an organization has waiting for n8n, over all instances.
//!
//! Its one rule: it is counted by the minute in which a call began. So what a process that died has left there is forgotten with
//! that minute, and nobody has to tidy up.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    clock::Millis,
    store::{Change, Item, Key, Store, StoreError, Write, attr},
    tenant::TenantId,
};

const UNDER_WAY: &str = "under_way";
const MINUTE: i64 = 60;
/// No call takes longer, so that after this nothing of the minute before is under way.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Counter {
    under_way: i64,
}

/// "How many calls that began in this minute are under way?" → the counter under its number.
fn key(tenant: TenantId, minute: i64) -> Key {
    Key::of(tenant, "triggers-under-way", minute.to_string())
}

fn minute(at: Millis) -> i64 {
    at.seconds().div_euclid(MINUTE)
}

fn add(tenant: TenantId, minute: i64, count: i64) -> Write {
    let forgotten = Change::set(attr::TTL, (minute + 3) * MINUTE);
    Write::update(key(tenant, minute), vec![Change::add(UNDER_WAY, count), forgotten])
}

/// Counts a call that begins now. How many there are with it.
pub async fn begin(store: &dyn Store, tenant: TenantId, now: Millis) -> Result<u32, StoreError> {
    let this = minute(now);
    let item = store.write(add(tenant, this, 1)).await?;
    let of = |item: Option<Item>| {
        item.and_then(|item| item.decode::<Counter>().ok()).map_or(0, |counter| counter.under_way.max(0))
    };
    let mut all = of(item);
    let since = now.seconds() - this * MINUTE;
    if since <= i64::try_from(LONGEST.as_secs()).unwrap_or(MINUTE) {
        all += of(store.get(&key(tenant, this - 1)).await?);
    }
    Ok(u32::try_from(all).unwrap_or(u32::MAX))
}

/// A call that began then has ended.
pub async fn end(store: &dyn Store, tenant: TenantId, begun: Millis) -> Result<(), StoreError> {
    store.write(add(tenant, minute(begun), -1)).await.map(|_| ())
}
