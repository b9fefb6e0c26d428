//! What an instance looked up lately, so that a warm request costs no read.
//!
//! Its one rule: what is here may be as old as the span it was put in for; whoever changes the original forgets the copy.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use crate::clock::Millis;

/// Entries of one cache.
const REMEMBERED: usize = 10_000;

/// Values by key, each believed until a moment of its own.
#[derive(Debug)]
pub(crate) struct Recent<K, V>(Mutex<HashMap<K, (Arc<V>, Millis)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub(crate) fn get(&self, key: &K, now: Millis) -> Option<Arc<V>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(key).filter(|(_, until)| now < *until).map(|(value, _)| value.clone())
    }

    /// Remembers a value. A full cache drops what has run out and, when nothing has, remembers nothing new.
    pub(crate) fn put(&self, key: K, value: Arc<V>, now: Millis, until: Millis) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, (_, until)| now < *until);
        }
        if all.len() < REMEMBERED {
            all.insert(key, (value, until));
        }
    }

    pub(crate) fn forget(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Forgets everything that `gone` is true of.
    pub(crate) fn forget_where(&self, gone: impl Fn(&K) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| !gone(key));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Millis = Millis(1_737_455_400_000);

    fn later(seconds: u64) -> Millis {
        NOW.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_value_is_believed_until_its_moment_and_no_longer() {
        let recent = Recent::default();
        recent.put(1, Arc::new("a"), NOW, later(60));
        assert_eq!(recent.get(&1, later(59)).as_deref(), Some(&"a"));
        assert_eq!(recent.get(&1, later(60)), None);
    }

    #[test]
    fn what_is_forgotten_is_gone_at_once() {
        let recent = Recent::default();
        for key in 1..=4 {
            recent.put(key, Arc::new(key), NOW, later(60));
        }
        recent.forget(&1);
        recent.forget_where(|key| *key > 2);
        let left: Vec<_> = (1..=4).filter(|key| recent.get(key, NOW).is_some()).collect();
        assert_eq!(left, [2]);
    }

    #[test]
    fn a_full_cache_makes_room_from_what_has_run_out() {
        let recent = Recent::default();
        for key in 0..REMEMBERED {
            recent.put(key, Arc::new(()), NOW, later(60));
        }
        recent.put(REMEMBERED, Arc::new(()), NOW, later(60));
        assert_eq!(recent.get(&REMEMBERED, NOW), None);
        recent.put(REMEMBERED, Arc::new(()), later(60), later(120));
        assert!(recent.get(&REMEMBERED, later(60)).is_some());
    }
}
