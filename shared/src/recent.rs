//! What an instance looked up lately, so that a warm request costs no read.
//!
//! Its one rule: what is here may be as old as the span it was put in for; whoever changes the original forgets the copy.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::clock::Moment;

/// Entries of one cache.
const REMEMBERED: usize = 10_000;

/// A value, since when it is known, and for how long it is believed.
#[derive(Debug)]
struct Known<V> {
    value: Arc<V>,
    since: Moment,
    believed: Duration,
}

impl<V> Known<V> {
    fn holds(&self, now: Moment) -> bool {
        now.is_within(self.believed, self.since)
    }
}

/// Values by key, each believed for a span of its own, which a clock that is set back does not lengthen.
#[derive(Debug)]
pub(crate) struct Recent<K, V>(Mutex<HashMap<K, Known<V>>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub(crate) fn get(&self, key: &K, now: Moment) -> Option<Arc<V>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(key).filter(|known| known.holds(now)).map(|known| known.value.clone())
    }

    /// Remembers a value. A full cache drops what has run out and, when nothing has, remembers nothing new.
    pub(crate) fn put(&self, key: K, value: Arc<V>, now: Moment, believed: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, known| known.holds(now));
        }
        if all.len() < REMEMBERED {
            all.insert(key, Known { value, since: now, believed });
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
    use super::*;
    use crate::clock::Millis;

    const MINUTE: Duration = Duration::from_secs(60);
    const NOW: Moment = Moment { now: Millis(1_737_455_400_000), monotonic: Duration::from_secs(7) };

    fn later(seconds: u64) -> Moment {
        let span = Duration::from_secs(seconds);
        Moment { now: NOW.now.plus(span), monotonic: NOW.monotonic + span }
    }

    #[test]
    fn a_value_is_believed_for_its_span_and_no_longer() {
        let recent = Recent::default();
        recent.put(1, Arc::new("a"), NOW, MINUTE);
        assert_eq!(recent.get(&1, later(59)).as_deref(), Some(&"a"));
        assert_eq!(recent.get(&1, later(60)), None);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_believed_for_longer() {
        let recent = Recent::default();
        recent.put(1, Arc::new("a"), NOW, MINUTE);
        let hour_ago = Millis(NOW.now.0 - 3_600_000);
        assert_eq!(recent.get(&1, Moment { now: hour_ago, ..later(1) }), None);
        // Set back a little, and as far again by and by: the other clock has counted.
        assert_eq!(recent.get(&1, Moment { now: later(30).now, ..later(60) }), None);
        // Frozen: only the clock on the wall has gone on.
        assert_eq!(recent.get(&1, Moment { now: later(60).now, ..NOW }), None);
    }

    #[test]
    fn what_is_forgotten_is_gone_at_once() {
        let recent = Recent::default();
        for key in 1..=4 {
            recent.put(key, Arc::new(key), NOW, MINUTE);
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
            recent.put(key, Arc::new(()), NOW, MINUTE);
        }
        recent.put(REMEMBERED, Arc::new(()), NOW, MINUTE);
        assert_eq!(recent.get(&REMEMBERED, NOW), None);
        recent.put(REMEMBERED, Arc::new(()), later(60), MINUTE);
        assert!(recent.get(&REMEMBERED, later(60)).is_some());
    }
}
