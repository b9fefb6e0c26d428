//! Rate limits. An instance leases a slice of a window from one counter item and spends it in memory: the limit holds exactly
//! across all instances, and the store is written once per slice.
//!
//! Its one rule: whoever is under several limits is let through by all of them or counted by none.
//!
//! A slice is small where it would be missed: at most a part of what is left, so that the last requests of a window go one by
//! one to whoever asks first, and at most half as much as its instance has let through in the window, unless more wait at this
//! moment: an instance that falls idle, or ends, keeps no more from the others than half of what it has used itself. A caller's
//! minute is cut less finely: its requests mostly come to one instance, and what is lost comes back soon.
//!
//! The few seconds of an organization's rate are a bulkhead and no product: there the first requests at each instance, a
//! hundredth of the window, are let through before anything is leased, and settled with its first slice. So whoever sends
//! little costs no write, and ten instances let through a tenth too much at most.

mod held;
#[cfg(feature = "testing")]
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::future::join_all;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;

pub(crate) use self::held::Limiter;
use self::held::{Counted, Taken};
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
/// The class of a plan's limits.
pub(crate) const PLAN: &str = "plan";
/// The class of what an organization may send a second.
pub(crate) const TENANT: &str = "tenant";

/// Fixed windows that start with the minute, the hour or the day of the clock, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// A rate a second is counted over so long: what comes at once may be so many seconds of it.
    Burst,
    Minute,
    Hour,
    Day,
}

impl Window {
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Burst => 5,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// A slice is at most this part of what is left. What an instance holds when it ends is lost to the others until the window
    /// ends, so that an hour and a day are cut finer.
    const fn parts(self) -> u32 {
        match self {
            Self::Burst | Self::Minute => 6,
            Self::Hour | Self::Day => 60,
        }
    }

    fn number(self, now: Millis) -> i64 {
        now.seconds().div_euclid(self.seconds())
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Of {
    /// An API key's, or all sessions' of a user.
    Caller,
    /// All of the organization.
    Tenant,
}

/// So many requests in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is counted together: a class of routes, all that one API key sends, or what a plan counts.
    pub class: &'static str,
    pub of: Of,
    pub most: u32,
    pub window: Window,
}

impl Limit {
    /// So many requests a second of an organization.
    pub(crate) const fn a_second(rate: u32) -> Self {
        let most = rate.saturating_mul(5);
        Self { class: TENANT, of: Of::Tenant, most, window: Window::Burst }
    }
}

/// How somebody stands in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub class: &'static str,
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
        let counted = |limit: &Limit| {
            let key = (limit.of == Of::Caller).then_some(key);
            Counted { class: limit.class, window: limit.window, tenant, key }
        };
        let mut standings = Vec::with_capacity(limits.len());
        for limit in limits {
            let counted = counted(limit);
            standings.push(
                self.take_held(counted, limit.most, now)
                    .map(|taken| taken.standing(counted, limit.most, now)),
            );
        }
        // What is used up costs nothing to refuse. Else what this instance does not hold it leases, all at once.
        if standings.iter().flatten().all(|standing| standing.allowed) {
            let missing = limits.iter().zip(&standings).filter(|(_, known)| known.is_none());
            let leased = missing.map(|(limit, _)| self.leased(store, counted(limit), limit.most, now));
            let mut leased = join_all(leased).await.into_iter();
            let mut failed = None;
            for standing in standings.iter_mut().filter(|standing| standing.is_none()) {
                match leased.next() {
                    Some(Ok(known)) => *standing = Some(known),
                    Some(Err(error)) => failed = Some(error),
                    None => {}
                }
            }
            if let Some(error) = failed {
                self.give_back_all(limits.iter().map(counted).zip(&standings), now);
                return Err(error);
            }
        }
        let refused = standings.iter().flatten().filter(|standing| !standing.allowed);
        if let Some(refused) = refused.max_by_key(|standing| standing.reset).copied() {
            self.give_back_all(limits.iter().map(counted).zip(&standings), now);
            return Ok(Some(refused));
        }
        Ok(standings.into_iter().flatten().min_by_key(|standing| (standing.remaining, -standing.reset)))
    }

    fn give_back_all<'a>(
        &self,
        standings: impl Iterator<Item = (Counted, &'a Option<Standing>)>,
        now: Millis,
    ) {
        for (counted, standing) in standings {
            if standing.is_some_and(|standing| standing.allowed) {
                self.give_back(counted, now);
            }
        }
    }

    /// Takes one of a slice that is leased for it, and for those that wait beside it.
    async fn leased(&self, store: &dyn Store, counted: Counted, limit: u32, now: Millis) -> Result<Standing> {
        let alone = self.alone(counted).await;
        if let Some(taken) = self.take_held(counted, limit, now) {
            return Ok(taken.standing(counted, limit, now));
        }
        let mut refused = 0;
        loop {
            let known = self.known(counted, limit, now);
            let left = limit.saturating_sub(known.taken + known.owed);
            if left == 0 {
                return Ok(Taken { used: known.taken, allowed: false }.standing(counted, limit, now));
            }
            // Whoever was refused has others beside it that take as well: it asks for less than it might have.
            let part = (left / counted.window.parts()) >> refused.min(8);
            let wanted = part.min(counted.trust(known.spent).max(alone.waiting())).max(1);
            match lease(store, counted, counted.window.number(now), (wanted, known.owed), limit).await? {
                Lease::Granted { taken } => {
                    let taken = self.add(counted, (wanted, known.owed, limit), taken, now);
                    return Ok(taken.standing(counted, limit, now));
                }
                Lease::Refused { taken } => {
                    refused += 1;
                    self.learn(counted, limit, taken, now);
                }
            }
        }
    }
}

enum Lease {
    Granted {
        /// Of the window by all instances, with this slice.
        taken: u32,
    },
    /// Less is left than a slice of this size may be taken from.
    Refused { taken: u32 },
}

#[derive(Deserialize)]
struct Counter {
    taken: u32,
}

/// "What is taken of this window?" → the counter under its number.
fn counter(Counted { class, window, tenant, key }: Counted, number: i64) -> Key {
    let partition = match key {
        Some(key) => format!("rate#{class}#{key}"),
        None => format!("rate#{class}-{}", window.as_str()),
    };
    Key::of(tenant, &partition, number.to_string())
}

/// Takes a slice, and what the instance has let through before it.
async fn lease(
    store: &dyn Store,
    counted: Counted,
    number: i64,
    (wanted, owed): (u32, u32),
    limit: u32,
) -> Result<Lease> {
    let changes = vec![
        Change::add(TAKEN, i64::from(wanted) + i64::from(owed)),
        Change::set(attr::TTL, (number + 2) * counted.window.seconds()),
    ];
    // The last ones go one by one.
    let needed = if wanted == 1 { 1 } else { wanted.saturating_mul(counted.window.parts()) };
    let room = i64::from(limit) - i64::from(owed) - i64::from(needed);
    let room = Cond::Any(vec![Cond::missing(TAKEN), Cond::le(TAKEN, room)]);
    match store.write(Write::update(counter(counted, number), changes).when(room)).await {
        Ok(item) => Ok(Lease::Granted {
            taken: item.map_or(Ok(wanted + owed), |item| item.decode().map(|c: Counter| c.taken))?,
        }),
        Err(StoreError::ConditionFailed(Refusal { current, .. })) => {
            let taken = current.as_ref().map_or(Some(limit), taken_of);
            Ok(Lease::Refused { taken: taken.unwrap_or(limit) })
        }
        Err(error) => Err(error.into()),
    }
}

fn taken_of(item: &Item) -> Option<u32> {
    item.decode().ok().map(|counter: Counter| counter.taken)
}

/// What was taken of a plan's day by all instances.
pub(crate) async fn used_today(store: &dyn Store, tenant: TenantId, now: Millis) -> Result<u32> {
    let counted = Counted { class: PLAN, window: Window::Day, tenant, key: None };
    let item = store.get(&counter(counted, Window::Day.number(now))).await?;
    Ok(item.as_ref().and_then(taken_of).unwrap_or(0))
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
        let limit = self.limit;
        let message = match self.class {
            PLAN => format!(
                "Your organization's plan allows {limit} requests in a {window}, and they are used. Wait {seconds} seconds."
            ),
            TENANT => format!(
                "Your organization may send {} requests a second, of all its keys and sessions together. Wait {seconds} seconds.",
                i64::from(limit) / self.window.seconds()
            ),
            _ => format!("More than {limit} requests in this {window}. Wait {seconds} seconds."),
        };
        Error::new(ErrorKind::RateLimited, "rate_limited", message)
            .retry_after(wait)
            .used_up(limit, self.reset)
    }
}

/// How a window stands: what it allows, what is left of it, and the Unix second at which it ends.
pub(crate) fn write_headers(headers: &mut HeaderMap, limit: u32, remaining: u32, reset: i64) {
    headers.insert("x-ratelimit-limit", HeaderValue::from(limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(remaining));
    headers.insert("x-ratelimit-reset", HeaderValue::from(reset));
}
