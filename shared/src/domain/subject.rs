//! What leads, media items and custom payloads have in common: where they come from, and the review that they may wait
//! for.
//!
//! Its one rule: whatever a person can decide on is a [`Subject`] first, so that decisions, their effect on n8n and
//! *regenerate* are written once.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use sha2::{Digest, Sha256};

use super::{
    review::{Actor, EntityType, Review},
    words::fold,
};
use crate::{
    clock::Millis,
    ids::{EntityId, GroupId, Id, InstallationId},
};

/// The common part of an entity, stored among its own attributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Of whatever kind it is the subject of: whoever holds the entity has its own type ([`Reviewable::Id`]).
    pub id: Id,
    pub group_id: GroupId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_id: Option<InstallationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// The node that posts it, by its id or name, where the workflow says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// How the execution stands, as far as a push, a poll or a decision has told. None while nothing has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_state: Option<ExecutionState>,
    /// The execution's own resume URL, sealed: its signature lets anyone resume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_resume_url: Option<String>,
    /// What the suffix of that URL is known by (`n8n::wait::mark`), where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_suffix: Option<String>,
    /// The headers that its Wait asks for, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_resume_headers: Option<String>,
    pub review: Review,
    pub created_at: Millis,
    /// When the workflow last posted it: at its creation, and again after every regenerate. The Wait that a decision is
    /// for comes after this.
    pub posted_at: Millis,
    pub changed_at: Millis,
    /// What is large of it lies in another item, whether that was read or not. Storage alone says so (`repo::apart`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    pub v: u64,
}

impl Subject {
    /// Name under which the resume URL is sealed.
    pub fn seal_record(kind: EntityType, id: Id) -> String {
        format!("{}/{id}/resume_url", kind.partition())
    }

    /// Name under which the headers of its Wait are sealed: they are its execution's. None where nothing waits.
    pub fn headers_record(&self) -> Option<String> {
        let (installation, execution) = self.installation_id.zip(self.execution_id.as_deref())?;
        Some(format!("resume_headers/{installation}/{execution}"))
    }

    /// The execution that it was, or may be, handed in by to wait for a person.
    pub fn asking(&self) -> Option<(InstallationId, &str)> {
        let review = &self.review;
        let asks = review.human_interaction || self.sealed_resume_url.is_some() || review.resume.is_some();
        self.installation_id.zip(self.execution_id.as_deref()).filter(|_| asks)
    }

    /// Marks a change: the next version, changed now.
    pub fn touch(&mut self, now: Millis) {
        self.changed_at = now;
        self.v += 1;
    }

    /// Points the decision at another execution.
    pub fn aim(&mut self, installation_id: Option<InstallationId>, execution_id: Option<String>) {
        let moved = execution_id.as_ref().is_some_and(|id| self.execution_id.as_ref() != Some(id))
            || installation_id.is_some_and(|id| self.installation_id != Some(id));
        if moved {
            // The stored URL belongs to the execution that is stored with it.
            self.sealed_resume_url = None;
            self.resume_suffix = None;
            self.sealed_resume_headers = None;
            self.execution_state = None;
            self.execution_id = execution_id.or(self.execution_id.take());
            self.installation_id = installation_id.or(self.installation_id);
        }
    }

    /// A post brings again what is there already, and writes into it: who waits for its decision from now on.
    pub fn hand_over(&mut self, posted: &Self, rule: Handover, by: Actor, now: Millis) -> HandedOver {
        match rule {
            Handover::Newest if posted.execution_id.is_some() && self.review.decision.is_none() => {
                self.take_execution(posted, now);
                self.review.human_interaction |= posted.review.human_interaction;
                HandedOver::Posting
            }
            Handover::First if posted.review.human_interaction => {
                if !self.ask_again(posted, by, now) {
                    return HandedOver::Refused;
                }
                let posting = self.execution_id == posted.execution_id;
                if posting { HandedOver::Posting } else { HandedOver::Standing }
            }
            _ => HandedOver::Standing,
        }
    }

    /// A post asks for a person's decision on an entity that is there already: from now on it is the posting execution
    /// that waits. False when another one does, which must not lose its answer. One that asked before keeps what it has, until n8n
    /// was told: then it stands at another Wait, and asks anew.
    fn ask_again(&mut self, posted: &Self, by: Actor, now: Millis) -> bool {
        let same = posted.execution_id.is_some()
            && self.execution_id == posted.execution_id
            && self.workflow_id == posted.workflow_id;
        let open = self.review.is_open();
        if self.review.human_interaction && same {
            if self.review.is_settled() {
                self.review.reopen(by, now);
                self.review.allow_regenerate = posted.review.allow_regenerate;
                self.execution_state = None;
                self.posted_at = now;
            }
            return true;
        }
        if open && posted.execution_id.is_none() {
            return true;
        }
        if open && self.execution_id.is_some() && !same {
            return false;
        }
        let installation = posted.installation_id.or(self.installation_id);
        self.take_execution(posted, now);
        self.installation_id = installation;
        self.review.ask_again(by, now);
        self.review.allow_regenerate = posted.review.allow_regenerate;
        true
    }

    /// It belongs to the execution that posts now. Its resume URL is to be sealed with it.
    fn take_execution(&mut self, posted: &Self, now: Millis) {
        self.installation_id = posted.installation_id;
        self.workflow_id.clone_from(&posted.workflow_id);
        self.execution_id.clone_from(&posted.execution_id);
        self.sealed_resume_url = None;
        self.resume_suffix = None;
        self.sealed_resume_headers.clone_from(&posted.sealed_resume_headers);
        self.node.clone_from(&posted.node);
        self.execution_state = None;
        self.posted_at = now;
    }

    /// What the workflow posts now, in place of what was sent back: the old entity goes on and is pending once more.
    pub fn renew(&mut self, old: Self, by: Actor, now: Millis) {
        let allow_regenerate = self.review.allow_regenerate;
        self.id = old.id;
        self.group_id = old.group_id;
        self.review = old.review;
        self.review.reopen(by, now);
        self.review.allow_regenerate = allow_regenerate;
        self.sealed_resume_url = old.sealed_resume_url;
        self.resume_suffix = old.resume_suffix;
        if self.sealed_resume_headers.is_none() && self.installation_id == old.installation_id {
            self.sealed_resume_headers = old.sealed_resume_headers;
        }
        self.created_at = old.created_at;
        self.v = old.v + 1;
    }
}

/// Which execution waits for the decision on an entity that several of them post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    /// The one that asked first, until it has its answer: who asks meanwhile is refused.
    First,
    /// The one that posted last, until somebody has decided.
    Newest,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedOver {
    /// The execution that posts now is the one that waits.
    Posting,
    /// Whoever waited goes on waiting, or nobody does.
    Standing,
    /// Another one waits, and must not lose its answer.
    Refused,
}

/// How an execution stands for an entity that it handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionState {
    /// It ended well, without a decision.
    Ended,
    /// It ended by an error, a crash or somebody's hand.
    Failed,
    /// n8n does not know it any more.
    Gone,
    /// It goes on, and the Wait of this entity is over: its time had run out, or somebody else ended it.
    Passed,
}

impl ExecutionState {
    pub const ALL: [&'static str; 4] = ["ended", "failed", "gone", "passed"];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Gone => "gone",
            Self::Passed => "passed",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "ended" => Some(Self::Ended),
            "failed" => Some(Self::Failed),
            "gone" => Some(Self::Gone),
            "passed" => Some(Self::Passed),
            _ => None,
        }
    }
}

/// What a list asks for of the state of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionFilter {
    /// This one.
    Is(ExecutionState),
    /// Any of them: nobody waits for the entity any more.
    Over,
}

impl ExecutionFilter {
    pub const ALL: [&'static str; 5] = ["over", "ended", "failed", "gone", "passed"];

    pub fn parse(word: &str) -> Option<Self> {
        if word == "over" { Some(Self::Over) } else { ExecutionState::parse(word).map(Self::Is) }
    }

    pub fn matches(self, subject: &Subject) -> bool {
        match self {
            Self::Over => subject.execution_state.is_some(),
            Self::Is(state) => subject.execution_state == Some(state),
        }
    }
}

/// Tells the asks of one execution apart that are alike otherwise: by their node where it is known, else by their title.
/// Hashed, because a title is longer than a key may be.
pub fn ask_mark(kind: &str, node: Option<&str>, title: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(if node.is_some() { "node\n" } else { "title\n" });
    hash.update(node.map_or_else(|| fold(title), str::to_owned));
    let digest = hash.finalize();
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}#{short}")
}

/// An entity that a person can decide on.
pub trait Reviewable: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What names one of its kind.
    type Id: EntityId;

    const TYPE: EntityType;

    fn subject(&self) -> &Subject;

    fn subject_mut(&mut self) -> &mut Subject;

    /// Tells the entities of one execution apart: what is posted after *regenerate* renews one with the same mark.
    fn mark(&self) -> String;

    /// What tells apart those of one mark, for a person: their title.
    fn asked_as(&self) -> &str {
        ""
    }
}
