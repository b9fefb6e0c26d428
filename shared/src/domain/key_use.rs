//! How often an API key was used: counts by the hour and by the day, which are added up.
//!
//! Its one rule: sums, never a list of requests. What it takes to know them does not grow with their number.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use crate::clock::Millis;

/// The span of one count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    Hour,
    Day,
}

impl Bucket {
    /// The number of the bucket that a moment falls into, counted from 1970 in UTC.
    pub fn of(self, at: Millis) -> i64 {
        let seconds = match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
        };
        at.seconds().div_euclid(seconds)
    }

    /// The buckets that are shown: 24 hours, 30 days, each with the one that is not over.
    pub fn shown(self, now: Millis) -> RangeInclusive<i64> {
        let last = self.of(now);
        let more = match self {
            Self::Hour => 23,
            Self::Day => 29,
        };
        last - more..=last
    }
}

/// Requests of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyUse {
    pub hours: BTreeMap<i64, u64>,
    pub days: BTreeMap<i64, u64>,
    pub last_used_at: Option<Millis>,
}

impl KeyUse {
    /// Counts one request.
    pub fn count(&mut self, at: Millis) {
        *self.hours.entry(Bucket::Hour.of(at)).or_default() += 1;
        *self.days.entry(Bucket::Day.of(at)).or_default() += 1;
        self.last_used_at = self.last_used_at.max(Some(at));
    }

    /// Takes up what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.hours, &other.hours), (&mut self.days, &other.days)] {
            for (bucket, count) in theirs {
                *mine.entry(*bucket).or_default() += count;
            }
        }
        self.last_used_at = self.last_used_at.max(other.last_used_at);
    }

    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.days.is_empty()
    }

    /// Requests in this hour and the 23 before it.
    pub fn in_24_hours(&self, now: Millis) -> u64 {
        self.hours.range(Bucket::Hour.shown(now)).map(|(_, count)| count).sum()
    }

    /// Requests on this day and the 29 before it, by UTC.
    pub fn in_30_days(&self, now: Millis) -> u64 {
        self.days.range(Bucket::Day.shown(now)).map(|(_, count)| count).sum()
    }
}

/// A key that was not used for so long reads like one that never was.
pub const REMEMBERED: Duration = Duration::from_secs(400 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    /// 2025-01-21T10:30:00Z
    const NOW: Millis = Millis(1_737_455_400_000);

    #[test]
    fn what_was_counted_passes_out_of_the_day_and_then_out_of_the_month() {
        let mut used = KeyUse::default();
        assert!(used.is_empty());
        used.count(NOW);
        used.count(NOW.plus(HOUR));
        for (later, day, month) in [
            (HOUR, 2, 2),
            (23 * HOUR, 2, 2),
            (24 * HOUR, 1, 2),
            (25 * HOUR, 0, 2),
            // 29 days later by the calendar, to its last moment, and the next.
            (29 * 24 * HOUR + 13 * HOUR, 0, 2),
            (29 * 24 * HOUR + 14 * HOUR, 0, 0),
        ] {
            let now = NOW.plus(later);
            assert_eq!((used.in_24_hours(now), used.in_30_days(now)), (day, month), "{later:?}");
        }
        assert_eq!(used.last_used_at, Some(NOW.plus(HOUR)));
    }

    #[test]
    fn counts_of_several_instances_add_up() {
        let (mut one, mut other) = (KeyUse::default(), KeyUse::default());
        one.count(NOW.plus(HOUR));
        other.count(NOW);
        other.count(NOW.plus(HOUR));
        one.add(&other);
        assert_eq!((one.in_24_hours(NOW.plus(HOUR)), one.in_30_days(NOW.plus(HOUR))), (3, 3));
        assert_eq!(one.last_used_at, Some(NOW.plus(HOUR)));
        assert_eq!(one.hours.len(), 2);
    }
}
