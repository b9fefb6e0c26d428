//! An execution as it comes over the wire, reduced to what tells whose wait it stands at.
//!
//! One rule: it takes no more memory however long the execution is. Each byte is looked at once; of the items that flowed
//! through only wanted ids are kept, of everything else what [`super::scan`] reads for a wait. What is left is JSON of the
//! same form.

mod shape;

use std::collections::HashMap;

use self::shape::{
    ROW, Shape,
    Shape::{Answer, First, Id, List, Loose, Map, Object, Plain},
    member,
};
use crate::room::Gather;

/// What is kept of one execution: some 200 bytes for each run of a node.
pub(super) const MOST_KEPT: usize = 16 * 1024 * 1024;
/// The longest text that is kept. Names, addresses and tokens are far shorter.
const LONGEST_TEXT: usize = 4096;

/// Why nothing came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SkimError {
    #[error("it is not JSON")]
    NotJson,
    #[error("it has too many steps")]
    TooMuch,
}

/// An execution that is being read.
pub(super) struct Skim<'w> {
    ids: &'w HashMap<String, usize>,
    kept: Vec<u8>,
    frames: Vec<Frame>,
    at: At,
    /// Of the value that comes next; none when it is passed over.
    shape: Option<&'static Shape>,
    key: Vec<u8>,
    plain: Vec<u8>,
    error: Option<SkimError>,
}

/// A list or object that is open.
struct Frame {
    shape: &'static Shape,
    /// The name that it has in the one around it.
    key: Vec<u8>,
    is_list: bool,
    /// Its beginning was written.
    begun: bool,
    /// Something in it was written.
    filled: bool,
    items: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before a value, or the end of the list that it would stand in.
    Value,
    /// Before a key, or the end of the object.
    Key,
    InKey {
        escaped: bool,
    },
    Colon,
    /// In a text, or a number or word.
    InText {
        escaped: bool,
    },
    InBare,
    /// In a list or object that is passed over.
    Passing {
        deep: u32,
        in_text: bool,
        escaped: bool,
    },
    After,
    End,
}

impl Gather for Skim<'_> {
    fn take(&mut self, chunk: &[u8]) -> bool {
        let mut rest = chunk;
        while let (Some(&byte), None) = (rest.first(), self.error) {
            let taken = self.pass(rest);
            if taken > 0 {
                rest = rest.get(taken..).unwrap_or_default();
                continue;
            }
            rest = rest.get(1..).unwrap_or_default();
            self.step(byte);
            if self.kept.len() > MOST_KEPT {
                self.error = Some(SkimError::TooMuch);
            }
        }
        self.error.is_none()
    }

    fn held(&self) -> usize {
        self.kept.len()
    }
}

impl<'w> Skim<'w> {
    /// Keeps the ids that are wanted.
    pub(super) fn new(ids: &'w HashMap<String, usize>) -> Self {
        Self {
            ids,
            kept: Vec::new(),
            frames: Vec::new(),
            at: At::Value,
            shape: Some(&ROW),
            key: Vec::new(),
            plain: Vec::new(),
            error: None,
        }
    }

    /// What is left of the execution, which has come to its end.
    pub(super) fn finish(self) -> Result<Vec<u8>, SkimError> {
        match (self.error, self.at) {
            (Some(error), _) => Err(error),
            (None, At::End) => Ok(self.kept),
            (None, _) => Err(SkimError::NotJson),
        }
    }

    /// Passes over the inside of long texts at once. Returns how many bytes.
    fn pass(&self, rest: &[u8]) -> usize {
        let in_text = matches!(self.at, At::Passing { in_text: true, escaped: false, .. })
            || self.shape.is_none() && self.at == At::InText { escaped: false };
        if !in_text {
            return 0;
        }
        rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len())
    }

    fn step(&mut self, byte: u8) {
        match self.at {
            At::Value => self.value(byte),
            At::Key => self.before_key(byte),
            At::InKey { escaped } => self.in_key(byte, escaped),
            At::Colon => match byte {
                b':' => self.at = At::Value,
                _ => self.blank(byte),
            },
            At::InText { escaped } => {
                self.keep(byte);
                match (byte, escaped) {
                    (b'"', false) => self.plain_ended(),
                    _ => self.at = At::InText { escaped: byte == b'\\' && !escaped },
                }
            }
            At::InBare => match byte {
                b',' | b'}' | b']' => {
                    self.plain_ended();
                    self.step(byte);
                }
                b' ' | b'\t' | b'\r' | b'\n' => self.plain_ended(),
                _ => self.keep(byte),
            },
            At::Passing { deep, in_text, escaped } => self.passing(byte, deep, in_text, escaped),
            At::After => self.after(byte),
            At::End => self.blank(byte),
        }
    }

    fn blank(&mut self, byte: u8) {
        if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            self.error = Some(SkimError::NotJson);
        }
    }

    fn value(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            // A byte order mark.
            0xef | 0xbb | 0xbf if self.frames.is_empty() => {}
            b']' if self.frames.last().is_some_and(|frame| frame.is_list && frame.items == 0) => {
                self.close(byte);
            }
            b'{' | b'[' => self.open(byte),
            b'"' => {
                self.plain.clear();
                self.keep(byte);
                self.at = At::InText { escaped: false };
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' if !self.frames.is_empty() => {
                self.plain.clear();
                self.keep(byte);
                self.at = At::InBare;
            }
            _ => self.error = Some(SkimError::NotJson),
        }
    }

    fn open(&mut self, byte: u8) {
        let is_list = byte == b'[';
        let fits = self.shape.filter(|shape| match shape {
            Object(_) | Loose(_) | Map(_) | Answer { .. } => !is_list,
            List(_) | First(_) | Shape::Some(_) => is_list,
            Plain | Id => false,
        });
        let Some(shape) = fits else {
            self.at = At::Passing { deep: 1, in_text: false, escaped: false };
            return;
        };
        let key = std::mem::take(&mut self.key);
        self.frames.push(Frame { shape, key, is_list, begun: false, filled: false, items: 0 });
        if !matches!(shape, Loose(_) | Answer { .. }) {
            self.begin();
        }
        self.at = if is_list { At::Value } else { At::Key };
        self.shape = self.item_shape();
    }

    /// Of the next item of the list that is open.
    fn item_shape(&self) -> Option<&'static Shape> {
        let frame = self.frames.last().filter(|frame| frame.is_list)?;
        match frame.shape {
            List(item) | Shape::Some(item) => Some(item),
            First(item) if frame.items == 0 => Some(item),
            _ => None,
        }
    }

    fn before_key(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.key.clear();
                self.at = At::InKey { escaped: false };
            }
            b'}' => self.close(byte),
            _ => self.blank(byte),
        }
    }

    fn in_key(&mut self, byte: u8, escaped: bool) {
        if byte != b'"' || escaped {
            if self.key.len() <= LONGEST_TEXT {
                self.key.push(byte);
            }
            self.at = At::InKey { escaped: byte == b'\\' && !escaped };
            return;
        }
        self.at = At::Colon;
        self.shape = self.frames.last().and_then(|frame| member(frame.shape, &self.key));
    }

    fn passing(&mut self, byte: u8, deep: u32, in_text: bool, escaped: bool) {
        let (deep, in_text, escaped) = match (byte, in_text) {
            (b'"', true) if !escaped => (deep, false, false),
            (_, true) => (deep, true, byte == b'\\' && !escaped),
            (b'"', false) => (deep, true, false),
            (b'{' | b'[', false) => (deep.saturating_add(1), false, false),
            (b'}' | b']', false) => (deep - 1, false, false),
            _ => (deep, false, false),
        };
        self.at = At::Passing { deep, in_text, escaped };
        if deep == 0 {
            self.passed_over();
        }
    }

    /// A value has ended of which nothing is kept.
    fn passed_over(&mut self) {
        // Places count where the others are told by them.
        if self.frames.last().is_some_and(|frame| matches!(frame.shape, List(_))) {
            self.write(b"null");
        }
        self.ended();
    }

    fn plain_ended(&mut self) {
        let plain = std::mem::take(&mut self.plain);
        let keeps = plain.len() <= LONGEST_TEXT
            && match self.shape {
                Some(Plain) => true,
                Some(Id) => {
                    let text = plain.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
                    std::str::from_utf8(text.unwrap_or(&plain)).is_ok_and(|id| self.ids.contains_key(id))
                }
                _ => false,
            };
        if keeps {
            self.write(&plain);
            self.ended();
        } else {
            self.passed_over();
        }
        self.plain = plain;
    }

    fn ended(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.items += 1;
        }
        self.at = if self.frames.is_empty() { At::End } else { At::After };
    }

    fn after(&mut self, byte: u8) {
        match byte {
            b',' if self.frames.last().is_some_and(|frame| frame.is_list) => {
                self.shape = self.item_shape();
                self.at = At::Value;
            }
            b',' => self.at = At::Key,
            b'}' | b']' => self.close(byte),
            _ => self.blank(byte),
        }
    }

    fn close(&mut self, byte: u8) {
        let Some(frame) = self.frames.pop().filter(|frame| frame.is_list == (byte == b']')) else {
            self.error = Some(SkimError::NotJson);
            return;
        };
        if frame.begun {
            self.kept.push(byte);
        }
        self.ended();
    }

    fn keep(&mut self, byte: u8) {
        if self.shape.is_some() && self.plain.len() <= LONGEST_TEXT {
            self.plain.push(byte);
        }
    }

    /// Writes a value where it belongs.
    fn write(&mut self, value: &[u8]) {
        self.begin();
        if let Some(frame) = self.frames.last_mut() {
            lead(&mut self.kept, frame, &self.key);
        }
        self.kept.extend_from_slice(value);
    }

    /// Writes the beginnings of all that is open.
    fn begin(&mut self) {
        let unwritten = self.frames.iter().position(|frame| !frame.begun);
        for at in unwritten.unwrap_or(self.frames.len())..self.frames.len() {
            let (outer, inner) = self.frames.split_at_mut(at);
            let Some(frame) = inner.first_mut() else { return };
            if let Some(outer) = outer.last_mut() {
                lead(&mut self.kept, outer, &frame.key);
            }
            self.kept.push(if frame.is_list { b'[' } else { b'{' });
            frame.begun = true;
        }
    }
}

/// Writes what stands before a value in what it stands in.
fn lead(kept: &mut Vec<u8>, frame: &mut Frame, key: &[u8]) {
    if std::mem::replace(&mut frame.filled, true) {
        kept.push(b',');
    }
    if !frame.is_list {
        kept.push(b'"');
        kept.extend_from_slice(key);
        kept.extend_from_slice(b"\":");
    }
}

#[cfg(test)]
mod tests;
