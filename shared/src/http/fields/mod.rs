//! Reads the fields of a JSON object and gathers everything that is wrong with them, so that a caller hears of all
//! mistakes at once.
//!
//! Its one rule: what n8n makes of a value is accepted. A value typed into a key/value field arrives as text ("399",
//! "true"), an expression that found nothing as "" or null.

mod nested;
mod read;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use bytes::Bytes;

use super::extract::malformed;
use crate::{
    domain::words,
    error::{Error, ErrorKind, RequestPart, Result, Violation},
    json::{self, Kind, Part},
};
pub use read::id;

/// Greatest whole number that every JSON reader keeps exact: 2^53 - 1.
pub const MAX_WHOLE: u64 = (1 << 53) - 1;

/// Longest address in characters: presigned links have thousands.
pub const MAX_URL: usize = 8192;

/// Most bodies have no more.
const USUAL_FIELDS: usize = 16;
/// Fields of one body. No route knows as many, custom fields and all.
pub const MAX_FIELDS: usize = 1000;

/// The fields of one request body, where they stand in it: a field is decoded when it is asked for.
#[derive(Debug, Default)]
pub struct Fields {
    /// In their order; of several of one name the last counts.
    members: Vec<(Bytes, Sent)>,
    problems: BTreeMap<String, Vec<Problem>>,
    /// A value is what its JSON type says: no text for a number, and blank text is text.
    strict: bool,
    /// The part of the request that they stand in.
    part: RequestPart,
}

/// What is wrong with a field: a word for programs, and words for people that follow its name.
#[derive(Debug)]
struct Problem {
    code: &'static str,
    words: String,
    part: RequestPart,
}

/// What can be wrong with a field, for programs. Dialects that show no codes leave them out.
pub mod code {
    pub const REQUIRED: &str = "required";
    /// Of another JSON type.
    pub const TYPE: &str = "wrong_type";
    /// Of the right type, and not written as it has to be.
    pub const FORMAT: &str = "bad_format";
    pub const TOO_LONG: &str = "too_long";
    pub const TOO_LARGE: &str = "too_large";
    pub const TOO_SMALL: &str = "too_small";
    /// None of the words that it may be.
    pub const UNLISTED: &str = "not_allowed";
    /// A field that the request does not have.
    pub const UNKNOWN: &str = "unknown_field";
    /// It breaks a rule of its own.
    pub const INVALID: &str = crate::error::Violation::INVALID;
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
        Self { members, ..Self::default() }
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
        Self::of(&body, root).ok_or_else(|| {
            let message = format!("The body has more than {MAX_FIELDS} fields.");
            Error::new(ErrorKind::Malformed, "too_many_members", message)
        })
    }

    /// The members of an object that is a part of `whole`; none where they are too many.
    fn of(whole: &Bytes, object: Part<'_>) -> Option<Self> {
        let mut fields = Self { members: Vec::with_capacity(USUAL_FIELDS), ..Self::default() };
        for (name, value) in object.members() {
            if fields.members.len() == MAX_FIELDS {
                return None;
            }
            let value = whole.slice_ref(value.as_str().as_bytes());
            let name = match name {
                Cow::Borrowed(name) => whole.slice_ref(name.as_bytes()),
                Cow::Owned(name) => name.into(),
            };
            fields.members.push((name, Sent::Json(value)));
        }
        Some(fields)
    }

    /// The same as parameters of a query.
    #[must_use]
    pub fn of_query(self) -> Self {
        Self { part: RequestPart::Query, ..self }
    }

    /// From now on they are read to the letter: see [`super::input`].
    pub fn be_strict(&mut self) {
        self.strict = true;
    }

    pub fn is_strict(&self) -> bool {
        self.strict
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

    /// Whether the caller said nothing, by leaving it out, by null or by blank text.
    pub fn is_left_out(&self, name: &str) -> bool {
        self.value(name).is_none()
    }

    /// Whether the caller sent null or blank text.
    pub fn is_emptied(&self, name: &str) -> bool {
        self.has(name) && self.value(name).is_none()
    }

    /// The names of all fields that were sent.
    pub fn names(&self) -> BTreeSet<String> {
        self.members.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    /// Adds a problem.
    pub fn refuse(&mut self, name: &str, problem: impl Into<String>) {
        self.refuse_as(name, code::INVALID, problem);
    }

    /// Adds a problem that programs tell from others by its code.
    pub fn refuse_as(&mut self, name: &str, code: &'static str, problem: impl Into<String>) {
        let (words, part) = (problem.into(), self.part);
        self.add(name, Problem { code, words, part });
    }

    fn add(&mut self, name: &str, problem: Problem) {
        let problems = self.problems.entry(name.into()).or_default();
        // Two inputs may share a field: what is wrong with it is told once.
        if problems.iter().all(|known| known.words != problem.words) {
            problems.push(problem);
        }
    }

    /// Refuses what was sent and is none of the names.
    pub fn refuse_others(&mut self, known: &[&str]) {
        for name in self.names().into_iter().filter(|name| !known.contains(&name.as_str())) {
            self.refuse_as(&name, code::UNKNOWN, "is not a field of this request");
        }
    }

    /// Adds a problem where the field is absent, null or blank.
    pub fn require(&mut self, name: &str) {
        if self.value(name).is_none() {
            self.refuse_as(name, code::REQUIRED, "is required");
        }
    }

    /// Whether something is wrong with the field already, or within it.
    pub fn is_refused(&self, name: &str) -> bool {
        let of_it = |path: &String| {
            path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.problems.keys().any(of_it)
    }

    /// What was found to be wrong, if anything.
    pub fn finish(self) -> Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let all = self.problems.into_iter().flat_map(|(path, problems)| {
            problems.into_iter().map(move |problem| {
                Violation::new(path.clone(), problem.words).of(problem.code).at(problem.part)
            })
        });
        Err(Error::violations(all.collect()))
    }

    /// The value, none when it is absent or null; where reading is lenient, also when it is blank text.
    fn value(&self, name: &str) -> Option<Kind<'_>> {
        match self.sent(name)?.kind() {
            Kind::Null => None,
            Kind::Text(text) if self.is_lenient(name) && words::is_blank(&text) => None,
            kind => Some(kind),
        }
    }

    /// Whether text may stand for another value. In a query and in a form there is nothing but text.
    fn is_lenient(&self, name: &str) -> bool {
        !self.strict || matches!(self.sent(name), Some(Sent::Text(_)))
    }

    fn wrong<T>(&mut self, name: &str, code: &'static str, problem: &str) -> Option<T> {
        self.refuse_as(name, code, problem);
        None
    }
}
