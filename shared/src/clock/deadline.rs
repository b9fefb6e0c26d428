//! One end for everything that belongs together.
//!
//! Its one rule: what cannot end before the deadline is not begun. Whoever claims something makes the deadline with the
//! claim, and every call, pause and send inside asks it first.

use std::time::Duration;

use super::{Clock, Millis};

/// With less than this left, nothing is begun any more: it would only be cut off.
const SHORTEST: Duration = Duration::from_secs(1);

/// The same for what somebody waits for who will not wait long: what is begun should mostly end.
const SHORTEST_BRIEF: Duration = Duration::from_millis(250);

/// When a piece of work must have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    end: Millis,
    /// With less than this left, nothing is begun any more.
    shortest: Duration,
}

impl Deadline {
    pub fn at(end: Millis) -> Self {
        Self { end, shortest: SHORTEST }
    }

    /// An end that is less than a few seconds away from its beginning.
    pub fn brief(end: Millis) -> Self {
        Self { end, shortest: SHORTEST_BRIEF }
    }

    pub fn left(self, now: Millis) -> Duration {
        self.end.since(now)
    }

    /// The time-out of something that takes up to `most`: the lesser of that and of what is left. None when it is too late to
    /// begin.
    pub fn time_for(self, most: Duration, now: Millis) -> Option<Duration> {
        let left = self.left(now);
        (left >= self.shortest).then(|| left.min(most))
    }

    /// Waits, if something can still be begun afterwards. Returns whether it did.
    pub async fn pause(self, span: Duration, clock: &dyn Clock) -> bool {
        let worth = self.left(clock.now()) >= span + self.shortest;
        if worth {
            clock.sleep(span).await;
        }
        worth
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_earlier_end_counts_however_brief() {
        let (long, brief) = (Deadline::at(Millis(25_000)), Deadline::brief(Millis(850)));
        let end = long.min(brief);
        assert_eq!(end.time_for(8 * SECOND, Millis(500)), Some(Duration::from_millis(350)));
        assert_eq!(end.time_for(8 * SECOND, Millis(601)), None);
    }

    #[tokio::test]
    async fn nothing_is_begun_that_cannot_end() {
        let clock = FixedClock::at(Millis(0));
        let end = Deadline::at(Millis(10_000));
        assert_eq!(end.time_for(8 * SECOND, clock.now()), Some(8 * SECOND));
        clock.advance(4 * SECOND);
        assert_eq!(end.time_for(8 * SECOND, clock.now()), Some(6 * SECOND));
        assert!(end.pause(5 * SECOND, &clock).await);
        assert_eq!((clock.now(), end.time_for(8 * SECOND, clock.now())), (Millis(9000), Some(SECOND)));
        assert!(!end.pause(Duration::from_millis(1), &clock).await, "nothing could be begun afterwards");
        clock.advance(Duration::from_millis(1));
        assert_eq!(end.time_for(8 * SECOND, clock.now()), None);
    }
}
