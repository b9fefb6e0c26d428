//! What can be made of one field.
//!
//! Its one rule: none means left out, or refused and noted; which of the two it was, the noted problem tells.

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::Number;
use url::Url;

use super::{Fields, MAX_URL, MAX_WHOLE, Sent, code};
use crate::{
    clock::{self, Millis},
    ids::{EntityId, Id},
    json::{DEPTH, Json, JsonError, Kind, Part},
};

/// Longest text of a whole number, and of any number, as the API document says.
const LONGEST_WHOLE: usize = 40;
const LONGEST_NUMBER: usize = 400;

impl Fields {
    /// Text of at most `max` characters; a number is taken as its digits.
    pub fn text(&mut self, name: &str, max: usize) -> Option<String> {
        let lenient = self.is_lenient(name);
        let text = match self.value(name)? {
            Kind::Text(text) if lenient => Some(text.trim().to_owned()),
            Kind::Text(text) => Some(text.into_owned()),
            Kind::Number(digits) if lenient => Some(digits.to_owned()),
            _ => None,
        };
        let Some(text) = text else { return self.wrong(name, code::TYPE, "must be text") };
        if text.chars().count() > max {
            return self.wrong(name, code::TOO_LONG, &format!("must have at most {max} characters"));
        }
        if text.contains('\0') {
            return self.wrong(name, code::FORMAT, "must not hold a NUL character");
        }
        Some(text)
    }

    /// A secret, with every space that it has; a number is taken as its digits.
    pub fn secret(&mut self, name: &str, max: usize) -> Option<SecretString> {
        let text = match self.value(name)? {
            Kind::Text(text) => Some(text.into_owned()),
            Kind::Number(digits) if self.is_lenient(name) => Some(digits.to_owned()),
            _ => None,
        };
        let Some(text) = text else { return self.wrong(name, code::TYPE, "must be text") };
        if text.chars().count() > max {
            return self.wrong(name, code::TOO_LONG, &format!("must have at most {max} characters"));
        }
        Some(text.into())
    }

    /// A whole number that is not negative.
    pub fn whole(&mut self, name: &str, max: u64) -> Option<u64> {
        let number = match self.value(name)? {
            Kind::Number(digits) => number(digits).and_then(|number| whole_number(&number)),
            Kind::Text(text) if self.is_lenient(name) => short(&text, LONGEST_WHOLE).and_then(whole_text),
            _ => None,
        };
        match number {
            Some(number) if number <= max => Some(number),
            Some(_) => self.wrong(name, code::TOO_LARGE, &format!("must be at most {max}")),
            None => self.wrong(name, code::TYPE, "must be a whole number, 0 or more"),
        }
    }

    /// A number of at most 999,999,999,999,999 either way. One without a fraction is a whole number, however it was written;
    /// one that is nearer to 0 than the store can tell is 0.
    pub fn number(&mut self, name: &str) -> Option<Number> {
        let number = match self.value(name)? {
            Kind::Number(digits) => number(digits).and_then(|number| number.as_f64()),
            Kind::Text(text) if self.is_lenient(name) => {
                short(&text, LONGEST_NUMBER).and_then(|text| text.parse().ok())
            }
            _ => None,
        };
        match number.filter(|number: &f64| number.is_finite()) {
            Some(number) if number.abs() > MOST => {
                self.wrong(name, code::TOO_LARGE, "must have at most 15 digits before the point")
            }
            Some(number) if number.abs() < LEAST => Some(Number::from(0)),
            Some(number) => without_fraction(number).map(Number::from).or_else(|| Number::from_f64(number)),
            None => self.wrong(name, code::TYPE, "must be a number"),
        }
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let flag = match self.value(name)? {
            Kind::Flag(flag) => Some(flag),
            _ if !self.is_lenient(name) => None,
            // 1.0 is 1: some clients write every number with a point.
            Kind::Number(digits) => match number(digits).and_then(|number| whole_number(&number)) {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Kind::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.refuse_as(name, code::TYPE, "must be true or false");
        }
        flag
    }

    /// An id as a number or as text, in any rendering.
    pub fn id<I: EntityId>(&mut self, name: &str) -> Option<I> {
        let id = id_of(&self.value(name)?);
        if id.is_none() {
            self.refuse_as(name, code::TYPE, "must be an id");
        }
        id
    }

    /// An id of this kind, or 0 for "none of them".
    pub fn id_or_none<I: EntityId>(&mut self, name: &str) -> Option<Option<I>> {
        let none = match self.value(name)? {
            Kind::Number(digits) => digits == "0",
            Kind::Text(text) => text.trim() == "0",
            _ => false,
        };
        if none { Some(None) } else { self.id(name).map(Some) }
    }

    /// One of the listed words, whatever its case.
    pub fn one_of<T>(&mut self, name: &str, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let word = match self.value(name)? {
            Kind::Text(text) => text.into_owned(),
            _ => String::new(),
        };
        let word = if self.is_lenient(name) {
            words.iter().find(|known| known.eq_ignore_ascii_case(word.trim()))
        } else {
            words.iter().find(|known| **known == word)
        };
        match word.and_then(|word| parse(word)) {
            Some(value) => Some(value),
            None => self.wrong(name, code::UNLISTED, &format!("must be one of {}", words.join(", "))),
        }
    }

    /// Text to the last blank as it was sent, of at most `max` bytes; any other value as its JSON text.
    pub fn verbatim(&mut self, name: &str, max: usize) -> Option<String> {
        let text = match self.value(name)? {
            Kind::Text(text) => text.into_owned(),
            _ if !self.is_lenient(name) => return self.wrong(name, code::TYPE, "must be text"),
            _ => self.part(name).map(|part| Json::from(part).into_string())?,
        };
        if text.len() > max {
            return self.wrong(name, code::TOO_LONG, &format!("must have at most {max} bytes"));
        }
        Some(text)
    }

    /// A day or a moment: a date, RFC 3339, or a Unix time in seconds or milliseconds, as a number or as its digits.
    pub fn moment(&mut self, name: &str) -> Option<Millis> {
        self.unix_or(name, clock::parse_iso)
    }

    /// The beginning, in UTC, of a day, sent like a [moment](Self::moment). It is the day that was written, whatever the offset:
    /// n8n writes a day as midnight in the zone of its workflow.
    pub fn day(&mut self, name: &str) -> Option<Millis> {
        self.unix_or(name, |text| clock::parse_iso(&clock::parse_day(text)?))
    }

    fn unix_or(&mut self, name: &str, read: impl Fn(&str) -> Option<Millis>) -> Option<Millis> {
        let text = match self.value(name)? {
            Kind::Text(text) => text.trim().to_owned(),
            // 731.0 is 731: some clients write every number with a point.
            Kind::Number(digits) => {
                let whole = digits.parse().ok().and_then(whole_float);
                whole.map_or_else(|| digits.to_owned(), |whole| whole.to_string())
            }
            _ => String::new(),
        };
        let time = if text.bytes().all(|b| b.is_ascii_digit()) {
            text.parse().ok().and_then(unix)
        } else {
            read(&text)
        };
        match time {
            Some(time) => Some(time),
            None => {
                self.wrong(name, code::FORMAT, "must be a date such as 2025-01-21, or a Unix time in seconds")
            }
        }
    }

    /// RFC 3339.
    pub fn time(&mut self, name: &str) -> Option<Millis> {
        let time = match self.value(name)? {
            Kind::Text(text) => clock::parse_iso(&text),
            _ => None,
        };
        match time {
            Some(time) => Some(time),
            None => self.wrong(name, code::FORMAT, "must be a time such as 2025-01-21T10:30:00Z"),
        }
    }

    /// RFC 3339, or a day for its last millisecond.
    pub fn until(&mut self, name: &str) -> Option<Millis> {
        let is_day = matches!(self.value(name), Some(Kind::Text(text)) if clock::is_day(&text));
        let time = self.time(name)?;
        Some(if is_day { clock::end_of_day(time) } else { time })
    }

    /// A day, written as such or as a time of that day.
    pub fn date(&mut self, name: &str) -> Option<String> {
        let day = match self.value(name)? {
            Kind::Text(text) => clock::parse_day(&text),
            _ => None,
        };
        match day {
            Some(day) => Some(day),
            None => self.wrong(name, code::FORMAT, "must be a date such as 2025-01-21"),
        }
    }

    /// A full http or https URL without credentials.
    pub fn url(&mut self, name: &str) -> Option<Url> {
        let text = self.text(name, MAX_URL)?;
        match Url::parse(&text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() => {
                self.wrong(name, code::FORMAT, "must start with http:// or https://")
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                self.wrong(name, code::FORMAT, "must not hold a user name or password")
            }
            Ok(url) => Some(url),
            Err(_) => self.wrong(name, code::FORMAT, "must be a full URL such as https://example.com/path"),
        }
    }

    /// Any JSON value as it was sent. Text that holds a JSON object or array is decoded, because n8n's nodes send
    /// objects as text.
    pub fn json(&mut self, name: &str) -> Option<Json> {
        let inner = match self.value(name)? {
            Kind::Text(text) if self.is_lenient(name) => {
                let text = text.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
                text.starts_with(['{', '[']).then(|| Json::read(text.as_bytes()))
            }
            _ => None,
        };
        match inner {
            Some(Ok(json)) => Some(json),
            Some(Err(JsonError::TooDeep)) => {
                self.wrong(name, code::FORMAT, &format!("must not nest more than {DEPTH} levels deep"))
            }
            _ => self.part(name).map(Json::from),
        }
    }

    /// The field as it stands in the body, absent ones and null as none.
    pub fn bytes(&self, name: &str) -> Option<Bytes> {
        match self.sent(name)? {
            Sent::Json(bytes) if !Part::cut(bytes).is_null() => Some(bytes.clone()),
            _ => None,
        }
    }

    fn part(&self, name: &str) -> Option<Part<'_>> {
        match self.sent(name)? {
            Sent::Json(bytes) => Some(Part::cut(bytes)),
            Sent::Text(_) => None,
        }
    }
}

/// A Unix time up to the year 9999. From 10^11 on it is in milliseconds: as seconds that would be the year 5138.
fn unix(number: i64) -> Option<Millis> {
    let at = Millis(if number < 100_000_000_000 { number * 1000 } else { number });
    (at <= clock::LAST).then_some(at)
}

fn number(digits: &str) -> Option<Number> {
    digits.parse().ok()
}

/// A whole number that is not negative, however it was written.
fn whole_number(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| whole_float(number.as_f64()?))
}

/// An id as a number or as text, in any rendering.
pub fn id<I: EntityId>(part: Part<'_>) -> Option<I> {
    id_of(&part.kind())
}

fn id_of<I: EntityId>(kind: &Kind<'_>) -> Option<I> {
    match kind {
        Kind::Number(digits) => {
            number(digits).as_ref().and_then(whole_number).and_then(Id::from_u64).map(I::of)
        }
        Kind::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "checked to be whole and in range"
)]
fn whole_float(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..=MAX_WHOLE as f64).contains(&number)).then_some(number as u64)
}

/// A number as text without the blanks around it, up to so many bytes.
fn short(text: &str, most: usize) -> Option<&str> {
    Some(text.trim()).filter(|text| text.len() <= most)
}

/// Digits, also with a fraction of nothing: 5.0 is 5.
fn whole_text(text: &str) -> Option<u64> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let whole = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    digits.parse().ok().filter(|_| whole)
}

/// Every whole number up to here is exact, in JSON readers as in DynamoDB.
const MOST: f64 = 999_999_999_999_999.0;
/// DynamoDB refuses what is smaller and not 0.
const LEAST: f64 = 1e-130;

#[expect(clippy::cast_possible_truncation, reason = "whole, and within MOST")]
fn without_fraction(number: f64) -> Option<i64> {
    (number.fract() == 0.0).then_some(number as i64)
}
