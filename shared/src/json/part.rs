//! A value where it stands in a text. Its one rule: looking at it copies nothing but what is asked for.

use std::borrow::Cow;

use serde_json::Number;

/// One value of a text that was read: an object, a list, text, a number, true, false or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a>(&'a str);

/// A value by its JSON type.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'a> {
    Null,
    Flag(bool),
    /// Its digits as they came.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Items<'a>),
    Object(Members<'a>),
}

impl<'a> Part<'a> {
    pub const NULL: Self = Self("null");

    /// The text must have been read, or be a part of one that was.
    pub(super) fn of(text: &'a str) -> Self {
        Self(text.trim_matches(is_blank))
    }

    /// A part that was cut out of a text that was read.
    pub(crate) fn cut(bytes: &'a [u8]) -> Self {
        std::str::from_utf8(bytes).map_or(Self::NULL, Self)
    }

    /// Its text as it came.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Where a part of this one begins in its text.
    pub fn position_of(self, part: Part<'_>) -> Option<usize> {
        let from = part.0.as_ptr().addr().checked_sub(self.0.as_ptr().addr())?;
        (from + part.0.len() <= self.0.len()).then_some(from)
    }

    /// The value that begins there.
    pub fn value_at(self, position: usize) -> Option<Part<'a>> {
        let mut rest = self.0.get(position..)?;
        take(&mut rest)
    }

    pub fn kind(self) -> Kind<'a> {
        match self.0.as_bytes().first() {
            Some(b'{') => Kind::Object(Members(self.0.get(1..).unwrap_or_default())),
            Some(b'[') => Kind::List(Items(self.0.get(1..).unwrap_or_default())),
            Some(b'"') => Kind::Text(unquoted(self.0)),
            Some(b't') => Kind::Flag(true),
            Some(b'f') => Kind::Flag(false),
            Some(b'-' | b'0'..=b'9') => Kind::Number(self.0),
            _ => Kind::Null,
        }
    }

    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    pub fn is_list(self) -> bool {
        self.0.starts_with('[')
    }

    pub fn text(self) -> Option<Cow<'a, str>> {
        self.0.starts_with('"').then(|| unquoted(self.0))
    }

    /// Text, or the digits of a number.
    pub fn text_or_digits(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::Text(text) => Some(text),
            Kind::Number(digits) => Some(Cow::Borrowed(digits)),
            _ => None,
        }
    }

    /// The number, to a double's precision where it is no 64-bit integer.
    pub fn number(self) -> Option<Number> {
        match self.kind() {
            Kind::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// The members of an object; none of anything else.
    pub fn members(self) -> Members<'a> {
        match self.kind() {
            Kind::Object(members) => members,
            _ => Members(""),
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(self) -> Items<'a> {
        match self.kind() {
            Kind::List(items) => items,
            _ => Items(""),
        }
    }

    /// A member of an object: of several of one name the last.
    pub fn get(self, name: &str) -> Option<Part<'a>> {
        self.members().filter(|(key, _)| key == name).last().map(|(_, value)| value)
    }
}

/// The members of an object in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members<'a>(&'a str);

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Part<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = take(&mut self.0)?;
        let value = take(&mut self.0)?;
        Some((unquoted(key.0), value))
    }
}

/// The items of a list in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items<'a>(&'a str);

impl<'a> Iterator for Items<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        take(&mut self.0)
    }
}

/// The next value inside of a list or an object, whose end is the end of the text.
fn take<'a>(rest: &mut &'a str) -> Option<Part<'a>> {
    let from = rest.trim_start_matches(|c| is_blank(c) || c == ',' || c == ':');
    let length = length(from.as_bytes());
    let (value, after) = from.split_at_checked(length)?;
    *rest = after;
    (length > 0).then_some(Part(value))
}

/// How long the value is that a text begins with; 0 at the end of a list or an object.
fn length(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => string(text, 1),
        Some(b'{' | b'[') => {
            let (mut depth, mut at) = (0_usize, 0);
            while let Some(byte) = text.get(at) {
                at += 1;
                match byte {
                    b'"' => at = string(text, at),
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 1 => return at,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
            }
            text.len()
        }
        _ => {
            let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':' | b' ' | b'\n' | b'\r' | b'\t');
            text.iter().position(ends).unwrap_or(text.len())
        }
    }
}

/// Where a string ends whose inside begins at `at`.
pub(super) fn string(text: &[u8], mut at: usize) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            None => return text.len(),
            Some(next) if rest.get(next) == Some(&b'"') => return at + next + 1,
            Some(next) => at += next + 2,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the reader")]
fn unquoted(text: &str) -> Cow<'_, str> {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if inner.contains('\\') {
        // The look over the whole text has left nothing in it that could not be decoded.
        Cow::Owned(serde_json::from_str(text).unwrap_or_default())
    } else {
        Cow::Borrowed(inner)
    }
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r' | '\t')
}
