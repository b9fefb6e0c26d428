//! Deleting what a workflow may wait for.
//!
//! Its one rule: what was acknowledged is not undone. A decision that n8n has not heard outlives its entity, and where nobody
//! has decided yet the caller hears which execution waits for nothing from now on.

use super::{Warning, act::Act, resume};
use crate::{
    domain::{
        review::{AutomationStatus, Resume},
        subject::Subject,
    },
    ids::Id,
    repo::subjects::Stored,
};

/// An entity that is gone, and what its caller should know.
#[derive(Debug)]
pub struct Deleted {
    pub id: Id,
    pub warnings: Vec<Warning>,
}

/// What becomes of an execution that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Waiting {
    /// It waits on.
    #[default]
    Waits,
    /// It is told that the entity was denied.
    IsDenied,
}

/// What stays of an entity that is deleted, and what its caller should know.
#[derive(Debug, Clone)]
pub struct Leaving {
    pub left: Subject,
    pub warnings: Vec<Warning>,
}

impl Waiting {
    /// What is left of an entity, to be deleted with [`crate::repo::subjects::Subjects::part`].
    pub fn leaving<E: Stored>(self, act: &Act, entity: &E) -> Leaving {
        let mut left = entity.subject().clone();
        let review = &mut left.review;
        let mut warnings = Vec::new();
        let waits = review.human_interaction && review.automation_status == AutomationStatus::Pending;
        match (self, &left.execution_id, left.installation_id) {
            (Self::IsDenied, Some(_), Some(_)) if waits => {
                review.decide(AutomationStatus::Denied, act.actor.clone(), None, act.now);
                review.resume = Some(Resume::due(act.now));
            }
            (_, Some(execution), _) if waits => warnings.push(waits_on(&left, execution)),
            (Self::IsDenied, ..) => warnings.extend(decided_before(&left)),
            _ => {}
        }
        Leaving { left, warnings }
    }
}

impl Leaving {
    /// What its caller hears.
    pub fn deleted(&self, id: impl Into<Id>) -> Deleted {
        Deleted { id: id.into(), warnings: self.warnings.clone() }
    }

    /// Has n8n told of what it has not heard. After the deletion, which this cannot undo.
    pub async fn tell<E: Stored>(&self, act: &Act) {
        resume::hint_departed::<E>(&act.app, act.tenant, &self.left, &act.cause).await;
    }
}

fn waits_on(left: &Subject, execution: &str) -> Warning {
    let of = left.workflow_id.as_ref().map(|id| format!(" of workflow {id}")).unwrap_or_default();
    Warning {
        code: "execution_waits",
        message: format!(
            "{}: execution {execution}{of} waits for a decision that nobody can make any more. Deleting with decide=deny tells it.",
            left.id
        ),
    }
}

fn decided_before(left: &Subject) -> Option<Warning> {
    let decision = left.review.decision.as_ref().filter(|made| made.decision != AutomationStatus::Denied)?;
    let message = format!("{}: it was {} before, and that stands.", left.id, decision.decision.as_str());
    Some(Warning { code: "already_decided", message })
}
