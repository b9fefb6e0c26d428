//! Deleting what a workflow may wait for.
//!
//! Its one rule: what was acknowledged is not undone. A decision that n8n has not heard outlives its entity, and where nobody
//! has decided yet the caller hears which execution waits for nothing from now on.

use super::{ctx::Ctx, fields::Fields, reply::Warning};
use crate::{
    domain::{
        review::{AutomationStatus, Resume},
        subject::Subject,
    },
    error::Result,
    repo::subjects::Stored,
    work::resume,
};

/// The words of `decide`.
pub const WORDS: [&str; 1] = ["deny"];

/// What becomes of an execution that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// It waits on.
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
    /// `decide` in the query: nothing, or `deny`. That the caller may decide was seen before (`routes::DECIDE`).
    pub fn read(mut query: Fields) -> Result<Self> {
        let deny = query.one_of("decide", &WORDS, |word| (word == "deny").then_some(()));
        query.finish()?;
        Ok(deny.map_or(Self::Waits, |()| Self::IsDenied))
    }

    /// What is left of an entity, to be deleted with [`crate::repo::subjects::Subjects::part`].
    pub fn leaving<E: Stored>(self, ctx: &Ctx, entity: &E) -> Leaving {
        let mut left = entity.subject().clone();
        let review = &mut left.review;
        let mut warnings = Vec::new();
        let waits = review.human_interaction && review.automation_status == AutomationStatus::Pending;
        match (self, &left.execution_id, left.installation_id) {
            (Self::IsDenied, Some(_), Some(_)) if waits => {
                review.decide(AutomationStatus::Denied, ctx.actor(), None, ctx.now);
                review.resume = Some(Resume::due(ctx.now));
            }
            (_, Some(execution), _) if waits => warnings.push(waits_on(&left, execution)),
            (Self::IsDenied, ..) => warnings.extend(decided_before(&left)),
            _ => {}
        }
        Leaving { left, warnings }
    }
}

impl Leaving {
    /// Has n8n told of what it has not heard. After the deletion, which this cannot undo.
    pub async fn tell<E: Stored>(&self, ctx: &Ctx) {
        resume::hint_departed::<E>(&ctx.app, ctx.tenant(), &self.left, &ctx.request_id).await;
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

/// `decide`, as the API document shows it.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that `Waiting` reads leniently")]
pub struct DeleteQuery {
    /// `deny` denies what waits for a person before it is deleted, so that its execution is told. Needs the scope
    /// `reviews:decide`.
    #[param(example = "deny")]
    decide: Option<String>,
}
