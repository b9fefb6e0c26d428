//! Idempotency records: the reply to a POST, written in the same transaction as its effect.
//!
//! "Was this key answered before?" → one item per (tenant, operation, path, key).

use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::{
    clock::Millis,
    ids::Id,
    store::{Cond, Key, Label, Store, StoreError, Write, attr, encode},
    tenant::TenantId,
};

/// Label of the write that takes a key.
pub const KEY: Label = "idempotency-key";

/// How long a key is remembered.
pub const KEEP: Duration = Duration::from_secs(24 * 3600);

/// What was done under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// SHA-256 of method, path, query and body: the same key with another request is a mistake of the caller.
    pub fingerprint: String,
    pub outcome: Stage,
    pub ttl: i64,
}

/// How far it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Answered: the reply to repeat.
    Replied { status: u16, body: String },
    /// An effect outside the store was begun under this id at this time, and its end is not known yet.
    Begun { id: Id, at: Millis },
}

pub fn key(tenant: TenantId, hash: &str) -> Key {
    Key::of(tenant, &format!("idempotency#{hash}"), "-")
}

/// The record that is still valid.
pub async fn find(store: &dyn Store, key: &Key, now: Millis) -> Result<Option<Record>, StoreError> {
    let Some(item) = store.get(key).await? else { return Ok(None) };
    let record: Record = item.decode()?;
    Ok((record.ttl > now.seconds()).then_some(record))
}

/// The write that stores an outcome under a key that is free or run out.
pub fn write(key: &Key, fingerprint: &str, outcome: Stage, now: Millis) -> Result<Write, StoreError> {
    let record = Record { fingerprint: fingerprint.into(), outcome, ttl: now.plus(KEEP).seconds() };
    Ok(Write::put(key.clone(), encode(&record)?)
        .when(Cond::Any(vec![Cond::Absent, Cond::le(attr::TTL, now.seconds())]))
        .labelled(KEY))
}

/// The write that replaces a begun effect by its reply.
pub fn finish(key: &Key, fingerprint: &str, outcome: Stage, now: Millis) -> Result<Write, StoreError> {
    let record = Record { fingerprint: fingerprint.into(), outcome, ttl: now.plus(KEEP).seconds() };
    Ok(Write::put(key.clone(), encode(&record)?).labelled(KEY))
}
