//! Something of which there is only so much, among all who want of it: connections, turns, bytes.
//!
//! Its one rule: nobody holds more than so many times what is left for the others. Alone, one may have most of it; the more
//! there are, the less each has. The last eighth is for those who have next to nothing.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

/// What there is.
#[derive(Debug)]
pub struct Shares<K> {
    total: usize,
    times: usize,
    held: Mutex<Held<K>>,
    given_back: Notify,
}

#[derive(Debug)]
struct Held<K> {
    all: usize,
    by: HashMap<K, usize>,
}

impl<K: Copy + Eq + Hash> Shares<K> {
    /// `total` of it, of which one may hold so many `times` what is left.
    pub fn new(total: usize, times: usize) -> Arc<Self> {
        let held = Mutex::new(Held { all: 0, by: HashMap::new() });
        Arc::new(Self { total, times, held, given_back: Notify::new() })
    }

    fn held(&self) -> MutexGuard<'_, Held<K>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An amount for somebody, if their share allows it. Who holds nothing may have what is left.
    pub fn take(self: &Arc<Self>, who: K, amount: usize) -> Option<Share<K>> {
        self.add(who, amount, Some(self.times)).then(|| Share { of: self.clone(), who, amount })
    }

    /// An amount for somebody who stands for many: no more than that it is there is asked.
    pub fn take_for_many(self: &Arc<Self>, who: K, amount: usize) -> Option<Share<K>> {
        self.add(who, amount, None).then(|| Share { of: self.clone(), who, amount })
    }

    /// An amount, as soon as it is to be had within this time.
    pub async fn take_within(self: &Arc<Self>, who: K, amount: usize, time: Duration) -> Option<Share<K>> {
        tokio::time::timeout(time, async {
            loop {
                let given_back = self.given_back.notified();
                if let Some(share) = self.take(who, amount) {
                    return share;
                }
                given_back.await;
            }
        })
        .await
        .ok()
    }

    fn add(&self, who: K, amount: usize, times: Option<usize>) -> bool {
        let mut held = self.held();
        let mine = held.by.get(&who).copied().unwrap_or_default();
        let Some(left) = self.total.checked_sub(held.all.saturating_add(amount)) else { return false };
        let wanted = mine.saturating_add(amount);
        let fair = mine == 0
            || times.is_none_or(|times| {
                wanted <= left.saturating_mul(times) && (left >= self.total / 8 || wanted <= self.total / 64)
            });
        if fair {
            held.all += amount;
            held.by.insert(who, mine + amount);
        }
        fair
    }

    fn give_back(&self, who: K, amount: usize) {
        let mut held = self.held();
        held.all -= amount;
        let mine = held.by.get(&who).copied().unwrap_or_default() - amount;
        if mine == 0 {
            held.by.remove(&who);
        } else {
            held.by.insert(who, mine);
        }
        drop(held);
        self.given_back.notify_waiters();
    }
}

/// What somebody holds, until it is dropped.
#[derive(Debug)]
pub struct Share<K: Copy + Eq + Hash> {
    of: Arc<Shares<K>>,
    who: K,
    amount: usize,
}

impl<K: Copy + Eq + Hash> Share<K> {
    /// More of it, if there is.
    pub fn grow(&mut self, by: usize) -> bool {
        let grown = self.of.add(self.who, by, Some(self.of.times));
        self.amount += if grown { by } else { 0 };
        grown
    }

    pub fn amount(&self) -> usize {
        self.amount
    }
}

impl<K: Copy + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        self.of.give_back(self.who, self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that somebody gets, one after the other.
    fn all(shares: &Arc<Shares<u8>>, who: u8) -> Vec<Share<u8>> {
        std::iter::from_fn(|| shares.take(who, 1)).collect()
    }

    #[test]
    fn alone_one_has_most_of_it_and_never_all() {
        assert_eq!(all(&Shares::new(96, 2), 1).len(), 64);
        assert_eq!(all(&Shares::new(128, 1), 1).len(), 64);
    }

    #[test]
    fn whoever_takes_all_they_get_something_is_left_for_the_next() {
        let shares = Shares::new(96, 2);
        let mut greedy = Vec::new();
        for who in 0..10 {
            let got = all(&shares, who);
            assert!(!got.is_empty(), "{who}");
            greedy.push(got);
        }
    }

    #[test]
    fn what_is_given_back_is_there_again() {
        let shares = Shares::new(3, 2);
        let held = all(&shares, 1);
        assert!(shares.take(1, 1).is_none());
        drop(held);
        assert_eq!(all(&shares, 1).len(), 2);
        assert!(shares.held().by.is_empty(), "nobody is remembered who holds nothing");
    }

    #[test]
    fn who_holds_nothing_may_have_what_is_left_and_no_more() {
        let shares = Shares::new(10, 1);
        let mut mine = shares.take(1, 9).unwrap();
        assert!(!mine.grow(1), "that would be all, and more than is left");
        assert!(shares.take(2, 2).is_none());
        assert_eq!(shares.take(2, 1).unwrap().amount(), 1);
    }

    #[test]
    fn who_stands_for_many_may_have_it_all() {
        let shares = Shares::new(4, 1);
        let held: Vec<_> = std::iter::from_fn(|| shares.take_for_many(1, 1)).collect();
        assert_eq!(held.len(), 4);
    }

    #[tokio::test]
    async fn what_is_given_back_in_time_is_had() {
        let shares = Shares::new(1, 1);
        let held = shares.take(1, 1);
        assert!(shares.take_within(2, 1, Duration::from_millis(10)).await.is_none());
        let back = async {
            tokio::task::yield_now().await;
            drop(held);
        };
        let (got, ()) = tokio::join!(shares.take_within(2, 1, Duration::from_secs(30)), back);
        assert!(got.is_some());
    }
}
