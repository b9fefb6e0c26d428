//! What is known of a type of event: its row of the catalogue, and what its data hold.
//!
//! Its one rule: an event is described before it is told; whoever reads one can know every field of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What is known of a type of event.
#[derive(Debug)]
pub struct Entry {
    pub name: &'static str,
    /// What happened, in a sentence.
    pub description: &'static str,
    /// What its data hold.
    pub data: &'static [Datum],
    /// What is kept of it.
    pub kept: Kept,
}

/// Where events of a type are found, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In the log, for thirty days.
    Log,
    /// In the log for thirty days, and in the audit log.
    Audit(Category),
    /// In what was written itself, such as a usage record: the log reads it there.
    Itself,
    /// Nothing here tells of it yet.
    Later,
}

/// What an entry of the audit log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    Keys,
    Roles,
    Settings,
    Logins,
    Decisions,
}

impl Category {
    pub const ALL: [Self; 5] = [Self::Keys, Self::Roles, Self::Settings, Self::Logins, Self::Decisions];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Roles => "roles",
            Self::Settings => "settings",
            Self::Logins => "logins",
            Self::Decisions => "decisions",
        }
    }
}

/// One field of an event's data.
#[derive(Debug)]
pub struct Datum {
    pub name: &'static str,
    pub holds: Holds,
    pub description: &'static str,
}

/// What a field holds, with an example.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    Text(&'static str),
    Number(i64),
    Flag(bool),
    Id(u64),
    /// Several words.
    Words(&'static [&'static str]),
    /// Several ids.
    Ids(&'static [u64]),
}

/// Characters that a text in an event's data has at most.
pub const MAX_TEXT: usize = 100;
/// Words of a list in it.
pub const MAX_WORDS: usize = 10;

impl Entry {
    /// JSON Schema (draft 2020-12) of the event's `data`.
    pub fn schema(&self) -> Value {
        let fields = self.data.iter().map(|datum| (datum.name.to_owned(), datum.schema()));
        json!({ "type": "object", "properties": fields.collect::<Map<_, _>>() })
    }

    /// An example of the event's `data`.
    pub fn example(&self) -> BTreeMap<String, Value> {
        self.data.iter().map(|datum| (datum.name.to_owned(), datum.holds.example())).collect()
    }

    /// Whether data hold nothing but what this says of them; a field may be left out, or null.
    pub fn describes(&self, data: &BTreeMap<String, Value>) -> bool {
        data.iter().all(|(name, value)| self.holds(name, value))
    }

    pub(super) fn holds(&self, name: &str, value: &Value) -> bool {
        self.data.iter().any(|datum| datum.name == name && (value.is_null() || datum.holds.fits(value)))
    }
}

impl Datum {
    fn schema(&self) -> Value {
        let mut schema = self.holds.schema();
        schema["description"] = self.description.into();
        schema
    }
}

impl Holds {
    fn schema(self) -> Value {
        match self {
            Self::Text(_) => json!({ "type": ["string", "null"], "maxLength": MAX_TEXT + 1 }),
            Self::Number(_) | Self::Id(_) => json!({ "type": ["integer", "null"] }),
            Self::Flag(_) => json!({ "type": ["boolean", "null"] }),
            Self::Words(_) => {
                json!({ "type": ["array", "null"], "items": { "type": "string" }, "maxItems": MAX_WORDS })
            }
            Self::Ids(_) => {
                json!({ "type": ["array", "null"], "items": { "type": "integer" }, "maxItems": MAX_WORDS })
            }
        }
    }

    fn example(self) -> Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Flag(flag) => flag.into(),
            Self::Id(id) => id.into(),
            Self::Words(words) => json!(words),
            Self::Ids(ids) => json!(ids),
        }
    }

    pub(super) fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text(_) => value.as_str().is_some_and(|text| text.chars().count() <= MAX_TEXT + 1),
            Self::Number(_) => value.is_i64() || value.is_u64(),
            Self::Flag(_) => value.is_boolean(),
            Self::Id(_) => value.is_u64(),
            Self::Words(_) => value
                .as_array()
                .is_some_and(|words| words.len() <= MAX_WORDS && words.iter().all(Value::is_string)),
            Self::Ids(_) => {
                value.as_array().is_some_and(|ids| ids.len() <= MAX_WORDS && ids.iter().all(Value::is_u64))
            }
        }
    }
}
