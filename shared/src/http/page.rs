//! Cursors: opaque to callers, versioned, and made of an id alone, so that a forged one reaches nothing.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::fields::Fields;
use crate::ids::Id;

/// Items of a list unless the caller says otherwise.
pub const DEFAULT_LIMIT: usize = 50;
/// Items of a list at the most.
pub const MAX_LIMIT: usize = 500;

/// The text a caller sends back to get the next page.
pub fn cursor(after: Id) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("1:{after}"))
}

/// Reads a cursor.
pub fn read_cursor(text: &str) -> Option<Id> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("1:")?.parse().ok()
}

/// `limit` (1–500, clamped) and `cursor` of a list.
pub fn read(fields: &mut Fields) -> (usize, Option<Id>) {
    let limit = fields.whole("limit", u64::MAX).and_then(|limit| usize::try_from(limit).ok());
    let cursor = fields.text("cursor", 200).and_then(|text| {
        let id = read_cursor(&text);
        if id.is_none() {
            fields.refuse("cursor", "is not a cursor of this list");
        }
        id
    });
    (limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT), cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_others_do_not() {
        let id = Id::from_u64(42).unwrap();
        assert_eq!(read_cursor(&cursor(id)), Some(id));
        for text in ["", "42", "MTo", "Mjo0Mg", "💥"] {
            assert_eq!(read_cursor(text), None, "{text}");
        }
    }
}
