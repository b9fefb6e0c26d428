//! The compiled table and how its rows are read. Rows refer to each other by index and to texts by place, so the whole
//! table is read-only data without pointers: it costs nothing at start and is paged in where it is touched.

use super::money::Rates;

include!(concat!(env!("OUT_DIR"), "/prices.rs"));

/// Says "no rule" where a row may have one.
pub(super) const NO_RULE: u16 = u16::MAX;
const NO_RATE: u32 = u32::MAX;

/// A piece of the one string that holds all texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    at: u32,
    len: u16,
}

const fn t(at: u32, len: u16) -> Text {
    Text { at, len }
}

impl Text {
    pub(super) fn get(self) -> &'static str {
        let at = self.at as usize;
        TEXT.get(at..at + usize::from(self.len)).unwrap_or_default()
    }
}

/// Neighbouring rows of some table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    from: u16,
    to: u16,
}

const fn s(from: u16, to: u16) -> Span {
    Span { from, to }
}

impl Span {
    pub(super) fn of<T>(self, rows: &'static [T]) -> &'static [T] {
        rows.get(usize::from(self.from)..usize::from(self.to)).unwrap_or_default()
    }

    pub(super) fn contains(self, row: u16) -> bool {
        (self.from..self.to).contains(&row)
    }
}

#[derive(Debug)]
pub(super) struct Provider {
    pub(super) id: Text,
    pub(super) models: Span,
    /// Its part of `LOOSE`.
    pub(super) loose: Span,
    /// The rule over model ids that makes a model this provider's family.
    pub(super) claims: u16,
    /// The rule over other names of the provider itself.
    pub(super) names: u16,
    /// Providers whose models it sells at their price.
    pub(super) fallbacks: &'static [u8],
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) id: Text,
    pub(super) provider: u8,
    /// What claims an id for this model beside the equalities in `EXACT`.
    pub(super) rule: u16,
    dated: Span,
}

impl Model {
    pub(super) fn provider(&self) -> Option<&'static Provider> {
        PROVIDERS.get(usize::from(self.provider))
    }

    /// The last row in force wins, as the data orders them; `None` when nothing is billed by the token.
    pub(super) fn prices_at(&self, at_ms: i64) -> Option<&'static PriceSet> {
        let rows = self.dated.of(&DATED);
        let row = rows.iter().rev().find(|row| row.when.covers(at_ms)).or(rows.first())?;
        SETS.get(usize::from(row.set?))
    }
}

/// A model id that belongs to a model by equality. Sorted by key, then by model.
#[derive(Debug)]
pub(super) struct Exact {
    pub(super) key: Text,
    pub(super) model: u16,
}

/// A matching rule over a lowercased id; spans and indexes point into `RULES`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    All(Span),
    Any(Span),
    Not(u16),
    Contains(Text),
    EndsWith(Text),
    Equals(Text),
    StartsWith(Text),
    /// Steps from the first character on; true when nothing may follow.
    Shape(Span, bool),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Literal(Text),
    Digits(u8),
    OneOf(Text),
}

#[derive(Debug)]
pub(super) struct Dated {
    when: When,
    set: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    Always,
    /// From this Unix millisecond on.
    From(i64),
    /// Between two times of day, in milliseconds since midnight UTC; over midnight when the second is smaller.
    Daily(u32, u32),
}

impl When {
    fn covers(self, at_ms: i64) -> bool {
        const DAY_MS: i64 = 86_400_000;
        match self {
            Self::Always => true,
            Self::From(start) => at_ms >= start,
            Self::Daily(from, to) => {
                let (from, to, now) = (i64::from(from), i64::from(to), at_ms.rem_euclid(DAY_MS));
                if to < from { now >= from || now < to } else { now >= from && now < to }
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct PriceSet {
    pub(super) base: Row,
    /// Its part of `TIERS`, lowest first.
    pub(super) tiers: Span,
}

/// The rates of a call with more input tokens than `above`.
#[derive(Debug)]
pub(super) struct Tier {
    pub(super) above: u32,
    pub(super) rates: Row,
}

/// Pico-dollars per token. 32 bits reach 4,294 USD per million tokens; the build refuses more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    input: u32,
    output: u32,
    cache_read: u32,
    cache_write: u32,
    cache_write_1h: u32,
}

impl Row {
    pub(super) fn rates(self) -> Rates {
        let some = |rate: u32| (rate != NO_RATE).then_some(u64::from(rate));
        Rates {
            input: u64::from(self.input),
            output: u64::from(self.output),
            cache_read: some(self.cache_read),
            cache_write: some(self.cache_write),
            cache_write_1h: some(self.cache_write_1h),
        }
    }
}
