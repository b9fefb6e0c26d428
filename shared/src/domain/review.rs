//! Human review, the same for every entity that can wait for a person.
//!
//! Its one rule: the first decision stands. Its effect on n8n is owed from the moment it is stored, and is paid once.

use serde::{Deserialize, Serialize};

use crate::{clock::Millis, ids::UserId};

pub use super::resume::{Rest, Resume, ResumeState};

/// Entries kept of an entity's history; the oldest go first.
const HISTORY: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum AutomationStatus {
    #[default]
    Pending,
    Approved,
    Denied,
    Regenerate,
}

impl AutomationStatus {
    /// What a caller may set; `regenerate` is a reviewer's verb only.
    pub const SETTABLE: [&'static str; 3] = ["pending", "approved", "denied"];
    pub const ALL: [&'static str; 4] = ["pending", "approved", "denied", "regenerate"];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Regenerate => "regenerate",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "pending" => Some(Self::Pending),
            "approved" => Some(Self::Approved),
            "denied" => Some(Self::Denied),
            "regenerate" => Some(Self::Regenerate),
            _ => None,
        }
    }
}

/// The kinds of entity that can be reviewed, by their documented names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityType {
    Lead,
    MediaItem,
    CustomPayload,
    /// Beside the document: the vendor's invoice node asks for a review too.
    Invoice,
}

impl EntityType {
    pub const ALL: [&'static str; 4] = ["lead", "media_item", "custom_payload", "invoice"];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::MediaItem => "media_item",
            Self::CustomPayload => "custom_payload",
            Self::Invoice => "invoice",
        }
    }

    /// Name of the partition that its entities lie in.
    pub const fn partition(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::MediaItem => "media",
            Self::CustomPayload => "payload",
            Self::Invoice => "invoice",
        }
    }

    /// Name of the partition of what n8n is still to be told of deleted ones.
    pub const fn departed(self) -> &'static str {
        match self {
            Self::Lead => "departed-lead",
            Self::MediaItem => "departed-media",
            Self::CustomPayload => "departed-payload",
            Self::Invoice => "departed-invoice",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "lead" => Some(Self::Lead),
            "media_item" => Some(Self::MediaItem),
            "custom_payload" => Some(Self::CustomPayload),
            "invoice" => Some(Self::Invoice),
            _ => None,
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub user_id: UserId,
    pub username: String,
}

/// One line of an entity's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub at: Millis,
    pub by: Actor,
    pub from: AutomationStatus,
    pub to: AutomationStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// The decision that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub decision: AutomationStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    pub by: Actor,
    pub at: Millis,
}

/// The review of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Review {
    pub automation_status: AutomationStatus,
    pub human_interaction: bool,
    pub allow_regenerate: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
    /// How often the workflow posted the entity again after `regenerate`.
    #[serde(default)]
    pub reposts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// What a verb does to a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Stored now; n8n is to be told.
    Decided,
    /// The same decision stands already: nothing changes.
    Repeated,
    /// Another decision stands.
    AlreadyDecided(Decision),
    /// The entity was created without `allow_regenerate`.
    RegenerateNotAllowed,
}

impl Review {
    /// Applies a reviewer's verb.
    pub fn decide(&mut self, to: AutomationStatus, by: Actor, notes: Option<String>, now: Millis) -> Verdict {
        if let Some(first) = &self.decision {
            return if first.decision == to {
                Verdict::Repeated
            } else {
                Verdict::AlreadyDecided(first.clone())
            };
        }
        if to == AutomationStatus::Regenerate && !self.allow_regenerate {
            return Verdict::RegenerateNotAllowed;
        }
        self.record(to, by.clone(), notes.clone(), now);
        self.decision = Some(Decision { decision: to, notes, by, at: now });
        Verdict::Decided
    }

    /// The workflow posted again after `regenerate`: the entity waits for a person once more.
    pub fn reopen(&mut self, by: Actor, now: Millis) {
        self.record(AutomationStatus::Pending, by, None, now);
        self.reposts += 1;
        self.decision = None;
        self.resume = None;
    }

    /// Another execution asks for a person. What was decided before was about another question.
    pub fn ask_again(&mut self, by: Actor, now: Millis) {
        if self.automation_status != AutomationStatus::Pending {
            self.record(AutomationStatus::Pending, by, None, now);
        }
        self.human_interaction = true;
        self.reposts = 0;
        self.decision = None;
        self.resume = None;
    }

    /// Whether somebody waits for this review: a person has to decide, the workflow has to post again, or n8n has to be
    /// told.
    pub fn is_open(&self) -> bool {
        let undecided =
            matches!(self.automation_status, AutomationStatus::Pending | AutomationStatus::Regenerate);
        let owed = self.resume.as_ref().is_some_and(|resume| resume.state == ResumeState::Pending);
        owed || (self.human_interaction && undecided)
    }

    /// Whether there was a decision, and no more is done to tell n8n of it.
    pub fn is_settled(&self) -> bool {
        let resume = self.decision.as_ref().and(self.resume.as_ref());
        resume.is_some_and(|resume| resume.state != ResumeState::Pending)
    }

    /// When the due index shows that n8n is to be told of the decision, if it is still to be told.
    pub fn owed_at(&self) -> Option<Millis> {
        self.resume.as_ref()?.due_at()
    }

    /// A caller sets the status without deciding: nothing is resumed.
    pub fn set_status(&mut self, to: AutomationStatus, by: Actor, now: Millis) {
        if to != self.automation_status {
            self.record(to, by, None, now);
        }
    }

    fn record(&mut self, to: AutomationStatus, by: Actor, notes: Option<String>, now: Millis) {
        self.history.push(HistoryEntry { at: now, by, from: self.automation_status, to, notes });
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        self.automation_status = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Actor {
        Actor { user_id: UserId::from_u64(1).unwrap(), username: "jane".into() }
    }

    #[test]
    fn the_first_decision_stands() {
        let mut review = Review::default();
        assert_eq!(
            review.decide(AutomationStatus::Approved, who(), Some("ok".into()), Millis(1)),
            Verdict::Decided
        );
        assert_eq!(review.decide(AutomationStatus::Approved, who(), None, Millis(2)), Verdict::Repeated);
        let Verdict::AlreadyDecided(first) = review.decide(AutomationStatus::Denied, who(), None, Millis(3))
        else {
            panic!("a different decision must conflict");
        };
        assert_eq!((first.at, first.notes.as_deref()), (Millis(1), Some("ok")));
        assert_eq!(review.history.len(), 1);
    }

    #[test]
    fn regenerate_needs_permission_and_reopens() {
        let mut review = Review::default();
        assert_eq!(
            review.decide(AutomationStatus::Regenerate, who(), None, Millis(1)),
            Verdict::RegenerateNotAllowed
        );
        review.allow_regenerate = true;
        assert_eq!(review.decide(AutomationStatus::Regenerate, who(), None, Millis(2)), Verdict::Decided);
        review.reopen(who(), Millis(3));
        assert_eq!(review.automation_status, AutomationStatus::Pending);
        assert_eq!(review.decide(AutomationStatus::Approved, who(), None, Millis(4)), Verdict::Decided);
        assert_eq!(review.history.len(), 3);
    }
}
