//! How often API keys are used: counted in memory, added up in the store.
//!
//! Its one rule: no request waits for that or fails by it. Whoever hosts the routes says when what was counted is noted: a
//! laptop once a minute and when it ends, a function when it has answered, at most once a minute and key. What a killed process
//! had not noted is lost: what its keys did in its last minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, stream};

use super::Accounts;
use crate::{
    clock::{Millis, Moment},
    domain::{
        key_use::KeyUse,
        principal::{Credential, Principal},
    },
    ids::ApiKeyId,
    tenant::TenantId,
};

/// An instance notes the uses of a key no more often than this.
const APART: Duration = Duration::from_secs(60);
/// Keys that are counted at once. What comes beyond is let through and not counted, so that no crowd of keys fills the memory.
const KEYS: usize = 10_000;
/// Notes written at once.
const AT_ONCE: usize = 8;

type Whose = (TenantId, ApiKeyId);

/// What this instance counted.
#[derive(Debug, Default)]
pub(crate) struct KeyUses(Mutex<HashMap<Whose, Counting>>);

#[derive(Debug, Default)]
struct Counting {
    /// Not noted yet.
    used: KeyUse,
    noted: Option<Moment>,
}

impl KeyUses {
    fn count(&self, whose: Whose, at: Millis) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < KEYS || all.contains_key(&whose) {
            all.entry(whose).or_default().used.count(at);
        }
    }

    /// Takes out what is to be noted now: all of it, or what nothing was noted of for a while. Keys that were not used since then
    /// are forgotten.
    fn take(&self, now: Moment, all_of_it: bool) -> Vec<(Whose, KeyUse)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |counting: &Counting| counting.noted.is_some_and(|noted| now.is_within(APART, noted));
        all.retain(|_, counting| !counting.used.is_empty() || lately(counting));
        let due = all
            .iter_mut()
            .filter(|(_, counting)| !counting.used.is_empty() && (all_of_it || !lately(counting)));
        due.map(|(whose, counting)| {
            counting.noted = Some(now);
            (*whose, std::mem::take(&mut counting.used))
        })
        .collect()
    }

    /// What could not be noted is counted on.
    fn put_back(&self, whose: Whose, used: &KeyUse) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(whose).or_default().used.add(used);
    }
}

impl Accounts<'_> {
    /// Counts a request with an API key; one of a session is nobody's.
    pub(crate) fn count_use(&self, caller: &Principal) {
        if let Credential::ApiKey(id) = caller.credential {
            self.known.key_uses.count((caller.tenant, id), self.now());
        }
    }

    /// Notes how often keys were used here: those of which nothing was noted for a minute. It has its answer in the log: no
    /// request is to fail by it, and what could not be noted is tried again.
    pub async fn note_key_uses(&self) {
        self.note(false).await;
    }

    /// Notes all that was counted here, because this instance ends.
    pub async fn note_all_key_uses(&self) {
        self.note(true).await;
    }

    async fn note(&self, all_of_it: bool) {
        let due = self.known.key_uses.take(self.moment(), all_of_it);
        let notes = stream::iter(due).for_each_concurrent(AT_ONCE, async |((tenant, id), used)| {
            let uses = self.store.for_tenant(tenant).key_uses();
            if let Err(error) = uses.add(id, &used, self.now()).await {
                // Where its answer alone was lost, it is counted twice: better than not at all.
                tracing::warn!(%error, key = %id, "the uses of a key could not be noted; they are noted later");
                self.known.key_uses.put_back((tenant, id), &used);
            }
        });
        notes.await;
    }
}
