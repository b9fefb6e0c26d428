//! What an instance holds of the windows that it has met.
//!
//! Its one rule: what is held here was taken from the counter first; what is let through before that is counted here and owed.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

use super::{Standing, Window};
use crate::{clock::Millis, ids::Id, tenant::TenantId};

/// Leases under way at once by one instance. One window's wait for each other; others share a place only by chance.
const LEASES: usize = 64;

/// See the module.
#[derive(Debug)]
pub(crate) struct Limiter {
    held: Mutex<Windows>,
    /// Held while a slice is leased: requests that come at once share one slice instead of taking one each, which
    /// would use the window up for requests that were never made.
    leasing: [Leasing; LEASES],
    places: RandomState,
}

#[derive(Debug, Default)]
struct Windows {
    all: HashMap<Counted, Held>,
    /// The second in which those that have ended were last thrown away: not with every new one, since there may be thousands.
    swept: i64,
}

#[derive(Debug, Default)]
struct Leasing {
    door: AsyncMutex<()>,
    /// Requests that want something of what is leased next.
    waiting: AtomicU32,
}

impl Default for Limiter {
    fn default() -> Self {
        let leasing = std::array::from_fn(|_| Leasing::default());
        Self { held: Mutex::default(), leasing, places: RandomState::new() }
    }
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Counted {
    pub class: &'static str,
    pub window: Window,
    pub tenant: TenantId,
    /// An API key's, or a user's; none for the whole organization's.
    pub key: Option<Id>,
}

impl Counted {
    /// What an instance may hold that has let so many through.
    pub fn trust(&self, spent: u32) -> u32 {
        match (self.key, self.window) {
            (Some(_), Window::Minute) => u32::MAX,
            _ => spent / 2,
        }
    }

    /// What each instance may let through before it has leased anything.
    fn free(&self, limit: u32) -> u32 {
        if self.window == Window::Burst { limit / 100 } else { 0 }
    }
}

/// What is known of a window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    window: i64,
    leased: u32,
    /// What the limit was when it was leased.
    limit: u32,
    /// Let through by this instance.
    pub spent: u32,
    /// Of what was let through, not taken from the counter yet.
    pub owed: u32,
    /// Taken by all instances when this one last looked.
    pub taken: u32,
}

/// One request of a window, let through or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    /// By all instances, as far as this one knows.
    pub used: u32,
    pub allowed: bool,
}

impl Taken {
    pub fn standing(self, counted: Counted, limit: u32, now: Millis) -> Standing {
        Standing {
            class: counted.class,
            limit,
            remaining: limit.saturating_sub(self.used),
            reset: (counted.window.number(now) + 1) * counted.window.seconds(),
            allowed: self.allowed,
            window: counted.window,
        }
    }
}

impl Held {
    /// Used by all instances, as far as this one knows.
    fn used(&self) -> u32 {
        self.taken.saturating_sub(self.leased).saturating_add(self.owed)
    }

    /// What was leased under a higher limit is lost: only the counter knows whether the lower one leaves anything.
    fn bound_by(&mut self, limit: u32) {
        if limit < self.limit {
            self.leased = 0;
        }
        self.limit = limit;
    }
}

/// The turn of a request that leases, and how many wait for what it gets.
pub(super) struct Alone<'a> {
    waiting: Waiting<'a>,
    _door: AsyncMutexGuard<'a, ()>,
}

impl Alone<'_> {
    /// With itself.
    pub fn waiting(&self) -> u32 {
        self.waiting.0.load(Ordering::Relaxed)
    }
}

/// Counted as long as it lives, also where its request is given up.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn at(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limiter {
    fn windows(&self) -> MutexGuard<'_, Windows> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for its turn to lease.
    pub(super) async fn alone(&self, counted: Counted) -> Alone<'_> {
        let place = usize::try_from(self.places.hash_one(counted) % LEASES as u64).unwrap_or_default();
        let Leasing { door, waiting } = &self.leasing[place];
        let waiting = Waiting::at(waiting);
        Alone { waiting, _door: door.lock().await }
    }

    /// Takes one of what is held; or tells that there is nothing left for anybody: nothing of a window that is used up ever
    /// comes back into it, unless the limit is raised. None where something must be leased.
    pub(super) fn take_held(&self, counted: Counted, limit: u32, now: Millis) -> Option<Taken> {
        let free = counted.free(limit);
        let mut windows = self.windows();
        let held = match free {
            0 => windows.met(counted, now)?,
            _ => windows.held(counted, limit, now),
        };
        held.bound_by(limit);
        if held.used() >= limit {
            return Some(Taken { used: held.used(), allowed: false });
        }
        match held.leased {
            // Before the first slice only: `spent` goes on counting.
            0 if held.spent < free => held.owed += 1,
            0 => return None,
            _ => held.leased -= 1,
        }
        held.spent += 1;
        Some(Taken { used: held.used(), allowed: true })
    }

    pub(super) fn give_back(&self, counted: Counted, now: Millis) {
        if let Some(held) = self.windows().met(counted, now) {
            match held.owed {
                0 => held.leased += 1,
                _ => held.owed -= 1,
            }
            held.spent = held.spent.saturating_sub(1);
        }
    }

    /// What is known of the window.
    pub(super) fn known(&self, counted: Counted, limit: u32, now: Millis) -> Held {
        self.with(counted, limit, now, |held| *held)
    }

    /// Remembers what all instances have taken.
    pub(super) fn learn(&self, counted: Counted, limit: u32, taken: u32, now: Millis) {
        self.with(counted, limit, now, |held| held.taken = held.taken.max(taken));
    }

    /// Takes one of a slice that was just leased, and holds the rest.
    pub(super) fn add(
        &self,
        counted: Counted,
        (slice, settled, limit): (u32, u32, u32),
        taken: u32,
        now: Millis,
    ) -> Taken {
        self.with(counted, limit, now, |held| {
            held.owed = held.owed.saturating_sub(settled);
            held.leased += slice - 1;
            held.spent += 1;
            held.taken = held.taken.max(taken);
            Taken { used: held.used(), allowed: true }
        })
    }

    fn with<T>(&self, counted: Counted, limit: u32, now: Millis, change: impl FnOnce(&mut Held) -> T) -> T {
        let mut windows = self.windows();
        let held = windows.held(counted, limit, now);
        held.bound_by(limit);
        change(held)
    }

    #[cfg(test)]
    pub(super) fn windows_known(&self) -> usize {
        self.windows().all.len()
    }

    /// What is held of a window that nobody has asked for yet.
    #[cfg(test)]
    pub(super) fn kept(&self, counted: Counted, now: Millis) -> u32 {
        self.windows().met(counted, now).map_or(0, |held| held.leased)
    }
}

impl Windows {
    /// The window as it is known, if it has been met.
    fn met(&mut self, counted: Counted, now: Millis) -> Option<&mut Held> {
        self.all.get_mut(&counted).filter(|held| held.window == counted.window.number(now))
    }

    /// The window, from now on known.
    fn held(&mut self, counted: Counted, limit: u32, now: Millis) -> &mut Held {
        let window = counted.window.number(now);
        let fresh = Held { window, limit, ..Held::default() };
        if self.swept != now.seconds() && self.met(counted, now).is_none() {
            self.swept = now.seconds();
            self.all.retain(|counted, held| held.window == counted.window.number(now));
        }
        let held = self.all.entry(counted).or_insert(fresh);
        if held.window != window {
            *held = fresh;
        }
        held
    }
}
