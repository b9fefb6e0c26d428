//! JSON that is passed on as the text that it is.

use serde::Serialize;
#[expect(clippy::disallowed_types, reason = "this is the reader")]
use serde_json::value::RawValue;

use super::{JsonError, Part, part};

/// Any JSON as its text: without blanks between the values, every number with the digits that it came with.
///
/// It is shown, and never an attribute of an entity: those hold text, or a [`Tree`](super::Tree).
///
/// It is written into JSON text as it is. `serde_json::to_value` would read it anew, so it is for replies and calls.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
#[expect(clippy::disallowed_types, reason = "this is the reader")]
pub struct Json(Box<RawValue>);

impl Json {
    /// Reads JSON from its text.
    pub fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        Ok(super::text(bytes)?.root().into())
    }

    /// What was kept as [`Json::into_string`] gave it.
    #[expect(clippy::disallowed_types, reason = "this is the reader")]
    pub fn stored(text: String) -> Result<Self, JsonError> {
        Ok(Self(RawValue::from_string(text)?))
    }

    /// A text as JSON.
    pub fn of_text(text: &str) -> Self {
        Self::plain(serde_json::Value::from(text).to_string())
    }

    #[expect(clippy::disallowed_types, reason = "this is the reader")]
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned())
    }

    /// An object without members.
    pub fn empty() -> Self {
        Self::plain("{}".into())
    }

    pub fn part(&self) -> Part<'_> {
        Part::of(self.0.get())
    }

    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    pub fn into_string(self) -> String {
        Box::<str>::from(self.0).into()
    }

    /// Of text that is JSON for certain: a part of what was read, or what serde_json wrote.
    fn plain(text: String) -> Self {
        Self::stored(text).unwrap_or_else(|_| Self::null())
    }
}

impl From<Part<'_>> for Json {
    fn from(part: Part<'_>) -> Self {
        Self::plain(compact(part.as_str()))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

fn compact(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut compact = String::with_capacity(text.len());
    let (mut kept, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = part::string(bytes, at + 1),
            b' ' | b'\n' | b'\r' | b'\t' => {
                compact.push_str(text.get(kept..at).unwrap_or_default());
                at += 1;
                kept = at;
            }
            _ => at += 1,
        }
    }
    compact.push_str(text.get(kept..).unwrap_or_default());
    compact
}
