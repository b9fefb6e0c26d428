//! The house's one reader of JSON that others wrote: requests, n8n, providers, messages, stored records.
//!
//! Its one rule: a key is a key. serde_json's own `Value`, `Map` and `RawValue` give the key
//! `$serde_json::private::RawValue` a meaning, with which a small text nests without end; so no text of others is read into
//! them, and `clippy.toml` bans the ways to do it everywhere but here.
//!
//! Text is looked over once before anything reads it ([`text`]): a byte order mark is skipped, half a surrogate pair reads
//! as U+FFFD, and what nests deeper than [`DEPTH`] is refused. From there a struct is decoded ([`from_slice`]), or the parts
//! are looked at where they stand ([`Part`]) and handed on as text ([`Json`]), so that no tree is built of what others
//! wrote, and a number is passed on with all its digits.

mod look;
mod owned;
mod part;
mod tree;

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};

use look::Bounds;
pub use owned::Json;
pub use part::{Items, Kind, Members, Part};
pub use tree::{Tree, attributes, values};

/// Levels of lists and objects that are taken in. What is stored and shown again is wrapped into a few more, and that stays
/// within the 127 that serde_json, here and at callers, reads.
pub const DEPTH: usize = 100;

/// Why a text was not read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it nests more than {DEPTH} levels deep")]
    TooDeep,
    /// The parser's words name the place and never the content.
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
}

/// JSON that was looked over and is well-formed.
#[derive(Debug, Clone)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub fn root(&self) -> Part<'_> {
        Part::of(&self.0)
    }
}

/// Reads any JSON.
pub fn text(bytes: &[u8]) -> Result<Text<'_>, JsonError> {
    let text = look::over(bytes, Bounds::Kept)?;
    from_plain::<IgnoredAny>(&text)?;
    Ok(Text(text))
}

/// Reads any JSON that is to be kept: itself, but for what stood around it, or a copy where it had to be mended.
pub fn document(bytes: &Bytes) -> Result<Bytes, JsonError> {
    Ok(match text(bytes)?.0 {
        Cow::Borrowed(text) => bytes.slice_ref(text.trim_matches(part::is_blank).as_bytes()),
        Cow::Owned(text) => text.trim_matches(part::is_blank).to_owned().into(),
    })
}

/// Reads JSON into a struct. No part of it may be any JSON, but for a [`Tree`].
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    from_plain(&look::over(bytes, Bounds::Kept)?)
}

/// Reads JSON into a struct, as [`from_slice`] does.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    from_slice(text.as_bytes())
}

/// A stored item into its entity. The house wrote it, and it was looked over when it came in.
pub fn stored<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    from_plain(text)
}

#[expect(clippy::disallowed_methods, reason = "this is the reader")]
fn from_plain<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    Ok(serde_json::from_str(text)?)
}

/// Reads any JSON, of any depth. What walks it must not recurse further than it wants to see.
pub fn walked(bytes: &[u8]) -> Result<Text<'_>, JsonError> {
    let text = look::over(bytes, Bounds::Walked)?;
    from_plain::<IgnoredAny>(&text)?;
    Ok(Text(text))
}

/// Whether it is JSON, however deep it nests.
pub fn is_json(bytes: &[u8]) -> bool {
    walked(bytes).is_ok()
}

/// Lets a visitor walk any JSON, of any depth: it must not recurse further than it wants to see.
#[expect(clippy::disallowed_methods, reason = "this is the reader")]
pub fn walk<S>(bytes: &[u8], seed: S) -> Result<(), JsonError>
where
    S: for<'de> serde::de::DeserializeSeed<'de, Value = ()>,
{
    let text = look::over(bytes, Bounds::Walked)?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    seed.deserialize(&mut reader)?;
    Ok(reader.end()?)
}

#[cfg(test)]
mod tests;
