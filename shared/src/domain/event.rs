//! Events: what happened in an organization, as those who were not there hear of it.
//!
//! Its one rule: an event says what happened and to whom, in a few words; whoever wants more reads the subject. It is as small
//! as what one write unit holds, because it is written with every change.

mod catalogue;
mod entry;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub use catalogue::{AUDITED, EventType, TOGETHER};
pub use entry::{Category, Datum, Entry, Holds, Kept, MAX_TEXT, MAX_WORDS};

use crate::{
    clock::Millis,
    domain::{principal::Credential, review::Actor},
    ids::{ApiKeyId, GroupId, Id},
    json,
};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: Id,
    #[serde(rename = "type")]
    pub kind: EventType,
    /// What happened with it in the same moment: they lie in one item, for the price of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<EventType>,
    pub created_at: Millis,
    /// Who did it; none where nobody did, such as what time brought about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// What the actor came with, where an actor did it by a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Through>,
    pub subject: Subject,
    /// The client group that it concerns; none for what concerns the whole organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// What the catalogue says of the type, or of both.
    #[serde(deserialize_with = "json::values")]
    pub data: BTreeMap<String, Value>,
}

/// What an event may take, as JSON: with its keys it stays below the 1 KB that one write unit holds.
const MAX_BYTES: usize = 800;

impl Event {
    /// Cuts its longest texts until it is small enough.
    fn fit(&mut self) {
        let bytes = |event: &Self| serde_json::to_string(event).map_or(0, |text| text.len());
        while bytes(self) > MAX_BYTES {
            let longest = self.data.values_mut().flat_map(texts).max_by_key(|text| text.len());
            // Without data nothing of it is that long.
            let Some(text) = longest.filter(|text| text.len() > 8) else { return };
            let end = text.floor_char_boundary(text.len() / 2);
            text.truncate(end);
            text.push('…');
        }
    }

    /// Whether the catalogue knows it so.
    fn is_described(&self) -> bool {
        let known = |name: &str, value: &Value| {
            let of = |kind: EventType| kind.entry().holds(name, value);
            of(self.kind) || self.also.is_some_and(of)
        };
        let together = self.also.is_none_or(|also| TOGETHER.contains(&(self.kind, also)));
        together && self.data.iter().all(|(name, value)| known(name, value))
    }

    /// The events that it stands for, each with its own data.
    pub fn each(self) -> impl DoubleEndedIterator<Item = Self> {
        let second = self.also.map(|kind| Self { kind, also: None, ..self.clone() });
        let both = second.is_some();
        std::iter::once(Self { also: None, ..self }).chain(second).map(move |mut event| {
            if both {
                let entry = event.kind.entry();
                event.data.retain(|name, _| entry.data.iter().any(|datum| datum.name == name));
            }
            event
        })
    }

    /// What its subscribers know it by: no other event of the organization has the same.
    pub fn public_id(&self) -> String {
        // Two instances may give the same id within a millisecond, but not to events of the same subject; and what happened in
        // one moment differs in its type.
        let place = EventType::ALL.iter().position(|kind| *kind == self.kind).unwrap_or_default();
        let subject = self.subject.id.prefixed("");
        format!("{}{subject}{place:02}", self.id.prefixed("evt"))
    }
}

/// By what somebody did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    ApiKey(ApiKeyId),
    Session,
    CommandLine,
}

impl Through {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey(_) => "api_key",
            Self::Session => "session",
            Self::CommandLine => "command_line",
        }
    }
}

impl From<Credential> for Through {
    fn from(credential: Credential) -> Self {
        match credential {
            Credential::ApiKey(id) => Self::ApiKey(id),
            Credential::Session(_) => Self::Session,
            Credential::Operator => Self::CommandLine,
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `lead`, `payload`, `api_key`, …
    #[serde(rename = "type")]
    pub kind: String,
    pub id: Id,
}

impl Subject {
    pub fn of(kind: &str, id: impl Into<Id>) -> Self {
        Self { kind: kind.to_owned(), id: id.into() }
    }
}

/// What happened, before it is known when and through whom.
#[derive(Debug)]
pub struct Happened {
    kind: EventType,
    also: Option<EventType>,
    subject: Subject,
    through: Option<Through>,
    group_id: Option<GroupId>,
    data: BTreeMap<String, Value>,
}

impl Happened {
    pub fn new(kind: EventType, subject: Subject) -> Self {
        Self { kind, also: None, subject, through: None, group_id: None, data: BTreeMap::new() }
    }

    /// And this happened with it, which is one of [`TOGETHER`].
    #[must_use]
    pub fn and(self, also: EventType) -> Self {
        Self { also: Some(also), ..self }
    }

    /// The same where `happened`.
    #[must_use]
    pub fn and_if(self, happened: bool, also: EventType) -> Self {
        if happened { self.and(also) } else { self }
    }

    /// By this credential.
    #[must_use]
    pub fn through(self, credential: Credential) -> Self {
        Self { through: Some(credential.into()), ..self }
    }

    /// In this client group.
    #[must_use]
    pub fn in_group(self, group: GroupId) -> Self {
        Self { group_id: Some(group), ..self }
    }

    /// With a field of the type's data. Texts are cut to [`MAX_TEXT`].
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => short(&text),
            other => other,
        };
        self.data.insert(name.to_owned(), value);
        self
    }

    /// The same where there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With the names of several things, the first [`MAX_WORDS`] of them.
    #[must_use]
    pub fn with_words<'a>(self, name: &str, words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<Value> = words.into_iter().take(MAX_WORDS).map(short).collect();
        self.with(name, words)
    }

    /// With the client groups that something is bound to, if it is.
    #[must_use]
    pub fn bound_to(self, groups: &[GroupId]) -> Self {
        if groups.is_empty() {
            return self;
        }
        let groups: Vec<_> = groups.iter().take(MAX_WORDS).map(|group| group.get()).collect();
        self.with("group_ids", groups)
    }

    /// The event, done by this actor. It happened when its id was made: what is listed by age has the age that it shows.
    pub fn event(self, id: Id, actor: Option<Actor>) -> Event {
        let Self { kind, also, subject, through, group_id, data } = self;
        let mut event =
            Event { id, kind, also, created_at: id.made_at(), actor, through, subject, group_id, data };
        debug_assert!(event.is_described(), "{event:?}");
        event.fit();
        event
    }
}

/// The texts in a value, one level deep.
fn texts(value: &mut Value) -> Vec<&mut String> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items
            .iter_mut()
            .filter_map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// A text as an event has it: whole where it is short, else its beginning.
pub fn short(text: &str) -> Value {
    match text.char_indices().nth(MAX_TEXT) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

impl EventType {
    pub fn as_str(self) -> &'static str {
        self.entry().name
    }

    /// Those that lie in the log, by themselves.
    pub fn logged() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| matches!(kind.entry().kept, Kept::Log | Kept::Audit(_)))
    }

    /// Those of the audit log.
    pub fn audited() -> impl Iterator<Item = (Self, Category)> {
        Self::ALL.iter().filter_map(|kind| match kind.entry().kept {
            Kept::Audit(category) => Some((*kind, category)),
            _ => None,
        })
    }
}

/// A word that names no type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no type of event")]
pub struct UnknownType;

impl FromStr for EventType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownType)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_reads_back_under_a_name_of_its_own() {
        let names: BTreeSet<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), EventType::ALL.len());
        for kind in EventType::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert!(kind.entry().description.ends_with('.'), "{kind}");
        }
        assert_eq!("lead.eaten".parse::<EventType>(), Err(UnknownType));
    }

    #[test]
    fn each_example_is_what_its_schema_says() {
        for kind in EventType::ALL {
            let entry = kind.entry();
            assert!(entry.describes(&entry.example()), "{kind}");
            let named = entry.schema()["properties"].as_object().unwrap().len();
            assert_eq!(named, entry.data.len(), "{kind} says a field twice");
        }
        let lead = EventType::LeadCreated.entry();
        for wrong in [json!({ "colour": "red" }), json!({ "status": 5 })] {
            let data = wrong.as_object().unwrap().clone().into_iter().collect();
            assert!(!lead.describes(&data), "{wrong}");
        }
    }

    #[test]
    fn an_event_is_small_whatever_it_tells() {
        let long = "💥".repeat(300);
        let subject = Subject::of("payload", Id::from_u64((1 << 53) - 1).unwrap());
        let happened = Happened::new(EventType::PayloadUpdated, subject).and(EventType::ReviewRequested);
        let happened = ["entity_type", "workflow_id", "execution_id"]
            .into_iter()
            .fold(happened, |happened, name| happened.with(name, long.as_str()));
        let happened = happened.with_words("changed", [long.as_str(); 30]);
        let actor = Actor {
            user_id: crate::ids::UserId::from_u64((1 << 53) - 1).unwrap(),
            username: format!("{}@example.com", "x".repeat(242)),
        };
        let event = happened.event(Id::SMALLEST, Some(actor));
        assert!(serde_json::to_string(&event).unwrap().len() <= MAX_BYTES, "{event:?}");
        assert!(event.data["workflow_id"].as_str().unwrap().starts_with('💥'));
    }

    #[test]
    fn what_happens_in_one_moment_is_two_events() {
        let subject = Subject::of("lead", Id::from_u64(101).unwrap());
        let happened = Happened::new(EventType::LeadCreated, subject)
            .with("status_id", 12_u64)
            .with("entity_type", "lead")
            .and(EventType::ReviewRequested);
        let event = happened.event(Id::SMALLEST, None);
        let both: Vec<_> = event.each().collect();
        let shown = both.iter().map(|event| (event.kind, event.data.keys().cloned().collect::<Vec<_>>()));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                (EventType::LeadCreated, vec!["status_id".to_owned()]),
                (EventType::ReviewRequested, vec!["entity_type".to_owned()]),
            ]
        );
        assert_ne!(both[0].public_id(), both[1].public_id());
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(short("abc"), "abc");
        let cut = short(&"é".repeat(200));
        assert_eq!(cut.as_str().unwrap().chars().count(), MAX_TEXT + 1);
        assert!(Holds::Text("").fits(&cut));
    }
}
