//! A type of its own for the id of each kind of entity. All are the one integer of [`Id`].
//!
//! Its one rule: what names another entity is no id. A lead's id is never taken for a payload's by the compiler, nor by a
//! client: `pay_…` where a lead is asked for is as unknown as the id of another tenant.

use std::{fmt, num::NonZeroU8, str::FromStr};

use serde::{Deserialize, Deserializer, de::Visitor};

use super::{Id, NotAnId, split_prefix};

/// The id of one kind of entity.
pub trait EntityId:
    Copy + Ord + fmt::Debug + fmt::Display + FromStr<Err = NotAnId> + Into<Id> + Send + Sync + 'static
{
    /// What its rendering in base 62 begins with (`lead_…`), before the underscore.
    const PREFIX: &'static str;

    /// The id of an entity of this kind: whoever says so must know, from the key it stands under or because it was just made.
    fn of(id: Id) -> Self;
}

impl EntityId for Id {
    /// What a thing without a kind is called; an [`Id`] reads every prefix.
    const PREFIX: &'static str = "id";

    fn of(id: Id) -> Self {
        id
    }
}

/// Reads any rendering of an id, but for one that names another kind than `prefix`. What names no kind of ours is read like the rest:
/// a prefix is the dialect's word, and a caller may have its own.
fn parse(text: &str, prefix: &str) -> Result<Id, NotAnId> {
    match split_prefix(text) {
        Some((other, _)) if other != prefix && PREFIXES.contains(&other) => Err(NotAnId),
        _ => text.parse(),
    }
}

/// Reads an id of the kind that is shown with `prefix`. One visitor for all kinds: what differs is a word, not code.
fn deserialize<'de, D: Deserializer<'de>>(deserializer: D, prefix: &'static str) -> Result<Id, D::Error> {
    deserializer.deserialize_any(TypedVisitor(prefix))
}

struct TypedVisitor(&'static str);

impl Visitor<'_> for TypedVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Id, E> {
        Id::from_u64(value).ok_or_else(|| E::custom(NotAnId))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Id, E> {
        self.visit_u64(u64::try_from(value).unwrap_or(0))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
        parse(text, self.0).map_err(E::custom)
    }
}

macro_rules! entity_ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// Serializes as a JSON integer; reads an integer or any text rendering that is not another entity's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(Id);

        impl $name {
            /// An id read back from where this code wrote it.
            pub fn from_u64(value: u64) -> Option<Self> {
                Id::from_u64(value).map(Self)
            }

            pub fn get(self) -> u64 {
                self.0.get()
            }

            /// When it was made, to the millisecond.
            pub fn made_at(self) -> crate::clock::Millis {
                self.0.made_at()
            }

            /// Sixteen digits: sorts as text in the order of creation.
            pub fn sortable(self) -> String {
                self.0.sortable()
            }

            /// In base 62 behind the prefix of its kind.
            pub fn prefixed(self) -> String {
                self.0.prefixed($prefix)
            }

            /// The integer, whatever it is of: for what holds ids of all kinds.
            pub fn untyped(self) -> Id {
                self.0
            }
        }

        impl EntityId for $name {
            const PREFIX: &'static str = $prefix;

            fn of(id: Id) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Id {
            fn from(id: $name) -> Id {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse(text, $prefix).map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize(deserializer, $prefix).map(Self)
            }
        }
    )*

        /// Every kind of id with its prefix.
        const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

impl StatusId {
    /// The id of a status that every organization has from the start: no clock makes an id so small.
    pub const fn built_in(number: NonZeroU8) -> Self {
        Self(Id(number.get() as u64))
    }
}

entity_ids! {
    /// A member of an organization.
    UserId "user";
    /// A client group of an organization.
    GroupId "group";
    /// An API key. Its id is no secret.
    ApiKeyId "key";
    /// An n8n that is registered.
    InstallationId "inst";
    /// An n8n workflow that Baton knows: the integer that document 000 calls `nid`.
    Nid "node";
    /// An n8n execution that Baton follows.
    FollowedRunId "run";
    /// A rule of what to alert about.
    AlertId "alert";
    /// A limit on what is spent.
    BudgetId "budget";
    /// A record of token usage.
    UsageId "usage";
    /// A conversation.
    ChatId "chat";
    /// A message of a conversation.
    MessageId "msg";
    /// A notification.
    NotificationId "note";
    /// An uploaded file.
    FileId "file";
    /// A collection of media.
    CollectionId "coll";
    /// A media item.
    MediaId "media";
    /// A payload for review.
    PayloadId "pay";
    /// An invoice.
    InvoiceId "inv";
    /// A lead.
    LeadId "lead";
    /// A status that leads go through.
    StatusId "status";
    /// A field that an organization gives its leads.
    FieldId "field";
    /// A workflow of the run engine. Dialect B fixes its prefix.
    WorkflowId "wf";
    /// A project.
    ProjectId "proj";
    /// A piece of background work.
    ChoreId "chore";
    /// A login. No dialect shows it: it stands in the tokens of its session.
    SessionId "session";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const VALUE: u64 = 244_357_204_758_526;

    #[test]
    fn an_id_reads_every_rendering_of_its_own_kind() {
        let (id, lead) = (Id::from_u64(VALUE).unwrap(), LeadId::from_u64(VALUE).unwrap());
        for text in [id.to_string(), id.sortable(), lead.prefixed(), id.hex24(), id.uuid()] {
            assert_eq!(text.parse::<LeadId>(), Ok(lead), "{text}");
            let json = format!("\"{text}\"");
            assert_eq!(crate::json::from_str::<LeadId>(&json).unwrap(), lead, "{json}");
        }
        assert_eq!(crate::json::from_str::<LeadId>(&id.to_string()).unwrap(), lead);
        assert_eq!((lead.untyped(), LeadId::of(id)), (id, lead));
    }

    #[test]
    fn an_id_of_another_kind_is_none() {
        let other = PayloadId::from_u64(VALUE).unwrap().prefixed();
        assert_eq!(other.parse::<LeadId>(), Err(NotAnId));
        assert!(crate::json::from_str::<LeadId>(&format!("\"{other}\"")).is_err());
        assert!(other.parse::<PayloadId>().is_ok() && other.parse::<Id>().is_ok());
        // `lead` misspelled names nothing of ours.
        assert!(
            LeadId::from_u64(VALUE).unwrap().prefixed().replace("lead_", "led_").parse::<LeadId>().is_ok()
        );
    }

    #[test]
    fn an_id_is_stored_as_its_integer() {
        let lead = LeadId::from_u64(VALUE).unwrap();
        assert_eq!(serde_json::to_string(&lead).unwrap(), VALUE.to_string());
        assert_eq!((lead.to_string(), lead.sortable()), (VALUE.to_string(), format!("{VALUE:016}")));
    }

    #[test]
    fn each_kind_has_a_prefix_of_its_own() {
        let different: BTreeSet<_> = PREFIXES.iter().collect();
        assert_eq!(different.len(), PREFIXES.len());
        let fits =
            |prefix: &str| (1..=20).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_lowercase());
        assert!(PREFIXES.iter().copied().all(fits), "{PREFIXES:?}");
    }
}
