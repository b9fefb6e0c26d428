//! Rate limits. An instance leases a slice of a key's minute from one counter item and spends it in memory: the limit
//! holds exactly across all instances, and the store is written once per slice.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderValue};
use serde::Deserialize;

use crate::{
    clock::Millis,
    error::{Error, ErrorKind, Result},
    ids::Id,
    store::{Change, Cond, Item, Key, Refusal, Store, StoreError, Write, attr},
    tenant::TenantId,
};

/// Fixed windows that start with the minute.
pub(super) const WINDOW: i64 = 60;
/// A slice is this part of the limit: seven writes for a window that is used up.
const SLICES: u32 = 6;
const TAKEN: &str = "taken";

/// What this instance holds of the windows that it has met.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    held: Mutex<HashMap<Counted, Held>>,
    /// Held while a slice is leased: requests that come at once share one slice instead of taking one each, which
    /// would use the window up for requests that were never made.
    leasing: tokio::sync::Mutex<()>,
}

/// Whose requests of which class are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Counted {
    pub class: &'static str,
    pub key: Id,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    window: i64,
    leased: u32,
    /// Taken by all instances when this one last looked.
    taken: u32,
}

/// How a key stands in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// Unix seconds at which the window ends.
    pub reset: i64,
    pub allowed: bool,
}

impl Limiter {
    /// Spends one request of the key's window.
    pub(crate) async fn spend(
        &self,
        store: &dyn Store,
        tenant: TenantId,
        key: Counted,
        limit: u32,
        now: Millis,
    ) -> Result<Standing> {
        let window = now.seconds().div_euclid(WINDOW);
        let standing = |held: Held, allowed| Standing {
            limit,
            remaining: held.leased + limit.saturating_sub(held.taken),
            reset: (window + 1) * WINDOW,
            allowed,
        };
        if let Some(held) = self.take_held(key, window) {
            return Ok(standing(held, true));
        }
        let _alone = self.leasing.lock().await;
        if let Some(held) = self.take_held(key, window) {
            return Ok(standing(held, true));
        }
        let mut wanted = (limit / SLICES).max(1);
        loop {
            match lease(store, tenant, key, window, wanted, limit).await? {
                Lease::Granted { taken } => {
                    let held = self.add(key, Held { window, leased: wanted - 1, taken });
                    return Ok(standing(held, true));
                }
                // Less than a slice is left: the rest of it is still to be had.
                Lease::Left(left) if left > 0 => wanted = left,
                Lease::Left(_) => return Ok(standing(Held { window, leased: 0, taken: limit }, false)),
            }
        }
    }

    fn take_held(&self, key: Counted, window: i64) -> Option<Held> {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get_mut(&key).filter(|held| held.window == window && held.leased > 0)?;
        held.leased -= 1;
        Some(*held)
    }

    fn add(&self, key: Counted, new: Held) -> Held {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, held| held.window == new.window);
        let held = all.entry(key).or_insert(Held { leased: 0, ..new });
        held.leased += new.leased;
        held.taken = held.taken.max(new.taken);
        *held
    }
}

enum Lease {
    Granted { taken: u32 },
    Left(u32),
}

#[derive(Deserialize)]
struct Counter {
    taken: u32,
}

async fn lease(
    store: &dyn Store,
    tenant: TenantId,
    Counted { class, key }: Counted,
    window: i64,
    wanted: u32,
    limit: u32,
) -> Result<Lease> {
    let item = Key::of(tenant, &format!("rate#{class}#{key}"), window.to_string());
    let changes = vec![Change::add(TAKEN, wanted.into()), Change::set(attr::TTL, (window + 2) * WINDOW)];
    let room = Cond::Any(vec![Cond::missing(TAKEN), Cond::le(TAKEN, i64::from(limit) - i64::from(wanted))]);
    match store.write(Write::update(item, changes).when(room)).await {
        Ok(item) => Ok(Lease::Granted {
            taken: item.map_or(Ok(wanted), |item| item.decode().map(|c: Counter| c.taken))?,
        }),
        Err(StoreError::ConditionFailed(Refusal { current, .. })) => {
            let attrs = current.map(Item::into_attrs).transpose()?.unwrap_or_default();
            let taken =
                attrs.get(TAKEN).and_then(serde_json::Value::as_u64).and_then(|n| u32::try_from(n).ok());
            Ok(Lease::Left(limit.saturating_sub(taken.unwrap_or(limit))))
        }
        Err(error) => Err(error.into()),
    }
}

impl Standing {
    /// The headers of dialect B, which the documents of others are silent about.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(self.remaining));
        headers.insert("x-ratelimit-reset", HeaderValue::from(self.reset));
    }

    /// The refusal of a request over the limit.
    pub fn refusal(&self, now: Millis) -> Error {
        let wait = Duration::from_millis(u64::try_from(self.reset * 1000 - now.0).unwrap_or(0));
        Error::new(
            ErrorKind::RateLimited,
            "rate_limited",
            format!("More than {} requests in this minute. Wait {} seconds.", self.limit, wait.as_secs() + 1),
        )
        .retry_after(wait)
        .used_up(self.limit, self.reset)
    }
}
