//! What an instance looked up lately, so that a warm request costs no read.
//!
//! Its one rule: what is here may be as old as the span it was put in for; whoever changes the original forgets the copy, and what
//! was being read just then is not remembered, since it may be from before the change.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
pub(crate) struct Recent<K, V>(Mutex<Memory<K, V>>);

#[derive(Debug)]
struct Memory<K, V> {
    all: HashMap<K, Known<V>>,
    /// How often something was forgotten. One count for all keys: changes are rare, and what a reading that met one costs is to
    /// be read once more.
    forgotten: u64,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Memory { all: HashMap::new(), forgotten: 0 }))
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    fn memory(&self) -> MutexGuard<'_, Memory<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &K, now: Moment) -> Option<Arc<V>> {
        self.memory().get(key, now)
    }

    /// Remembers a value. A full cache drops what has run out and, when nothing has, remembers nothing new.
    pub(crate) fn put(&self, key: K, value: Arc<V>, now: Moment, believed: Duration) {
        self.memory().put(key, value, now, believed);
    }

    /// The value as it is remembered, or else as `original` finds it; none is not remembered.
    pub(crate) async fn or_read<E>(
        &self,
        key: K,
        now: Moment,
        believed: Duration,
        original: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<Arc<V>>, E> {
        let forgotten = {
            let memory = self.memory();
            if let Some(known) = memory.get(&key, now) {
                return Ok(Some(known));
            }
            memory.forgotten
        };
        let Some(found) = original.await?.map(Arc::new) else { return Ok(None) };
        let mut memory = self.memory();
        if memory.forgotten == forgotten {
            memory.put(key, found.clone(), now, believed);
        }
        Ok(Some(found))
    }

    pub(crate) fn forget(&self, key: &K) {
        let mut memory = self.memory();
        memory.forgotten += 1;
        memory.all.remove(key);
    }

    /// Forgets everything that `gone` is true of.
    pub(crate) fn forget_where(&self, gone: impl Fn(&K, &V) -> bool) {
        let mut memory = self.memory();
        memory.forgotten += 1;
        memory.all.retain(|key, known| !gone(key, &known.value));
    }
}

impl<K: Eq + Hash, V> Memory<K, V> {
    fn get(&self, key: &K, now: Moment) -> Option<Arc<V>> {
        self.all.get(key).filter(|known| known.holds(now)).map(|known| known.value.clone())
    }

    fn put(&mut self, key: K, value: Arc<V>, now: Moment, believed: Duration) {
        if self.all.len() >= REMEMBERED {
            self.all.retain(|_, known| known.holds(now));
        }
        if self.all.len() < REMEMBERED {
            self.all.insert(key, Known { value, since: now, believed });
        }
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
        recent.forget_where(|key, _| *key > 2);
        let left: Vec<_> = (1..=4).filter(|key| recent.get(key, NOW).is_some()).collect();
        assert_eq!(left, [2]);
    }

    #[tokio::test]
    async fn what_is_read_while_it_changes_is_not_remembered() {
        let recent = Recent::default();
        let read = async |key: u8, changed: Option<u8>| {
            let original = async {
                if let Some(changed) = changed {
                    recent.forget(&changed);
                }
                Ok::<_, ()>(Some("old"))
            };
            recent.or_read(key, NOW, MINUTE, original).await.unwrap();
            recent.get(&key, NOW).is_some()
        };
        assert!(!read(1, Some(1)).await);
        assert!(!read(2, Some(1)).await, "it is read once more, and no harm is done");
        assert!(read(1, None).await);
        let nothing = recent.or_read(3, NOW, MINUTE, async { Ok::<_, ()>(None) }).await;
        assert_eq!((nothing, recent.get(&3, NOW)), (Ok(None), None));
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
