//! Cursors: opaque to callers, versioned, and made of ids and words alone, which the repository reads within the caller's
//! own tenant, so that a forged one reaches nothing.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::fields::{Fields, code};
use crate::{
    domain::words,
    ids::Id,
    ops::lists::{Begin, Next},
    repo::{
        entries::Phrase,
        indexed::Mark,
        listing::Row,
        pages::{Asked, Page, REACH},
    },
};

/// Items of a list unless the caller says otherwise.
pub const DEFAULT_LIMIT: usize = 50;
/// Items of a list at the most.
pub const MAX_LIMIT: usize = 500;
/// Characters of a cursor at the most.
pub const MAX_CURSOR: usize = 400;

/// The text a caller sends back to get the next page.
pub fn cursor(after: Id) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("1:{after}"))
}

/// Reads a cursor.
pub fn read_cursor(text: &str) -> Option<Id> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("1:")?.parse().ok()
}

/// The same of a list that is one of many, such as that of a workflow. It is no cursor of another.
pub fn cursor_of(list: &str, after: Id) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("l1:{}:{after}", mark_of(list)))
}

/// Reads a cursor of this list.
pub fn read_cursor_of(list: &str, text: &str) -> Option<Id> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (mark, id) = std::str::from_utf8(&bytes).ok()?.strip_prefix("l1:")?.split_once(':')?;
    if mark == mark_of(list) { id.parse().ok() } else { None }
}

/// Tells lists apart; whoever forges it reads from an id on, and nothing else.
fn mark_of(list: &str) -> String {
    Sha256::digest(list.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The text a caller sends back to get the next page of a search.
pub fn search_cursor(mark: &Mark) -> String {
    let text = match &mark.after {
        Some(phrase) => format!("s1:{}:{}:{}", mark.group, phrase.id, phrase.text),
        None => format!("s1:{}", mark.group),
    };
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// Reads the cursor of a search.
pub fn read_search_cursor(text: &str) -> Option<Mark> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let rest = std::str::from_utf8(&bytes).ok()?.strip_prefix("s1:")?;
    let mut parts = rest.splitn(3, ':');
    let group = parts.next()?.parse().ok()?;
    let after = match (parts.next(), parts.next()) {
        (None, _) => None,
        (Some(id), Some(text)) if !text.is_empty() => {
            Some(Phrase { text: text.to_owned(), id: id.parse().ok()? })
        }
        _ => return None,
    };
    Some(Mark { group, after })
}

/// Where a page of a list begins that can be searched for this (`words::search`).
pub fn begin(fields: &mut Fields, search: Option<String>, cursor: Option<&str>) -> Begin {
    match search {
        None => Begin::Newest(after(fields, cursor)),
        Some(search) => {
            let after = after_search(fields, &search, cursor);
            Begin::Search(search, after)
        }
    }
}

/// The text a caller sends back to get what is next.
pub fn cursor_to(next: &Next) -> String {
    match next {
        Next::Newest(after) => cursor(*after),
        Next::Search(mark) => search_cursor(mark),
    }
}

/// Where a page of one of many lists begins.
pub fn after_of(fields: &mut Fields, list: &str, cursor: Option<&str>) -> Option<Id> {
    let text = cursor?;
    known(fields, read_cursor_of(list, text))
}

/// Where a page of a search for this (`words::search`) begins. A cursor of another search is none of this one.
pub fn after_search(fields: &mut Fields, search: &str, cursor: Option<&str>) -> Option<Mark> {
    let text = cursor?;
    let prefix = words::clip(search);
    let fits = |mark: &Mark| mark.after.as_ref().is_none_or(|phrase| phrase.text.starts_with(&prefix));
    known(fields, read_search_cursor(text).filter(fits))
}

/// Where a page of a list begins.
pub fn after(fields: &mut Fields, cursor: Option<&str>) -> Option<Id> {
    let text = cursor?;
    known(fields, read_cursor(text))
}

/// Which part of a list is asked for: by its number, or by where the one before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// From 1 on; none with a cursor.
    pub page: Option<u32>,
    pub size: u32,
    /// What is to be read for it.
    pub asked: Asked,
}

/// A part of a list, and what is around it.
#[derive(Debug)]
pub struct Cut<T> {
    pub rows: Vec<Row<T>>,
    /// How many match in all, as far as that many are counted.
    pub total: Option<u64>,
    pub next_cursor: Option<String>,
}

impl Part {
    /// The page of this number, or what comes after a cursor, which goes before `page`. None is refused.
    pub fn of(
        fields: &mut Fields,
        page: Option<u32>,
        size: Option<u32>,
        after: Option<Id>,
        default: u32,
    ) -> Option<Self> {
        let (page, size) = (page.unwrap_or(1), size.unwrap_or(default));
        if let Some(after) = after {
            return Some(Self { page: None, size, asked: Asked::below(after, size as usize) });
        }
        let asked = Asked::numbered(page, size as usize);
        if asked.is_none() && !fields.has("cursor") {
            fields.refuse_as(
                "page",
                code::TOO_LARGE,
                format!("reaches the newest {REACH}: go on with cursor"),
            );
        }
        asked.map(|asked| Self { page: Some(page), size, asked })
    }
}

impl<T> From<Page<T>> for Cut<T> {
    fn from(Page { rows, total }: Page<T>) -> Self {
        let next_cursor = rows.next.map(cursor);
        Self { rows: rows.rows(), total, next_cursor }
    }
}

/// `limit`, brought between 1 and `most`, whatever number it is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "between 1 and the most; a fraction is cut off"
)]
pub fn limit(fields: &mut Fields, default: usize, most: usize) -> usize {
    let Some(text) = fields.text("limit", 400) else { return default };
    // Rust reads words as well: inf, nan.
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.parse::<f64>().ok().filter(|_| is_number) {
        Some(number) => number.clamp(1.0, most as f64) as usize,
        None => {
            fields.refuse("limit", "must be a number");
            default
        }
    }
}

/// What a cursor says; one that says nothing is refused.
fn known<T>(fields: &mut Fields, cursor: Option<T>) -> Option<T> {
    if cursor.is_none() {
        fields.refuse("cursor", "is not a cursor of this list");
    }
    cursor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EntityId;

    #[test]
    fn cursors_read_back_and_others_do_not() {
        let id = Id::from_u64(42).unwrap();
        assert_eq!(read_cursor(&cursor(id)), Some(id));
        for text in ["", "42", "MTo", "Mjo0Mg", "💥"] {
            assert_eq!(read_cursor(text), None, "{text}");
        }
    }

    #[test]
    fn a_cursor_of_one_list_is_none_of_another() {
        let id = Id::from_u64(42).unwrap();
        let text = cursor_of("w1", id);
        assert_eq!((read_cursor_of("w1", &text), read_cursor_of("w2", &text)), (Some(id), None));
        assert_eq!((read_cursor(&text), read_cursor_of("w1", &cursor(id))), (None, None));
    }

    #[test]
    fn a_limit_is_brought_inside_whatever_number_it_is() {
        let read = |text: &str| {
            let mut fields: Fields = [("limit".to_owned(), text.to_owned())].into_iter().collect();
            let limit = limit(&mut fields, 5, 50);
            fields.finish().ok().map(|()| limit)
        };
        for (text, limit) in [
            ("", 5),
            (" ", 5),
            ("7", 7),
            ("+7", 7),
            ("7.0", 7),
            ("7.9", 7),
            ("0", 1),
            ("-0", 1),
            ("-1", 1),
            ("-99999999999999999999", 1),
            ("50", 50),
            ("51", 50),
            ("1e9", 50),
            ("1e999", 50),
            ("-1e999", 1),
            ("99999999999999999999999", 50),
        ] {
            assert_eq!(read(text), Some(limit), "{text:?}");
        }
        for text in ["many", "inf", "-Infinity", "NaN", "7 leads", "0x7", "1,000", "-", "e"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_page_reaches_so_far_and_a_cursor_further() {
        let after = Id::from_u64(42);
        for (page, size, after, expected) in [
            (None, None, None, Some((Some(1), 20))),
            (Some(10), Some(100), None, Some((Some(10), 100))),
            (Some(11), Some(100), None, None),
            (Some(u32::MAX), Some(100), None, None),
            (Some(99), Some(100), after, Some((None, 100))),
        ] {
            let mut fields = Fields::default();
            let part = Part::of(&mut fields, page, size, after, 20);
            let read = part.map(|part| (part.page, part.size));
            assert_eq!(read, expected, "{page:?} {size:?}");
            assert_eq!(fields.finish().is_ok(), expected.is_some(), "{page:?} {size:?}");
        }
    }

    #[test]
    fn cursors_of_searches_read_back_and_others_do_not() {
        fn id<I: EntityId>(n: u64) -> I {
            I::of(Id::from_u64(n).unwrap())
        }
        let after = Phrase { text: "a:b #%ö".into(), id: id(42) };
        for mark in [Mark { group: id(7), after: None }, Mark { group: id(7), after: Some(after) }] {
            assert_eq!(read_search_cursor(&search_cursor(&mark)), Some(mark));
        }
        let forged = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        for text in ["s1:", "s1:x", "s1:7:42", "s1:7:42:", "s1:7:x:acme", "1:7", "s2:7"] {
            assert_eq!(read_search_cursor(&forged(text)), None, "{text}");
        }
        assert_eq!(read_search_cursor(&cursor(id::<Id>(42))), None);
        assert_eq!(read_cursor(&search_cursor(&Mark { group: id(7), after: None })), None);
    }
}
