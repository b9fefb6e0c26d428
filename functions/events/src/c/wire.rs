//! An entry of the audit log, and which ones are asked for.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use shared::{
    clock,
    domain::event::{Category, Event, EventType, Kept, Through},
    http::input::Words,
    ids::{ApiKeyId, Id, UserId},
};
use utoipa::ToSchema;

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct EntryOut {
    /// No other entry has the same.
    #[schema(example = "evt_1Gd3mP2a_1Gd3mP1x62")]
    pub id: String,
    #[schema(example = "2026-11-22T09:00:00.000Z")]
    pub created_at: String,
    /// `keys`, `roles`, `settings`, `logins` or `decisions`.
    #[schema(example = "keys")]
    pub category: &'static str,
    #[schema(value_type = String, example = "api_key.created")]
    pub action: EventType,
    /// Who did it; null where nobody is known to have.
    #[schema(value_type = Option<u64>)]
    pub actor_id: Option<UserId>,
    #[schema(example = "john.doe@example.com")]
    pub actor: Option<String>,
    /// What the actor came with: `api_key`, `session` or `command_line`; null where nobody did it, and for what is done with a
    /// password or a link alone.
    #[schema(example = "session")]
    pub through: Option<&'static str>,
    /// The key, where it was one.
    #[schema(value_type = Option<u64>)]
    pub api_key_id: Option<ApiKeyId>,
    #[schema(example = "api_key")]
    pub subject_type: String,
    #[schema(value_type = u64, example = 9)]
    pub subject_id: Id,
    /// More of it, by the kind of action.
    #[schema(value_type = Object)]
    pub data: BTreeMap<String, Value>,
}

impl From<Event> for EntryOut {
    fn from(event: Event) -> Self {
        let category = match event.kind.entry().kept {
            Kept::Audit(category) => category.as_str(),
            Kept::Log | Kept::Itself | Kept::Later => "",
        };
        let (actor_id, actor) = event.actor.clone().map(|actor| (actor.user_id, actor.username)).unzip();
        Self {
            id: event.public_id(),
            created_at: clock::iso_millis(event.created_at),
            category,
            action: event.kind,
            actor_id,
            actor,
            through: event.through.map(Through::as_str),
            api_key_id: match event.through {
                Some(Through::ApiKey(id)) => Some(id),
                _ => None,
            },
            subject_type: event.subject.kind,
            subject_id: event.subject.id,
            data: event.data,
        }
    }
}

/// The word of a category.
pub struct CategoryWord;

impl Words for CategoryWord {
    type Value = Category;

    const WORDS: &'static [&'static str] = &["keys", "roles", "settings", "logins", "decisions"];

    fn parse(word: &str) -> Option<Category> {
        Category::ALL.into_iter().find(|category| category.as_str() == word)
    }
}
