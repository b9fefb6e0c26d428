//! How an n8n takes the API key that was registered for it, and when it was last heard of.
//!
//! Its one rule: only n8n's own word counts. An n8n that is away, starting or in trouble says nothing about its key.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    installation::Installation,
    names::names,
    notification::{Notification, NotificationType},
};
use crate::{clock::Millis, ids::Id};

/// What is known for less than this is not written again: an n8n that is called every second costs a write in ten minutes.
pub const FRESH: Duration = Duration::from_secs(600);

names! {
    /// What n8n says of the key.
    #[derive(Default)]
    pub enum KeyState {
        /// n8n has not said anything yet.
        #[default]
        Unknown = "unknown",
        Ok = "ok",
        Refused = "refused",
    }
}

/// The health of one installation's key, as it is stored beside the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyHealth {
    pub installation_id: Id,
    /// Which registration of the key it speaks of ([`Installation::key_version`]).
    pub key_version: u64,
    pub key: KeyState,
    /// Since when n8n says so.
    pub since: Millis,
    /// When its API last took the key, exact to [`FRESH`]; none when it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Millis>,
    /// n8n's refusal, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub v: u64,
}

/// What one answer of n8n's API says of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Taken,
    /// Refused with this HTTP status.
    Refused(u16),
}

impl Word {
    fn state(self) -> KeyState {
        match self {
            Self::Taken => KeyState::Ok,
            Self::Refused(_) => KeyState::Refused,
        }
    }
}

/// What an answer changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub health: KeyHealth,
    /// A key that worked has just stopped working: people should know.
    pub stopped: bool,
}

impl KeyHealth {
    /// What is known of a key that has just been registered, and how n8n took it, if it said so.
    pub fn of_new(known: Option<&Self>, installation_id: Id, key_version: u64, word: Option<Word>, now: Millis) -> Self {
        let unknown = Self {
            installation_id,
            key_version,
            key: KeyState::Unknown,
            since: now,
            seen_at: known.and_then(|known| known.seen_at),
            error: None,
            v: known.map_or(1, |known| known.v + 1),
        };
        let heard = word.and_then(|word| Self::after(Some(&unknown), installation_id, key_version, word, now));
        heard.map_or(unknown.clone(), |heard| Self { v: unknown.v, ..heard.health })
    }

    /// What is to be stored after an answer to the key of a registration; none when it is known, or when another key was
    /// registered since.
    pub fn after(
        known: Option<&Self>,
        installation_id: Id,
        key_version: u64,
        word: Word,
        now: Millis,
    ) -> Option<Heard> {
        if known.is_some_and(|known| known.key_version > key_version) {
            return None;
        }
        let state = word.state();
        let same_key = known.filter(|known| known.key_version == key_version);
        let same = same_key.filter(|known| known.key == state);
        let fresh = |known: &Self| match state {
            KeyState::Ok => known.seen_at.is_some_and(|at| now.is_within(FRESH, at)),
            _ => true,
        };
        if same.is_some_and(fresh) {
            return None;
        }
        let seen_before = known.and_then(|known| known.seen_at);
        let health = Self {
            installation_id,
            key_version,
            key: state,
            since: same.map_or(now, |known| known.since),
            seen_at: if state == KeyState::Ok { Some(now) } else { seen_before },
            error: match word {
                Word::Taken => None,
                Word::Refused(status) => Some(refusal(status)),
            },
            v: known.map_or(1, |known| known.v + 1),
        };
        let worked = same_key.is_some_and(|known| known.key == KeyState::Ok);
        Some(Heard { health, stopped: worked && state == KeyState::Refused })
    }

    /// What people are told when a key stops working.
    pub fn notification(&self, id: Id, installation: &Installation, now: Millis) -> Notification {
        let why = self.error.as_deref().unwrap_or_default();
        Notification {
            id,
            group_id: installation.group_id,
            title: short(&format!("The API key of {} does not work any more", installation.title)),
            message: format!(
                "{why} ({host}). Until it works again, runs are not followed to their end, new workflows are not found, and \
                 a decision goes only where it can be told without looking. Make another key in n8n (Settings, n8n API) \
                 and register it as instance {instance}: POST /api/installs/register.",
                host = installation.host,
                instance = installation.instance_id,
            ),
            kind: NotificationType::WorkflowAlert,
            link: None,
            entity_type: Some("installation".into()),
            entity_id: Some(installation.id),
            read: None,
            created_at: now,
        }
    }
}

/// What n8n's refusal of a key means, for people.
pub fn refusal(status: u16) -> String {
    match status {
        403 => "n8n refuses the API key (403): it may lack a scope such as workflow:list or execution:read".into(),
        _ => format!("n8n refuses the API key ({status})"),
    }
}

/// As long as a title of a notification may be.
fn short(title: &str) -> String {
    title.chars().take(255).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: u64 = 45;

    fn after(known: Option<&KeyHealth>, word: Word, now: i64) -> Option<Heard> {
        KeyHealth::after(known, Id::from_u64(ID).unwrap(), 1, word, Millis(now))
    }

    #[test]
    fn a_key_stops_working_once_until_it_is_well_again() {
        let well = after(None, Word::Taken, 0).unwrap();
        assert!(!well.stopped && well.health.key == KeyState::Ok);
        let gone = after(Some(&well.health), Word::Refused(401), 1000).unwrap();
        assert!(gone.stopped && gone.health.seen_at == Some(Millis(0)) && gone.health.since == Millis(1000));
        assert_eq!(after(Some(&gone.health), Word::Refused(401), 9_000_000), None);
        let well = after(Some(&gone.health), Word::Taken, 2000).unwrap();
        assert!(!well.stopped && well.health.error.is_none() && well.health.v == 3);
        assert!(after(Some(&well.health), Word::Refused(401), 3000).unwrap().stopped);
    }

    #[test]
    fn a_key_that_never_worked_does_not_stop() {
        let refused = after(None, Word::Refused(401), 0).unwrap();
        assert!(!refused.stopped && refused.health.key == KeyState::Refused);
    }

    #[test]
    fn an_answer_to_an_earlier_key_says_nothing_of_the_new_one() {
        let id = Id::from_u64(ID).unwrap();
        let gone = after(Some(&after(None, Word::Taken, 0).unwrap().health), Word::Refused(401), 1).unwrap().health;
        let new = KeyHealth::of_new(Some(&gone), id, 2, Some(Word::Taken), Millis(2));
        assert_eq!((new.key, new.v, new.seen_at), (KeyState::Ok, gone.v + 1, Some(Millis(2))));
        assert_eq!(after(Some(&new), Word::Refused(401), 3), None);
        let unheard = KeyHealth::of_new(Some(&gone), id, 2, None, Millis(2));
        assert_eq!((unheard.key, unheard.error, unheard.seen_at), (KeyState::Unknown, None, Some(Millis(0))));
        let refused = KeyHealth::of_new(None, id, 1, Some(Word::Refused(403)), Millis(2));
        assert_eq!((refused.key, refused.v), (KeyState::Refused, 1));
        assert!(refused.error.unwrap().contains("scope"));
    }

    #[test]
    fn what_is_known_is_not_written_again() {
        let well = after(None, Word::Taken, 0).unwrap().health;
        let fresh = i64::try_from(FRESH.as_millis()).unwrap();
        assert_eq!(after(Some(&well), Word::Taken, fresh - 1), None);
        let later = after(Some(&well), Word::Taken, fresh).unwrap().health;
        assert_eq!((later.since, later.seen_at), (Millis(0), Some(Millis(fresh))));
    }
}
