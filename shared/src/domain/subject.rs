//! What leads, media items and custom payloads have in common: where they come from, and the review that they may wait
//! for.
//!
//! Its one rule: whatever a person can decide on is a [`Subject`] first, so that decisions, their effect on n8n and
//! *regenerate* are written once.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::review::{Actor, EntityType, Review};
use crate::{clock::Millis, ids::Id};

/// The common part of an entity, stored among its own attributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    pub id: Id,
    pub group_id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// The execution's own resume URL, sealed: its signature lets anyone resume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_resume_url: Option<String>,
    pub review: Review,
    pub created_at: Millis,
    /// When the workflow last posted it: at its creation, and again after every regenerate. The Wait that a decision is
    /// for comes after this.
    pub posted_at: Millis,
    pub changed_at: Millis,
    pub v: u64,
}

impl Subject {
    /// Name under which the resume URL is sealed.
    pub fn seal_record(kind: EntityType, id: Id) -> String {
        format!("{}/{id}/resume_url", kind.partition())
    }

    /// Marks a change: the next version, changed now.
    pub fn touch(&mut self, now: Millis) {
        self.changed_at = now;
        self.v += 1;
    }

    /// Points the decision at another execution.
    pub fn aim(&mut self, installation_id: Option<Id>, execution_id: Option<String>) {
        let moved = execution_id.as_ref().is_some_and(|id| self.execution_id.as_ref() != Some(id))
            || installation_id.is_some_and(|id| self.installation_id != Some(id));
        if moved {
            // The stored URL belongs to the execution that is stored with it.
            self.sealed_resume_url = None;
            self.execution_id = execution_id.or(self.execution_id.take());
            self.installation_id = installation_id.or(self.installation_id);
        }
    }

    /// A post asks for a person's decision on an entity that is there already: from now on it is the posting execution
    /// that waits. False when another one does, which must not lose its answer. One that asked before keeps what it has.
    pub fn ask_again(&mut self, posted: &Self, by: Actor, now: Millis) -> bool {
        let same = posted.execution_id.is_some()
            && self.execution_id == posted.execution_id
            && self.workflow_id == posted.workflow_id;
        let open = self.review.is_open();
        if self.review.human_interaction && same || open && posted.execution_id.is_none() {
            return true;
        }
        if open && self.execution_id.is_some() && !same {
            return false;
        }
        self.installation_id = posted.installation_id.or(self.installation_id);
        self.workflow_id.clone_from(&posted.workflow_id);
        self.execution_id.clone_from(&posted.execution_id);
        self.sealed_resume_url = None;
        self.review.ask_again(by, now);
        self.review.allow_regenerate = posted.review.allow_regenerate;
        self.posted_at = now;
        true
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
        self.created_at = old.created_at;
        self.v = old.v + 1;
    }
}

/// An entity that a person can decide on.
pub trait Reviewable: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    const TYPE: EntityType;

    fn subject(&self) -> &Subject;

    fn subject_mut(&mut self) -> &mut Subject;

    /// Tells the entities of one execution apart: what is posted after *regenerate* renews the one with the same mark.
    fn mark(&self) -> String;
}
