//! The one id: 41 bits of milliseconds since 2025-01-01 and 12 bits that make it unique (DESIGN: time-sortable, safe in
//! a JSON number, no counter). Its one rule: every dialect shows the same integer its own way, and each way is accepted.
//! Each kind of entity has a type of its own over it ([`EntityId`]).

mod typed;

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use ring::rand::SecureRandom;
use serde::{Deserialize, Deserializer, Serialize, de::Visitor};

use crate::clock::Millis;

pub use typed::*;

/// 2025-01-01T00:00:00Z in unix milliseconds.
const EPOCH: i64 = 1_735_689_600_000;
/// Largest id: 2^53 - 1, the largest integer that every JSON reader keeps exact.
const MAX: u64 = (1 << 53) - 1;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Id of an entity. Serializes as a JSON integer; reads an integer or any text rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl Id {
    /// An id that no entity has: all of those were made after the epoch's first millisecond.
    pub const SMALLEST: Self = Self(1);

    /// The id made at `now` with these 12 bits.
    pub fn new(now: Millis, unique: u16) -> Self {
        let since = u64::try_from(now.0 - EPOCH).unwrap_or(0);
        Self(((since << 12) | u64::from(unique & 0xfff)) & MAX)
    }

    /// An id read back from where this code wrote it, or a derived one.
    pub fn from_u64(value: u64) -> Option<Self> {
        (value > 0 && value <= MAX).then_some(Self(value))
    }

    pub fn get(self) -> u64 {
        self.0
    }

    /// When it was made, to the millisecond.
    pub fn made_at(self) -> Millis {
        Millis(EPOCH + i64::try_from(self.0 >> 12).unwrap_or(0))
    }

    /// Sixteen digits: sorts as text in the order of creation.
    pub fn sortable(self) -> String {
        format!("{:016}", self.0)
    }

    /// `<prefix>_<base 62>`, as dialect B shows ids (`wf_…`, `exec_…`).
    pub fn prefixed(self, prefix: &str) -> String {
        format!("{prefix}_{}", base62(self.0))
    }

    /// 24 hex digits, as dialect D shows ids.
    pub fn hex24(self) -> String {
        format!("{:024x}", self.0)
    }

    /// A version 8 UUID (RFC 9562 §5.8), as dialect E shows ids: the id fills the last 48 bits and the 5 before them.
    pub fn uuid(self) -> String {
        let high = self.0 >> 48;
        let low = self.0 & 0xffff_ffff_ffff;
        format!("00000000-0000-8000-80{high:02x}-{low:012x}")
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let value = if !text.is_empty() && text.len() <= 16 && text.bytes().all(|b| b.is_ascii_digit()) {
            text.parse().map_err(|_| NotAnId)?
        } else if let Some((_, digits)) = split_prefix(text) {
            from_base62(digits).ok_or(NotAnId)?
        } else if let Some((high, low)) = uuid_digits(text) {
            let hex = |digits| u64::from_str_radix(digits, 16).map_err(|_| NotAnId);
            (hex(high)? << 48) | hex(low)?
        } else if text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            u64::from_str_radix(text, 16).map_err(|_| NotAnId)?
        } else {
            return Err(NotAnId);
        };
        Self::from_u64(value).ok_or(NotAnId)
    }
}

/// `lead_…`: what it is of, and its digits.
fn split_prefix(text: &str) -> Option<(&str, &str)> {
    text.split_once('_')
}

/// The digits of a UUID that may hold an id. That they are digits is looked at here: a number may have a sign.
fn uuid_digits(text: &str) -> Option<(&str, &str)> {
    let (high, low) = text.strip_prefix("00000000-0000-8000-80")?.split_once('-')?;
    let are_digits = |part: &str, many| part.len() == many && part.bytes().all(|b| b.is_ascii_hexdigit());
    (are_digits(high, 2) && are_digits(low, 12)).then_some((high, low))
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

/// Written out: an untagged enum would copy each id before it looks at it, and every entity has several.
struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Id, E> {
        Id::from_u64(value).ok_or_else(|| E::custom(NotAnId))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Id, E> {
        self.visit_u64(u64::try_from(value).unwrap_or(0))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
        text.parse().map_err(E::custom)
    }
}

/// Digits of `value` in base 62, most significant first.
pub fn base62(mut value: u64) -> String {
    let mut digits = Vec::new();
    while value > 0 || digits.is_empty() {
        digits.push(BASE62[usize::try_from(value % 62).unwrap_or(0)]);
        value /= 62;
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

fn from_base62(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 11 {
        return None;
    }
    text.bytes().try_fold(0u64, |value, byte| {
        let digit = BASE62.iter().position(|candidate| *candidate == byte)?;
        value.checked_mul(62)?.checked_add(u64::try_from(digit).ok()?)
    })
}

/// Where ids and random text come from.
pub trait Ids: Send + Sync + 'static {
    /// A new id; ids of one source grow strictly.
    fn id(&self, now: Millis) -> Id;

    /// `length` unbiased base-62 characters of secret quality.
    fn secret(&self, length: usize) -> String;
}

/// Randomness of the machine.
#[derive(Debug, Default)]
pub struct SystemIds {
    last: AtomicU64,
    random: RandomBytes,
}

#[derive(Debug, Default)]
struct RandomBytes(std::sync::OnceLock<ring::rand::SystemRandom>);

impl RandomBytes {
    fn fill(&self, bytes: &mut [u8]) {
        let source = self.0.get_or_init(ring::rand::SystemRandom::new);
        // The kernel's generator does not fail once the machine is up; without it nothing here would be safe to do.
        while source.fill(bytes).is_err() {
            std::thread::yield_now();
        }
    }
}

impl Ids for SystemIds {
    fn id(&self, now: Millis) -> Id {
        let mut bytes = [0; 2];
        self.random.fill(&mut bytes);
        grow(&self.last, Id::new(now, u16::from_le_bytes(bytes)))
    }

    fn secret(&self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        let mut bytes = [0; 64];
        while text.len() < length {
            self.random.fill(&mut bytes);
            // 248 is the largest multiple of 62 below 256: taking bytes above it would favour some characters.
            let digits = bytes
                .iter()
                .filter(|byte| **byte < 248)
                .map(|byte| char::from(BASE62[usize::from(byte % 62)]));
            text.extend(digits.take(length - text.len()));
        }
        text
    }
}

/// A predictable source for tests: the same calls give the same ids and texts.
#[derive(Debug, Default)]
pub struct SeededIds {
    last: AtomicU64,
    calls: AtomicU64,
}

impl SeededIds {
    /// The next id is this one, or a later one where so many were given.
    pub fn skip_to(&self, id: Id) {
        self.last.fetch_max(id.0 - 1, SeqCst);
    }
}

impl Ids for SeededIds {
    fn id(&self, now: Millis) -> Id {
        grow(&self.last, Id::new(now, 1))
    }

    fn secret(&self, length: usize) -> String {
        let call = self.calls.fetch_add(1, SeqCst);
        let mut state = call.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5555;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                char::from(BASE62[usize::try_from((state >> 33) % 62).unwrap_or(0)])
            })
            .collect()
    }
}

/// The candidate, or the one after the last where the candidate does not lie ahead of it.
fn grow(last: &AtomicU64, candidate: Id) -> Id {
    let mut previous = last.load(SeqCst);
    loop {
        let next = candidate.0.max(previous + 1);
        match last.compare_exchange(previous, next, SeqCst, SeqCst) {
            Ok(_) => return Id(next),
            Err(now) => previous = now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rendering_reads_back() {
        for value in [1, 42, 4096, 1 << 47, (1 << 48) + 5, MAX] {
            let id = Id(value);
            for text in [id.to_string(), id.sortable(), id.prefixed("wf"), id.hex24(), id.uuid()] {
                assert_eq!(text.parse::<Id>(), Ok(id), "{text}");
            }
        }
    }

    #[test]
    fn an_id_in_json_is_a_number_or_any_rendering() {
        let id = Id(244_357_204_758_526);
        for json in [id.to_string(), format!("\"{id}\""), format!("\"{}\"", id.prefixed("wf"))] {
            assert_eq!(crate::json::from_str::<Id>(&json).unwrap(), id, "{json}");
            let value = crate::testing::json(&json).unwrap();
            assert_eq!(Id::deserialize(&value).unwrap(), id, "{json}");
        }
        for json in ["0", "-1", "1.5", "true", "null", "[1]", "9007199254740992", "\"\""] {
            assert!(crate::json::from_str::<Id>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "0",
            "-1",
            "1.5",
            "abc",
            "wf_",
            "wf_!",
            "99999999999999999",
            "9007199254740992",
            "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "00000000-0000-8000-8000-+0000000002a",
            "00000000-0000-8000-80+1-00000000002a",
            "00000000-0000-8000-8000x00000000002a",
        ] {
            assert_eq!(text.parse::<Id>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn ids_of_one_millisecond_differ_and_grow() {
        let ids = SystemIds::default();
        let made: Vec<_> = (0..10_000).map(|_| ids.id(Millis(EPOCH + 5))).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn an_id_knows_when_it_was_made() {
        assert_eq!(Id::new(Millis(EPOCH + 123_456), 7).made_at(), Millis(EPOCH + 123_456));
    }

    #[test]
    fn secrets_have_the_asked_length_and_differ() {
        let ids = SystemIds::default();
        assert_eq!(ids.secret(30).len(), 30);
        assert_ne!(ids.secret(30), ids.secret(30));
    }
}
