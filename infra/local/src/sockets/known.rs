//! Whose a credential was when it was last looked up, so that a request of somebody whose share is used up is refused before
//! anything is done for it.
//!
//! Its one rule: it lets nobody in. It says for whom a request is counted until the platform has found out who calls.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::HeaderMap;
use shared::tenant::TenantId;

/// So many are remembered; then it begins anew.
const MOST: usize = 4096;

/// A credential as far as it is remembered. The text is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trace(u64);

#[derive(Debug, Default)]
pub struct Known {
    hasher: RandomState,
    tenants: Mutex<HashMap<Trace, TenantId>>,
}

impl Known {
    fn tenants(&self) -> MutexGuard<'_, HashMap<Trace, TenantId>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credential in these headers. One in a cookie has none.
    pub fn trace(&self, headers: &HeaderMap) -> Option<Trace> {
        let sent = headers.get("x-api-key").or_else(|| headers.get(http::header::AUTHORIZATION))?;
        Some(Trace(self.hasher.hash_one(sent.as_bytes())))
    }

    pub fn tenant(&self, trace: Trace) -> Option<TenantId> {
        self.tenants().get(&trace).copied()
    }

    /// The platform has let it in for this tenant.
    pub fn learn(&self, trace: Trace, tenant: TenantId) {
        let mut tenants = self.tenants();
        if tenants.get(&trace) == Some(&tenant) {
            return;
        }
        if tenants.len() >= MOST {
            tenants.clear();
        }
        tenants.insert(trace, tenant);
    }

    /// The platform has not let it in.
    pub fn forget(&self, trace: Trace) {
        self.tenants().remove(&trace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_known_until_it_is_refused_and_no_more_than_so_many_are() {
        let known = Known::default();
        let headers = |name: &'static str, text: &str| {
            HeaderMap::from_iter([(http::HeaderName::from_static(name), text.parse().unwrap())])
        };
        let trace = known.trace(&headers("x-api-key", "a")).unwrap();
        assert_eq!(known.tenant(trace), None);
        known.learn(trace, TenantId(1));
        assert_eq!((known.tenant(trace), known.trace(&headers("cookie", "a"))), (Some(TenantId(1)), None));
        known.forget(trace);
        assert_eq!(known.tenant(trace), None);
        for n in 0..=MOST {
            let bearer = format!("Bearer {n}");
            known.learn(known.trace(&headers("authorization", &bearer)).unwrap(), TenantId(2));
        }
        assert!(known.tenants().len() <= MOST);
    }
}
