//! Reading JSON that others wrote: one pass, no tree, and a value of the wrong type is the same as no value.
//!
//! A taker says what it wants of a value by overriding one or two methods of [`Take`]; everything else that may stand
//! there is stepped over. Only text that is not JSON at all is an error.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::leftover::is_leftover;
use crate::clock;

/// What to do with a value, by its JSON type. Unless overridden, the value is stepped over.
pub(super) trait Take<'de>: Sized {
    fn text(self, _text: &str) {}

    /// Numbers come in as they would be printed by `{}`; see [`Number`].
    fn number(self, _number: Number) {}

    fn flag(self, _flag: bool) {}

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// A JSON number, whole wherever it can be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Whole(u64),
    Negative(i64),
    Real(f64),
}

impl Number {
    /// The number as a count; `None` if it is negative or not whole.
    pub(super) fn count(self) -> Option<u64> {
        match self {
            Self::Whole(n) => Some(n),
            Self::Negative(_) => None,
            Self::Real(n) => whole(n),
        }
    }
}

/// `3.0` is a count that went through a language with one number type; `3.5` is none. Past 2^53 a double is no count.
fn whole(n: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if n.fract() == 0.0 && (0.0..=EXACT).contains(&n) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be whole and in range"
        )]
        return Some(n as u64);
    }
    None
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(n) => n.fmt(f),
            Self::Negative(n) => n.fmt(f),
            Self::Real(n) => n.fmt(f),
        }
    }
}

/// Hands whatever value comes to a taker.
pub(super) struct Any<T>(pub(super) T);

impl<'de, T: Take<'de>> DeserializeSeed<'de> for Any<T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Take<'de>> Visitor<'de> for Any<T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(text);
        Ok(())
    }

    fn visit_u64<E>(self, n: u64) -> Result<(), E> {
        self.0.number(Number::Whole(n));
        Ok(())
    }

    fn visit_i64<E>(self, n: i64) -> Result<(), E> {
        self.0.number(u64::try_from(n).map_or(Number::Negative(n), Number::Whole));
        Ok(())
    }

    fn visit_f64<E>(self, n: f64) -> Result<(), E> {
        self.0.number(Number::Real(n));
        Ok(())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.0.flag(flag);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.0.seq(seq)
    }
}

/// An object key, borrowed where the text has no escapes.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Walks an object: each named key goes to its taker, every other value is stepped over without being decoded.
macro_rules! fields {
    ($map:ident, { $($($key:literal)|+ => $take:expr,)* }) => {{
        while let Some(key) = $map.next_key::<Key<'_>>()? {
            match &*key.0 {
                $($($key)|+ => $map.next_value_seed(Any($take))?,)*
                _ => { $map.next_value::<serde::de::IgnoredAny>()?; }
            }
        }
        Ok(())
    }};
}
pub(super) use fields;

/// Hands each element of an array to a taker of its own.
macro_rules! each {
    ($seq:ident, $take:expr) => {{
        while $seq.next_element_seed(Any($take))?.is_some() {}
        Ok(())
    }};
}
pub(super) use each;

/// Longest name, id or token that is kept, in bytes. n8n's own names are far shorter.
pub(super) const NAME_BYTES: usize = 1024;

/// Text, or a number as text. The first value wins: a nested `data` object never overrides its row.
pub(super) struct Text<'a>(pub(super) &'a mut Option<String>);

impl Take<'_> for Text<'_> {
    fn text(self, text: &str) {
        if self.0.is_none() && !text.is_empty() {
            *self.0 = Some(shorten(text, NAME_BYTES).to_owned());
        }
    }

    fn number(self, number: Number) {
        if self.0.is_none() {
            *self.0 = Some(number.to_string());
        }
    }
}

/// An id or the name of a model. What an expression leaves behind that found nothing is the same as absence.
pub(super) struct Named<'a>(pub(super) &'a mut Option<String>);

impl Take<'_> for Named<'_> {
    fn text(self, text: &str) {
        if !is_leftover(text.trim()) {
            Text(self.0).text(text);
        }
    }

    fn number(self, number: Number) {
        Text(self.0).number(number);
    }
}

/// Text that people will read, cut to a length in bytes.
pub(super) struct Prose<'a>(pub(super) &'a mut Option<String>, pub(super) usize);

impl Take<'_> for Prose<'_> {
    fn text(self, text: &str) {
        if self.0.is_none() && !text.is_empty() {
            *self.0 = Some(shorten(text, self.1).to_owned());
        }
    }
}

/// The longest prefix of at most `bytes` bytes that does not split a character.
pub(super) fn shorten(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// A count: a whole number that is not negative, or its decimal digits as text.
pub(super) struct Count<'a>(pub(super) &'a mut Option<u64>);

impl Take<'_> for Count<'_> {
    fn text(self, text: &str) {
        *self.0 = text.trim().parse().ok().or(*self.0);
    }

    fn number(self, number: Number) {
        *self.0 = number.count().or(*self.0);
    }
}

pub(super) struct Flag<'a>(pub(super) &'a mut Option<bool>);

impl Take<'_> for Flag<'_> {
    fn flag(self, flag: bool) {
        self.0.get_or_insert(flag);
    }
}

/// An instant in unix milliseconds: a text that [`clock::parse_iso`] reads, or a number that is milliseconds already. One
/// that could not be shown is none.
pub(super) struct Instant<'a>(pub(super) &'a mut Option<i64>);

impl Take<'_> for Instant<'_> {
    fn text(self, text: &str) {
        if self.0.is_none() {
            *self.0 = clock::parse_iso(text).map(|at| at.0);
        }
    }

    fn number(self, number: Number) {
        if self.0.is_none() {
            *self.0 = number.count().and_then(|n| i64::try_from(n).ok()).filter(|at| *at <= clock::LAST.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_milliseconds_whatever_the_offset() {
        for (text, ms) in [
            ("2026-11-22T00:05:35.655Z", Some(1_795_305_935_655)),
            ("2026-11-22T01:05:35.655+01:00", Some(1_795_305_935_655)),
            ("1969-12-31T23:59:59.9995Z", Some(-1)),
            ("yesterday", None),
            ("9999-12-31T23:59:59-01:00", None),
        ] {
            let mut at = None;
            Instant(&mut at).text(text);
            assert_eq!(at, ms, "{text}");
        }
    }

    #[test]
    fn a_number_that_no_calendar_has_is_no_instant() {
        let mut at = None;
        Instant(&mut at).number(Number::Whole(clock::LAST.0.unsigned_abs() + 1));
        assert_eq!(at, None);
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(shorten("aé", 2), "a");
        assert_eq!(shorten("aé", 3), "aé");
        assert_eq!(shorten("", 3), "");
    }

    #[test]
    fn only_whole_numbers_that_are_not_negative_are_counts() {
        assert_eq!(Number::Real(3.0).count(), Some(3));
        assert_eq!(Number::Real(3.5).count(), None);
        assert_eq!(Number::Negative(-1).count(), None);
        assert_eq!(Number::Real(f64::INFINITY).count(), None);
    }
}
