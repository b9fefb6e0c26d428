//! The one look over a text before it is parsed: how deep it nests, and what strict JSON does not allow but others write.

use std::borrow::Cow;

use serde::de::Error as _;

use super::{DEPTH, JsonError};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Digits that a number can have and be within the range of a double, whatever they are.
const PLAIN_DIGITS: usize = 300;

/// What is refused before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounds {
    /// What is kept or handed on: levels beyond [`DEPTH`], and numbers beyond every double.
    Kept,
    /// Nothing: of what is only walked, the parts that nobody wants are stepped over without recursion.
    Walked,
}

/// The text without its byte order mark and with U+FFFD for each half of a surrogate pair. What is no JSON passes: the
/// parser will stop at the same byte up to which the look was right.
pub(super) fn over(bytes: &[u8], bounds: Bounds) -> Result<Cow<'_, str>, JsonError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    Ok(if halves(bytes, bounds == Bounds::Kept)? { Cow::Owned(mended(text)) } else { Cow::Borrowed(text) })
}

/// Whether halves of surrogate pairs stand in it.
fn halves(text: &[u8], bounded: bool) -> Result<bool, JsonError> {
    let (mut depth, mut halves, mut at) = (0_usize, false, 0);
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at = string(text, at, &mut halves),
            b'{' | b'[' => {
                depth += 1;
                if bounded && depth > DEPTH {
                    return Err(JsonError::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' if bounded => at = number(text, at - 1)?,
            _ => {}
        }
    }
    Ok(halves)
}

/// The end of a string that begins at `at`, after its quotation mark.
fn string(text: &[u8], mut at: usize, halves: &mut bool) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(next) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else { return text.len() };
        at += next;
        if text.get(at) == Some(&b'"') {
            return at + 1;
        }
        let (length, is_half) = escape(text, at);
        *halves |= is_half;
        at += length;
    }
}

/// How long the escape is that stands at `at`, and whether it is half a surrogate pair. A whole pair is one escape.
fn escape(text: &[u8], at: usize) -> (usize, bool) {
    match unit(text, at) {
        Some(0xD800..=0xDBFF) if matches!(unit(text, at + 6), Some(0xDC00..=0xDFFF)) => (12, false),
        Some(0xD800..=0xDFFF) => (6, true),
        _ => (2, false),
    }
}

fn unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
    digits
        .iter()
        .try_fold(0, |unit, digit| Some(unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?))
}

/// The end of a number. One beyond every double is refused: most that read it would take it for infinite.
fn number(text: &[u8], from: usize) -> Result<usize, JsonError> {
    let rest = text.get(from..).unwrap_or_default();
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    let digits = rest.get(..length).unwrap_or_default();
    let is_plain = length < PLAIN_DIGITS && !digits.iter().any(|byte| matches!(byte, b'e' | b'E'));
    let value = || std::str::from_utf8(digits).ok()?.parse::<f64>().ok();
    if !is_plain && value().is_some_and(f64::is_infinite) {
        return Err(JsonError::Syntax(serde_json::Error::custom(format!(
            "number out of range at byte {}",
            from + 1
        ))));
    }
    Ok(from + length)
}

fn mended(text: &str) -> String {
    let (bytes, mut mended) = (text.as_bytes(), String::with_capacity(text.len()));
    let (mut kept, mut at) = (0, 0);
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += next;
        let (length, is_half) = escape(bytes, at);
        if is_half {
            mended.push_str(text.get(kept..at).unwrap_or_default());
            mended.push_str("\\ufffd");
            kept = at + length;
        }
        at += length;
    }
    mended.push_str(text.get(kept..).unwrap_or_default());
    mended
}
