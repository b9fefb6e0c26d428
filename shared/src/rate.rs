//! Rate limits. An instance leases a slice of a key's window from one counter item and spends it in memory: the limit
//! holds exactly across all instances, and the store is written once per slice.
//!
//! Its one rule: whoever is under several limits is let through by all of them or counted by none.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
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

/// The windows of the route classes, in seconds.
pub(crate) const WINDOW: i64 = Window::Minute.seconds();
const TAKEN: &str = "taken";
/// Leases under way at once by one instance. One key's wait for each other; others share a place only by chance.
const LEASES: usize = 64;

/// Fixed windows that start with the minute or the hour of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    Minute,
    Hour,
}

impl Window {
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }

    /// A slice is this part of the limit: seven writes for a minute that is used up, 61 for an hour. What an instance holds
    /// when it ends is lost to the others until the window ends, so that an hour is cut finer.
    const fn slices(self) -> u32 {
        match self {
            Self::Minute => 6,
            Self::Hour => 60,
        }
    }

    fn number(self, now: Millis) -> i64 {
        now.seconds().div_euclid(self.seconds())
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }
}

/// So many requests in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is counted together: a class of routes, or all that one API key sends.
    pub class: &'static str,
    pub most: u32,
    pub window: Window,
}

/// What this instance holds of the windows that it has met.
#[derive(Debug)]
pub(crate) struct Limiter {
    held: Mutex<HashMap<Counted, Held>>,
    /// Held while a slice is leased: requests that come at once share one slice instead of taking one each, which
    /// would use the window up for requests that were never made.
    leasing: [tokio::sync::Mutex<()>; LEASES],
    places: RandomState,
}

impl Default for Limiter {
    fn default() -> Self {
        let leasing = std::array::from_fn(|_| tokio::sync::Mutex::default());
        Self { held: Mutex::default(), leasing, places: RandomState::new() }
    }
}

/// Whose requests of which class are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Counted {
    class: &'static str,
    window: Window,
    tenant: TenantId,
    /// An API key's, or a user's.
    key: Id,
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
    pub window: Window,
}

impl Limiter {
    /// Spends one request of each of the limits, or of none where one of them is used up. Tells how the caller stands with the
    /// limit that is felt first; none where there is no limit.
    pub(crate) async fn spend(
        &self,
        store: &dyn Store,
        (tenant, key): (TenantId, Id),
        limits: &[Limit],
        now: Millis,
    ) -> Result<Option<Standing>> {
        let mut tightest: Option<Standing> = None;
        for (at, limit) in limits.iter().enumerate() {
            let counted = Counted { class: limit.class, window: limit.window, tenant, key };
            let standing = self.spend_one(store, counted, limit.most, now).await;
            if !standing.as_ref().is_ok_and(|standing| standing.allowed) {
                for spent in &limits[..at] {
                    let counted = Counted { class: spent.class, window: spent.window, ..counted };
                    self.give_back(counted, now);
                }
                return standing.map(Some);
            }
            let standing = standing?;
            if tightest.is_none_or(|known| standing.remaining < known.remaining) {
                tightest = Some(standing);
            }
        }
        Ok(tightest)
    }

    async fn spend_one(&self, store: &dyn Store, key: Counted, limit: u32, now: Millis) -> Result<Standing> {
        let window = key.window.number(now);
        let standing = |held: Held, allowed| Standing {
            limit,
            remaining: held.leased + limit.saturating_sub(held.taken),
            reset: (window + 1) * key.window.seconds(),
            allowed,
            window: key.window,
        };
        if let Some((held, allowed)) = self.take_held(key, window, limit) {
            return Ok(standing(held, allowed));
        }
        let place = usize::try_from(self.places.hash_one(key) % LEASES as u64).unwrap_or_default();
        let _alone = self.leasing[place].lock().await;
        if let Some((held, allowed)) = self.take_held(key, window, limit) {
            return Ok(standing(held, allowed));
        }
        let mut wanted = (limit / key.window.slices()).max(1);
        loop {
            match lease(store, key, window, wanted, limit).await? {
                Lease::Granted { taken } => {
                    let held = self.add(key, Held { window, leased: wanted - 1, taken }, now);
                    return Ok(standing(held, true));
                }
                // Less than a slice is left: the rest of it is still to be had.
                Lease::Left(left) if left > 0 => wanted = left,
                Lease::Left(_) => {
                    let held = self.add(key, Held { window, leased: 0, taken: limit }, now);
                    return Ok(standing(held, false));
                }
            }
        }
    }

    /// Takes one of what is held; or tells that there is nothing left for anybody: nothing of a window that is used up ever
    /// comes back into it.
    fn take_held(&self, key: Counted, window: i64, limit: u32) -> Option<(Held, bool)> {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get_mut(&key).filter(|held| held.window == window)?;
        if held.leased == 0 {
            return (held.taken >= limit).then_some((*held, false));
        }
        held.leased -= 1;
        Some((*held, true))
    }

    fn give_back(&self, key: Counted, now: Millis) {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = all.get_mut(&key).filter(|held| held.window == key.window.number(now)) {
            held.leased += 1;
        }
    }

    fn add(&self, key: Counted, new: Held, now: Millis) -> Held {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|counted, held| held.window == counted.window.number(now));
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
    Counted { class, window: span, tenant, key }: Counted,
    window: i64,
    wanted: u32,
    limit: u32,
) -> Result<Lease> {
    let item = Key::of(tenant, &format!("rate#{class}#{key}"), window.to_string());
    let changes =
        vec![Change::add(TAKEN, wanted.into()), Change::set(attr::TTL, (window + 2) * span.seconds())];
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
        write_headers(headers, self.limit, self.remaining, self.reset);
    }

    /// The refusal of a request over the limit.
    pub fn refusal(&self, now: Millis) -> Error {
        let wait = Duration::from_millis(u64::try_from(self.reset * 1000 - now.0).unwrap_or(0));
        let (window, seconds) = (self.window.as_str(), wait.as_secs() + 1);
        Error::new(
            ErrorKind::RateLimited,
            "rate_limited",
            format!("More than {} requests in this {window}. Wait {seconds} seconds.", self.limit),
        )
        .retry_after(wait)
        .used_up(self.limit, self.reset)
    }
}

/// How a window stands: what it allows, what is left of it, and the Unix second at which it ends.
pub(crate) fn write_headers(headers: &mut HeaderMap, limit: u32, remaining: u32, reset: i64) {
    headers.insert("x-ratelimit-limit", HeaderValue::from(limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(remaining));
    headers.insert("x-ratelimit-reset", HeaderValue::from(reset));
}
