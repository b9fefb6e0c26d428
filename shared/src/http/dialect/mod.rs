//! Dialects: the ways in which the house talks to clients that were written for five published APIs.
//!
//! Its one rule: a dialect is a value, resolved once for a request ([`resolve`]), and everything by which two of them differ
//! is asked of it: statuses, codes, envelopes, pages, the look of an id, how a request may be written. What happens is an
//! operation and knows of none of them.

pub mod a;
pub mod b;
pub mod c;
pub mod d;
pub mod e;
pub mod house;
pub mod resolve;
#[cfg(test)]
mod tests;
pub mod wrapper;

use std::fmt;

use http::StatusCode;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::{
    domain::dialect::Letter,
    error::{Error, ErrorKind},
    ids::{EntityId, Id},
};

pub use self::{a::A, b::B, c::C, d::D, e::E, house::HOUSE};

/// A way of talking. There is one static of each, and they are compared by their letter.
pub struct Dialect {
    /// None for the house's own routes, which belong to no document.
    pub letter: Option<Letter>,
    /// What its product calls itself.
    pub name: &'static str,
    /// The status of each kind of error.
    pub status: fn(ErrorKind) -> StatusCode,
    /// How errors are wrapped, the first being that of every path which no other one names.
    envelopes: &'static [Envelope],
    /// How ids look.
    pub ids: IdStyle,
    /// Whether numbers, flags and the like may be sent as text. It is a property of an input's types; this is for the API
    /// document to say so.
    pub lenient: bool,
    /// Whether `PUT` is taken for `PATCH`, where a path has no `PUT` of its own.
    pub put_is_patch: bool,
    /// Whether a body may be wrapped in the singular of its thing: `{"lead": {…}}` ([`wrapper`]).
    pub singular_wrapper: bool,
}

/// Every dialect, the house's own last.
pub static ALL: [&Dialect; 6] = [&A, &B, &C, &D, &E, &HOUSE];

impl Dialect {
    /// The dialect of a letter.
    pub fn of(letter: Letter) -> &'static Self {
        match letter {
            Letter::A => &A,
            Letter::B => &B,
            Letter::C => &C,
            Letter::D => &D,
            Letter::E => &E,
        }
    }

    /// The dialect as it speaks at a path: document 000 has two envelopes. A pattern of the route table does as well.
    pub fn voice(&'static self, path: &str) -> Voice {
        let named = self.envelopes.iter().find(|one| one.paths.iter().any(|base| is_under(path, base)));
        Voice { dialect: self, envelope: named.unwrap_or(&self.envelopes[0]) }
    }

    /// Every envelope, for the API document.
    pub fn voices(&'static self) -> impl Iterator<Item = Voice> {
        self.envelopes.iter().map(move |envelope| Voice { dialect: self, envelope })
    }

    /// As it stands in logs and in names of files: the letter, or `house`.
    pub fn as_str(&self) -> &'static str {
        self.letter.map_or("house", Letter::as_str)
    }
}

impl PartialEq for Dialect {
    fn eq(&self, other: &Self) -> bool {
        self.letter == other.letter
    }
}

impl Eq for Dialect {}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a dialect wraps an error.
pub struct Envelope {
    /// What its schema is called in the API document.
    pub name: &'static str,
    /// Paths, with all that lies under them, that it is for.
    paths: &'static [&'static str],
    body: fn(&Error, StatusCode) -> Value,
}

/// A dialect, and which of its envelopes: all that it takes to render an error.
#[derive(Clone, Copy)]
pub struct Voice {
    pub dialect: &'static Dialect,
    envelope: &'static Envelope,
}

impl Voice {
    pub fn status(self, kind: ErrorKind) -> StatusCode {
        (self.dialect.status)(kind)
    }

    /// The envelope around an error. A cause never stands in it.
    pub fn body(self, error: &Error) -> Value {
        (self.envelope.body)(error, self.status(error.kind))
    }

    /// What the envelope's schema is called in the API document.
    pub fn schema_name(self) -> &'static str {
        self.envelope.name
    }
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{}", self.dialect, self.envelope.name)
    }
}

/// The statuses of everybody who has no reason to differ (HOUSE, section E).
pub fn usual_status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Malformed => StatusCode::BAD_REQUEST,
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Unauthenticated | ErrorKind::CredentialRejected => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorKind::Conflict | ErrorKind::WrongState => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Upstream => StatusCode::BAD_GATEWAY,
        ErrorKind::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// How a dialect shows the one id of the house (CONFLICTS §4). All of them are read, whoever sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdStyle {
    /// A number.
    Integer,
    /// `wf_…`, the number in base 62.
    Prefixed,
    /// 24 hex digits.
    Hex,
    /// A UUID of version 8.
    Uuid,
}

/// An id as a dialect shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownId {
    Number(u64),
    Text(String),
}

impl IdStyle {
    /// The id of an entity. Its kind's prefix stands before it where the style has prefixes.
    pub fn show<I: EntityId>(self, id: I) -> ShownId {
        let id: Id = id.into();
        match self {
            Self::Integer => ShownId::Number(id.get()),
            Self::Prefixed => ShownId::Text(id.prefixed(I::PREFIX)),
            Self::Hex => ShownId::Text(id.hex24()),
            Self::Uuid => ShownId::Text(id.uuid()),
        }
    }
}

impl Serialize for ShownId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// Whether a path is the base or lies below it.
pub(super) fn is_under(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the flat envelopes carry beside their own keys: each field with what is wrong with it, and the details.
fn with_more(body: Value, error: &Error) -> Value {
    let Value::Object(mut body) = body else { return body };
    if !error.violations.is_empty() {
        body.insert("errors".into(), json!(error.by_field()));
    }
    with_details(body, error)
}

/// The details beside an envelope's own keys, which none of them replaces.
fn with_details(mut body: Map<String, Value>, error: &Error) -> Value {
    for (key, value) in &error.details {
        body.entry(key.clone()).or_insert_with(|| value.clone());
    }
    body.into()
}
