//! Time as a port. Its one rule: nothing else in the house asks the system for the time.

mod deadline;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub use deadline::Deadline;

/// Unix time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Whether less than `span` lies between the two. What lies farther ahead than that was written by a clock that has been
    /// set back since, and is as good as past.
    pub fn is_within(self, span: Duration, of: Self) -> bool {
        Duration::from_millis(self.0.abs_diff(of.0)) < span
    }

    /// Time from `earlier` to here, zero when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// The first moment that RFC 3339 can tell: the year 0.
pub const FIRST: Millis = Millis(-62_167_219_200_000);
/// The last one: the end of the year 9999.
pub const LAST: Millis = Millis(253_402_300_799_999);

/// RFC 3339 in UTC with whole seconds (`2025-01-21T10:30:00Z`), as the documents show times.
pub fn iso(at: Millis) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

/// RFC 3339 in UTC with milliseconds.
pub fn iso_millis(at: Millis) -> String {
    let seconds = iso(at);
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), at.0.rem_euclid(1000))
}

/// Reads RFC 3339 with any offset, also as ISO 8601 and databases write it (`+0000`, `+00`, no seconds), or a plain date (its first moment in UTC). What lies before [`FIRST`] or after [`LAST`]
/// in UTC is none, because it could not be shown.
pub fn parse_iso(text: &str) -> Option<Millis> {
    let nanos = parse(text)?.unix_timestamp_nanos();
    i64::try_from(nanos.div_euclid(1_000_000)).ok().map(Millis).filter(|at| (FIRST..=LAST).contains(at))
}

/// The day (`2025-01-21`) in what [`parse_iso`] reads, where the time was written: a day is not moved to UTC.
pub fn parse_day(text: &str) -> Option<String> {
    parse(text).map(|time| time.date().to_string())
}

/// Whether what [`parse_iso`] reads is a mere day.
pub fn is_day(text: &str) -> bool {
    parse_day(text).is_some_and(|day| day == text.trim())
}

/// The last moment of the day, in UTC.
pub fn end_of_day(at: Millis) -> Millis {
    const DAY: i64 = 24 * 3_600 * 1_000;
    Millis((at.0.div_euclid(DAY) + 1) * DAY - 1)
}

fn parse(text: &str) -> Option<OffsetDateTime> {
    const DAY: usize = "2025-01-21".len();
    let text = text.trim();
    let (day, rest) = (text.get(..DAY)?, text.get(DAY..)?);
    let rest = match rest.strip_prefix(['T', 't', ' ']) {
        Some(rest) => rest,
        None if rest.is_empty() => "00:00:00Z",
        None => return None,
    };
    let (time, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len()));
    let time = time.trim_end().replace(',', ".");
    let seconds = if time.len() == "10:30".len() { ":00" } else { "" };
    let offset = offset_of(offset)?;
    OffsetDateTime::parse(&format!("{day}T{time}{seconds}{offset}"), &Rfc3339).ok()
}

/// An offset as RFC 3339 writes it: `+01:00` of `+01:00`, `+0100` and `+01`; a time without any is one of UTC.
fn offset_of(text: &str) -> Option<String> {
    if matches!(text, "" | "Z" | "z") {
        return Some("Z".into());
    }
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        _ => digits.split_once(':')?,
    };
    Some(format!("{sign}{hours}:{minutes}"))
}

/// A moment by both clocks: the one that people can set, and the one that only goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub now: Millis,
    pub monotonic: Duration,
}

impl Moment {
    /// Whether less than `span` has passed since `earlier` by both clocks. The one that people can set may be set back, which
    /// ends it too; the other one may stand still while an environment of Lambda is frozen or a laptop sleeps.
    pub fn is_within(self, span: Duration, earlier: Self) -> bool {
        self.now >= earlier.now
            && self.now.since(earlier.now) < span
            && self.monotonic.saturating_sub(earlier.monotonic) < span
    }

    /// How far the clock that people can set went back since `earlier`; zero when it did not.
    pub fn set_back_since(self, earlier: Self) -> Duration {
        let passed = self.monotonic.saturating_sub(earlier.monotonic);
        earlier.now.plus(passed).since(self.now)
    }
}

/// The time, and waiting for it to pass.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Millis;

    /// Time since some moment in this process's life, which nobody can set back.
    fn monotonic(&self) -> Duration;

    fn moment(&self) -> Moment {
        Moment { now: self.now(), monotonic: self.monotonic() }
    }

    /// Waits. Only ever short: whatever may take longer than a request is a debt in the due index.
    async fn sleep(&self, span: Duration);
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    fn now(&self) -> Millis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    fn monotonic(&self) -> Duration {
        static START: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        START.elapsed()
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct FixedClock {
    now: AtomicI64,
    /// Nanoseconds.
    passed: AtomicU64,
}

impl FixedClock {
    pub fn at(now: Millis) -> Self {
        Self { now: AtomicI64::new(now.0), passed: AtomicU64::new(0) }
    }

    /// Time passes.
    pub fn advance(&self, span: Duration) {
        self.now.store(self.now().plus(span).0, SeqCst);
        self.passed.fetch_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX), SeqCst);
    }

    /// Somebody sets the clock back. No time passes.
    pub fn set_back(&self, span: Duration) {
        self.now.fetch_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX), SeqCst);
    }
}

#[async_trait]
impl Clock for FixedClock {
    fn now(&self) -> Millis {
        Millis(self.now.load(SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.passed.load(SeqCst))
    }

    /// The sleeper's time passes for everybody, at once.
    async fn sleep(&self, span: Duration) {
        self.advance(span);
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        assert_eq!(iso(Millis(1_737_455_400_123)), "2025-01-21T10:30:00Z");
        assert_eq!(iso_millis(Millis(1_737_455_400_007)), "2025-01-21T10:30:00.007Z");
        for text in [
            "2025-01-21T10:30:00Z",
            "2025-01-21T11:30:00+01:00",
            "2025-01-21T10:30:00.000Z",
            "2025-01-21T10:30:00",
            "2025-01-21T10:30",
            "2025-01-21t10:30:00z",
            "2025-01-21 10:30:00",
            "2025-01-21T10:30:00+0000",
            "2025-01-21T16:00:00+0530",
            "2025-01-21 05:30:00-05",
            "2025-01-21 10:30:00.000+00",
            "2025-01-21 11:30:00 +0100",
            "2025-01-21T10:30:00,000Z",
        ] {
            assert_eq!(parse_iso(text), Some(Millis(1_737_455_400_000)), "{text}");
        }
        assert_eq!(parse_iso("2025-01-21"), Some(Millis(1_737_417_600_000)));
        for text in [
            "yesterday",
            "2025-01-21X10:30:00Z",
            "2025-01-21T10:30:00+1",
            "2025-01-21T10:30:00+010",
            "2025-01-21T10:30:00+01:0",
            "2025-01-21T10:30:00+é0",
            "2025-01-21T10:30:00+01:00Z",
            "2025-01-21T",
            "2025-01-21T10",
            "2025-01-21T10:30:00 Z Z",
        ] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_ends_by_whichever_clock_says_so_first() {
        let at = |now, monotonic| Moment { now: Millis(now), monotonic: Duration::from_millis(monotonic) };
        let (start, span) = (at(1_000, 0), Duration::from_millis(100));
        for (later, within, set_back) in [
            (at(1_000, 0), true, 0),
            (at(1_099, 99), true, 0),
            (at(1_100, 100), false, 0),
            (at(1_100, 0), false, 0), // frozen, or set forward
            (at(1_050, 100), false, 50),
            (at(999, 1), false, 2),
            (at(0, 50), false, 1_050),
        ] {
            assert_eq!(later.is_within(span, start), within, "{later:?}");
            assert_eq!(later.set_back_since(start), Duration::from_millis(set_back), "{later:?}");
        }
    }

    #[test]
    fn what_lies_far_ahead_is_as_good_as_past() {
        let span = Duration::from_secs(1);
        for (now, of, within) in [
            (5_000, 5_000, true),
            (5_999, 5_000, true),
            (6_000, 5_000, false),
            (5_000, 5_999, true),
            (0, 6_000, false),
        ] {
            assert_eq!(Millis(now).is_within(span, Millis(of)), within, "{now} {of}");
        }
    }

    #[test]
    fn the_machines_other_clock_goes_forward() {
        let (first, second) = (SystemClock.monotonic(), SystemClock.monotonic());
        assert!(first <= second);
        let fixed = FixedClock::at(Millis(10_000));
        fixed.advance(Duration::from_secs(2));
        fixed.set_back(Duration::from_secs(5));
        assert_eq!(fixed.moment(), Moment { now: Millis(7_000), monotonic: Duration::from_secs(2) });
    }

    #[test]
    fn a_moment_that_is_read_can_be_shown() {
        for (text, shown) in [
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000Z")),
            ("1969-12-31T23:59:59.9995Z", Some("1969-12-31T23:59:59.999Z")),
            ("9999-12-31T23:59:59.999Z", Some("9999-12-31T23:59:59.999Z")),
            ("0000-01-01T00:00:00+00:01", None),
            ("9999-12-31T23:59:59-00:01", None),
        ] {
            assert_eq!(parse_iso(text).map(iso_millis).as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn a_day_is_the_one_where_the_time_was_written() {
        for text in
            ["2025-01-21", "2025-01-21T23:30:00-05:00", "2025-01-21T00:10:00+09:00", " 2025-01-21T10:30:00Z "]
        {
            assert_eq!(parse_day(text).as_deref(), Some("2025-01-21"), "{text}");
        }
        for text in ["2025-02-29", "2025-13-01", "2025-1-21", "21.01.2025", ""] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }
}
