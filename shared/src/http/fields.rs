//! Reads the fields of a JSON object and gathers everything that is wrong with them, so that a caller hears of all
//! mistakes at once.
//!
//! Its one rule: what n8n makes of a value is accepted. A value typed into a key/value field arrives as text ("399",
//! "true"), an expression that found nothing as "" or null.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::Number;
use url::Url;

use super::extract::malformed;
use crate::{
    clock::{self, Millis},
    domain::words,
    error::{Error, ErrorKind, Result},
    ids::{EntityId, Id},
    json::{self, DEPTH, Json, JsonError, Kind, Part},
};

/// Greatest whole number that every JSON reader keeps exact: 2^53 - 1.
pub const MAX_WHOLE: u64 = (1 << 53) - 1;

/// Longest address in characters: presigned links have thousands.
pub const MAX_URL: usize = 8192;

/// Longest text of a whole number, and of any number, as the API document says.
const LONGEST_WHOLE: usize = 40;
const LONGEST_NUMBER: usize = 400;

/// Most bodies have no more.
const USUAL_FIELDS: usize = 16;
/// Fields of one body. No route knows as many, custom fields and all.
pub const MAX_FIELDS: usize = 1000;

/// The fields of one request body, where they stand in it: a field is decoded when it is asked for.
#[derive(Debug, Default)]
pub struct Fields {
    /// In their order; of several of one name the last counts.
    members: Vec<(Bytes, Sent)>,
    errors: BTreeMap<String, Vec<String>>,
}

/// A field as it was sent.
#[derive(Debug, Clone)]
enum Sent {
    /// A part of the body.
    Json(Bytes),
    /// A parameter of the query.
    Text(String),
}

impl Sent {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Json(bytes) => Part::cut(bytes).kind(),
            Self::Text(text) => Kind::Text(text.into()),
        }
    }
}

impl FromIterator<(String, String)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(sent: I) -> Self {
        let members = sent.into_iter().map(|(name, text)| (name.into(), Sent::Text(text))).collect();
        Self { members, errors: BTreeMap::new() }
    }
}

impl Fields {
    /// The JSON object in a body. No body at all reads as an empty object, so that the missing fields are named.
    pub fn read(body: &Bytes) -> Result<Self> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let body = json::document(body).map_err(|error| malformed(&error))?;
        let root = Part::cut(&body);
        if !root.is_object() {
            return Err(Error::new(ErrorKind::Malformed, "not_an_object", "The body must be a JSON object."));
        }
        let mut fields = Self { members: Vec::with_capacity(USUAL_FIELDS), ..Self::default() };
        for (name, value) in root.members() {
            if fields.members.len() == MAX_FIELDS {
                let message = format!("The body has more than {MAX_FIELDS} fields.");
                return Err(Error::new(ErrorKind::Malformed, "too_many_members", message));
            }
            let value = body.slice_ref(value.as_str().as_bytes());
            let name = match name {
                Cow::Borrowed(name) => body.slice_ref(name.as_bytes()),
                Cow::Owned(name) => name.into(),
            };
            fields.members.push((name, Sent::Json(value)));
        }
        Ok(fields)
    }

    fn sent(&self, name: &str) -> Option<&Sent> {
        self.members.iter().rev().find(|(known, _)| known == name).map(|(_, sent)| sent)
    }

    /// Whether the caller sent the field, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.sent(name).is_some()
    }

    /// Reads `alias` where `name` was not sent.
    pub fn alias(&mut self, name: &str, alias: &str) {
        if self.value(name).is_none()
            && let Some(sent) = self.sent(alias).cloned()
        {
            self.members.retain(|(known, _)| known != alias);
            self.members.push((name.to_owned().into(), sent));
        }
    }

    /// Whether the caller sent null for the field.
    pub fn is_null(&self, name: &str) -> bool {
        self.sent(name).is_some_and(|sent| sent.kind() == Kind::Null)
    }

    /// The names of all fields that were sent.
    pub fn names(&self) -> BTreeSet<String> {
        self.members.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    /// Adds a problem.
    pub fn refuse(&mut self, name: &str, problem: impl Into<String>) {
        self.errors.entry(name.into()).or_default().push(problem.into());
    }

    /// Adds a problem where the field is absent, null or blank.
    pub fn require(&mut self, name: &str) {
        if self.value(name).is_none() {
            self.refuse(name, "is required");
        }
    }

    /// Whether something is wrong with the field already.
    pub fn is_refused(&self, name: &str) -> bool {
        self.errors.contains_key(name)
    }

    /// What was found to be wrong, if anything.
    pub fn finish(self) -> Result<()> {
        if self.errors.is_empty() { Ok(()) } else { Err(Error::fields(self.errors)) }
    }

    /// The value, none when it is absent, null or blank text.
    fn value(&self, name: &str) -> Option<Kind<'_>> {
        match self.sent(name)?.kind() {
            Kind::Null => None,
            Kind::Text(text) if words::is_blank(&text) => None,
            kind => Some(kind),
        }
    }

    /// Text of at most `max` characters; a number is taken as its digits.
    pub fn text(&mut self, name: &str, max: usize) -> Option<String> {
        let text = match self.value(name)? {
            Kind::Text(text) => Some(text.trim().to_owned()),
            Kind::Number(digits) => Some(digits.to_owned()),
            _ => None,
        };
        let Some(text) = text else { return self.wrong(name, "must be text") };
        if text.chars().count() > max {
            return self.wrong(name, &format!("must have at most {max} characters"));
        }
        if text.contains('\0') {
            return self.wrong(name, "must not hold a NUL character");
        }
        Some(text)
    }

    pub fn required_text(&mut self, name: &str, max: usize) -> String {
        self.required(name, |fields| fields.text(name, max))
    }

    /// A secret, with every space that it has; a number is taken as its digits.
    pub fn required_secret(&mut self, name: &str, max: usize) -> SecretString {
        self.required(name, |fields| {
            let text = match fields.value(name)? {
                Kind::Text(text) => Some(text.into_owned()),
                Kind::Number(digits) => Some(digits.to_owned()),
                _ => None,
            };
            let Some(text) = text else { return fields.wrong(name, "must be text") };
            if text.chars().count() > max {
                return fields.wrong(name, &format!("must have at most {max} characters"));
            }
            Some(text.into())
        })
    }

    /// Text that may be left out but not emptied.
    pub fn kept_text(&mut self, name: &str, max: usize) -> Option<String> {
        if self.has(name) && self.value(name).is_none() {
            return self.wrong(name, "must not be empty");
        }
        self.text(name, max)
    }

    /// A whole number that is not negative.
    pub fn whole(&mut self, name: &str, max: u64) -> Option<u64> {
        let number = match self.value(name)? {
            Kind::Number(digits) => number(digits).and_then(|number| whole_number(&number)),
            Kind::Text(text) => short(&text, LONGEST_WHOLE).and_then(whole_text),
            _ => None,
        };
        match number {
            Some(number) if number <= max => Some(number),
            Some(_) => self.wrong(name, &format!("must be at most {max}")),
            None => self.wrong(name, "must be a whole number, 0 or more"),
        }
    }

    pub fn required_whole(&mut self, name: &str, max: u64) -> u64 {
        self.required(name, |fields| fields.whole(name, max))
    }

    /// A number of at most 999,999,999,999,999 either way. One without a fraction is a whole number, however it was written;
    /// one that is nearer to 0 than the store can tell is 0.
    pub fn number(&mut self, name: &str) -> Option<Number> {
        let number = match self.value(name)? {
            Kind::Number(digits) => number(digits).and_then(|number| number.as_f64()),
            Kind::Text(text) => short(&text, LONGEST_NUMBER).and_then(|text| text.parse().ok()),
            _ => None,
        };
        match number.filter(|number: &f64| number.is_finite()) {
            Some(number) if number.abs() > MOST => {
                self.wrong(name, "must have at most 15 digits before the point")
            }
            Some(number) if number.abs() < LEAST => Some(Number::from(0)),
            Some(number) => without_fraction(number).map(Number::from).or_else(|| Number::from_f64(number)),
            None => self.wrong(name, "must be a number"),
        }
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let flag = match self.value(name)? {
            Kind::Flag(flag) => Some(flag),
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
            self.refuse(name, "must be true or false");
        }
        flag
    }

    /// An id as a number or as text, in any rendering.
    pub fn id<I: EntityId>(&mut self, name: &str) -> Option<I> {
        let id = id_of(&self.value(name)?);
        if id.is_none() {
            self.refuse(name, "must be an id");
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

    pub fn required_id<I: EntityId>(&mut self, name: &str) -> Option<I> {
        if self.value(name).is_none() {
            self.refuse(name, "is required");
            return None;
        }
        self.id(name)
    }

    /// One of the listed words, whatever its case.
    pub fn one_of<T>(&mut self, name: &str, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let word = match self.value(name)? {
            Kind::Text(text) => text.trim().to_owned(),
            _ => String::new(),
        };
        let word = words.iter().find(|known| known.eq_ignore_ascii_case(&word));
        match word.and_then(|word| parse(word)) {
            Some(value) => Some(value),
            None => self.wrong(name, &format!("must be one of {}", words.join(", "))),
        }
    }

    /// Text to the last blank as it was sent, of at most `max` bytes; any other value as its JSON text.
    pub fn verbatim(&mut self, name: &str, max: usize) -> Option<String> {
        let text = match self.value(name)? {
            Kind::Text(text) => text.into_owned(),
            _ => self.part(name).map(|part| Json::from(part).into_string())?,
        };
        if text.len() > max {
            return self.wrong(name, &format!("must have at most {max} bytes"));
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
            None => self.wrong(name, "must be a date such as 2025-01-21, or a Unix time in seconds"),
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
            None => self.wrong(name, "must be a time such as 2025-01-21T10:30:00Z"),
        }
    }

    /// A day, written as such or as a time of that day.
    pub fn date(&mut self, name: &str) -> Option<String> {
        let day = match self.value(name)? {
            Kind::Text(text) => clock::parse_day(&text),
            _ => None,
        };
        match day {
            Some(day) => Some(day),
            None => self.wrong(name, "must be a date such as 2025-01-21"),
        }
    }

    /// A full http or https URL without credentials.
    pub fn url(&mut self, name: &str) -> Option<Url> {
        let text = self.text(name, MAX_URL)?;
        match Url::parse(&text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() => {
                self.wrong(name, "must start with http:// or https://")
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                self.wrong(name, "must not hold a user name or password")
            }
            Ok(url) => Some(url),
            Err(_) => self.wrong(name, "must be a full URL such as https://example.com/path"),
        }
    }

    /// Any JSON value as it was sent. Text that holds a JSON object or array is decoded, because n8n's nodes send
    /// objects as text.
    pub fn json(&mut self, name: &str) -> Option<Json> {
        let inner = match self.value(name)? {
            Kind::Text(text) => {
                let text = text.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
                text.starts_with(['{', '[']).then(|| Json::read(text.as_bytes()))
            }
            _ => None,
        };
        match inner {
            Some(Ok(json)) => Some(json),
            Some(Err(JsonError::TooDeep)) => {
                self.wrong(name, &format!("must not nest more than {DEPTH} levels deep"))
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

    fn required<T: Default>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> T {
        if self.value(name).is_none() {
            self.refuse(name, "is required");
            return T::default();
        }
        read(self).unwrap_or_default()
    }

    fn wrong<T>(&mut self, name: &str, problem: &str) -> Option<T> {
        self.refuse(name, problem);
        None
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

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};

    fn fields(value: &Value) -> Fields {
        Fields::read(&value.to_string().into()).unwrap()
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let mut fields =
            fields(&json!({ "b": "x", "c": "maybe", "d": "n8n.example.com", "e": "lost", "f": {} }));
        fields.required_text("a", 10);
        fields.required_whole("b", 10);
        fields.flag("c");
        fields.url("d");
        fields.one_of("e", &["found"], |_| Some(()));
        fields.required_id::<Id>("f");
        let error = fields.finish().unwrap_err();
        assert_eq!(error.fields.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f"]);
    }

    #[test]
    fn what_n8n_makes_of_values_is_accepted() {
        let mut fields = fields(
            &json!({ "a": " 399.0 ", "b": "true", "c": 551, "d": "", "e": null, "f": 120.0, "g": "{\"k\":1}",
                "h": 1.0, "i": 42.0 }),
        );
        assert_eq!(fields.flag("h"), Some(true));
        assert_eq!(fields.id("i"), Id::from_u64(42));
        assert_eq!(fields.whole("a", 1000), Some(399));
        assert_eq!(fields.flag("b"), Some(true));
        assert_eq!(fields.text("c", 10).as_deref(), Some("551"));
        assert_eq!(fields.text("d", 10), None);
        assert_eq!(fields.whole("e", 10), None);
        assert_eq!(fields.whole("f", 1000), Some(120));
        assert_eq!(fields.json("g").unwrap().as_str(), "{\"k\":1}");
        fields.finish().unwrap();
    }

    #[test]
    fn a_word_is_read_whatever_its_case() {
        let words = ["pending", "approved"];
        let read =
            |sent: Value| fields(&json!({ "w": sent })).one_of("w", &words, |word| Some(word.to_owned()));
        for sent in ["approved", "APPROVED", " Approved "] {
            assert_eq!(read(json!(sent)).as_deref(), Some("approved"), "{sent}");
        }
        for sent in [json!("approve"), json!(1), json!("ａpproved"), json!("approved.")] {
            assert_eq!(read(sent.clone()), None, "{sent}");
        }
    }

    #[test]
    fn json_in_text_is_read_behind_a_byte_order_mark() {
        for text in ["{\"k\":1}", "\u{feff}{\"k\":1}", " \u{feff}\n{\"k\":1}"] {
            assert_eq!(fields(&json!({ "g": text })).json("g").unwrap().as_str(), r#"{"k":1}"#, "{text:?}");
        }
        assert_eq!(fields(&json!({ "g": "\u{feff}plain" })).json("g").unwrap().as_str(), "\"\u{feff}plain\"");
    }

    #[test]
    fn an_address_may_be_as_long_as_presigned_links_are() {
        let long = |chars: usize| format!("https://example.com/{}", "x".repeat(chars - 20));
        assert!(fields(&json!({ "u": long(MAX_URL) })).url("u").is_some());
        assert!(fields(&json!({ "u": long(MAX_URL + 1) })).url("u").is_none());
    }

    #[test]
    fn a_secret_keeps_its_spaces() {
        let mut fields = fields(&json!({ "a": " two words ", "b": 12345678, "c": ["x"], "d": "long" }));
        assert_eq!(fields.required_secret("a", 100).expose_secret(), " two words ");
        assert_eq!(fields.required_secret("b", 100).expose_secret(), "12345678");
        fields.required_secret("c", 100);
        fields.required_secret("d", 3);
        fields.required_secret("e", 100);
        let error = fields.finish().unwrap_err();
        assert_eq!(error.fields.keys().collect::<Vec<_>>(), ["c", "d", "e"]);
    }

    #[test]
    fn zero_is_none_of_them() {
        let mut fields = fields(&json!({ "a": 0, "b": "0", "c": "42", "d": "", "e": [], "f": null }));
        assert_eq!((fields.id_or_none::<Id>("a"), fields.id_or_none::<Id>("b")), (Some(None), Some(None)));
        assert_eq!(fields.id_or_none("c"), Some(Id::from_u64(42)));
        assert_eq!((fields.id_or_none::<Id>("d"), fields.id_or_none::<Id>("f")), (None, None));
        fields.id_or_none::<Id>("e");
        assert_eq!(fields.finish().unwrap_err().fields["e"], ["must be an id"]);
    }

    #[test]
    fn a_blank_required_field_is_missing() {
        let mut fields = fields(&json!({ "input_tokens": "", "output_tokens": null }));
        fields.required_whole("input_tokens", 10);
        fields.required_whole("output_tokens", 10);
        let error = fields.finish().unwrap_err();
        assert_eq!(error.message, "input_tokens: is required; output_tokens: is required");
    }

    #[test]
    fn text_is_kept_to_the_last_blank_where_that_is_asked() {
        let mut fields = fields(&json!({ "a": " x\n", "b": { "k": 1.0 }, "c": " ", "d": "éé" }));
        assert_eq!(fields.verbatim("a", 10).as_deref(), Some(" x\n"));
        assert_eq!(fields.verbatim("b", 10).as_deref(), Some(r#"{"k":1.0}"#));
        assert_eq!(fields.verbatim("c", 10), None);
        assert_eq!(fields.verbatim("d", 3), None);
        assert!(fields.is_refused("d"));
    }

    #[test]
    fn a_moment_is_a_date_or_a_unix_time() {
        let day = Some(Millis(1_737_417_600_000));
        for value in [
            json!("2025-01-21"),
            json!("2025-01-21T00:00:00Z"),
            json!(1_737_417_600),
            json!("1737417600"),
            json!(1_737_417_600_000_i64),
            json!(1_737_417_600.0),
        ] {
            assert_eq!(fields(&json!({ "at": value })).moment("at"), day, "{value}");
            assert_eq!(fields(&json!({ "at": value })).day("at"), day, "{value}");
        }
        for value in ["2025-01-21T00:00:00.000+01:00", "2025-01-21T23:30:00-05:00", "2025-01-21 23:59:59+14"]
        {
            assert_eq!(fields(&json!({ "at": value })).day("at"), day, "{value}");
            assert_ne!(fields(&json!({ "at": value })).moment("at"), day, "{value}");
        }
        for value in
            [json!("21.1.2025"), json!(-5), json!(1.5), json!("9".repeat(18)), json!({}), json!(true)]
        {
            let mut fields = fields(&json!({ "at": value }));
            assert_eq!(fields.moment("at"), None, "{value}");
            assert!(fields.is_refused("at"), "{value}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for value in [
            json!(-1),
            json!(1.5),
            json!("1e3"),
            json!(1e300),
            json!([1]),
            json!("1.5"),
            json!("1."),
            json!(".0"),
            json!("NaN"),
        ] {
            let mut fields = fields(&json!({ "n": value }));
            assert_eq!(fields.whole("n", 1000), None);
            assert!(fields.finish().is_err());
        }
    }
}
