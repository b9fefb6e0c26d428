//! Telling n8n of a decision: one attempt, from the look at the execution to the judgement of the answer.
//!
//! Its one rule: the decision reaches the Wait that asked for it, once. n8n gives one URL and token to every Wait of an
//! execution, so the execution is looked at before anything is sent, and again whenever an outcome is unclear; and nothing is
//! sent unless the debt is still this attempt's. Where n8n does not show the execution, a decision goes only to an address
//! that no other Wait can have.

mod call;
mod sight;

use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use url::Url;

use self::{
    call::{Scope, Told},
    sight::{Blind, Sight},
};
use super::{
    client::{N8n, Turn},
    wait::{Sibling, mark, suffix_of},
};
use crate::{
    aside::Aside,
    clock::{Clock, Deadline, Millis},
    domain::{
        installation::Installation,
        review::{Decision, EntityType, Rest, ResumeState},
    },
    error::{Error, Result},
    ids::Id,
    tenant::TenantId,
};

/// Pauses while the execution has not reached its Wait yet, or is "running already": an early call is normal, and
/// n8n is usually there within a tenth of a second.
const SOON: [Duration; 7] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1000),
    Duration::from_millis(1000),
];

/// What is to be told, and to whom.
pub struct Errand<'a> {
    pub tenant: TenantId,
    pub installation: &'a Installation,
    pub execution_id: &'a str,
    /// The URL that the workflow passed when it created the entity.
    pub resume_url: Option<Url>,
    /// Of the kind that `entity_type` says.
    pub entity_id: Id,
    pub entity_type: EntityType,
    /// When the workflow (last) posted the entity.
    pub posted_at: Millis,
    /// How often it posted the entity before that.
    pub reposts: u32,
    pub decision: &'a Decision,
    /// An earlier attempt may have reached n8n.
    pub sent: bool,
    /// n8n may still have the decision in its hands, and nothing is sent before this.
    pub unheard_until: Option<Millis>,
    /// n8n's API has shown the execution before.
    pub shown: bool,
    /// The other entities that the same execution asked about; all are taken for open until they are looked at.
    pub others: Vec<Sibling>,
    /// What the Wait asks its callers for.
    pub headers: HeaderMap,
}

/// The claim under which an attempt is made.
#[async_trait]
pub trait Claim: Send + Sync {
    /// Until when it is certain that nobody else makes an attempt.
    fn deadline(&self) -> Deadline;

    /// Whether the attempt is still the one that the item knows of.
    async fn holds(&self) -> Result<bool>;

    /// The other entities of the execution, with those whose Wait is known to be over marked as such.
    async fn others(&self) -> Result<Vec<Sibling>>;
}

/// How the attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// For good.
    Settled(ResumeState, Option<String>),
    /// To be tried again.
    Later(Later),
    /// The debt is somebody else's by now: nothing more was sent, and there is nothing to store.
    Lost,
}

/// What is to be remembered until the next attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    pub why: String,
    /// It may have reached n8n.
    pub sent: bool,
    pub rest: Rest,
    /// n8n's API has shown the execution.
    pub shown: bool,
    /// The entities that the execution waits for instead.
    pub instead: Vec<String>,
}

/// One attempt, on the turn of `n8n`. Never errs: whatever goes wrong is an ending.
pub async fn attempt(n8n: Result<N8n<'_>>, aside: &Aside, errand: &Errand<'_>, claim: &dyn Claim) -> Ending {
    let attempt = async {
        let n8n = n8n?;
        let mut attempt = Attempt {
            clock: n8n.line.clock,
            aside,
            errand,
            claim,
            turn: n8n.turn,
            n8n,
            sent: errand.sent,
            shown: errand.shown,
            others: errand.others.clone(),
            pauses: SOON.iter(),
        };
        attempt.run().await
    };
    attempt.await.unwrap_or_else(|error: Error| {
        let (sent, shown) = (errand.sent, errand.shown);
        Ending::Later(Later {
            why: error.into_message(),
            sent,
            rest: Rest::Usual,
            shown,
            instead: Vec::new(),
        })
    })
}

/// An attempt under way.
struct Attempt<'a> {
    clock: &'a dyn Clock,
    aside: &'a Aside,
    errand: &'a Errand<'a>,
    n8n: N8n<'a>,
    claim: &'a dyn Claim,
    turn: Turn,
    /// A call may have reached n8n, and what came of it is not known.
    sent: bool,
    shown: bool,
    others: Vec<Sibling>,
    pauses: std::slice::Iter<'a, Duration>,
}

impl Attempt<'_> {
    async fn run(&mut self) -> Result<Ending> {
        loop {
            let view = match self.look().await? {
                Sight::End(ending) => return Ok(ending),
                Sight::NotYet if self.pause().await => continue,
                Sight::NotYet => return Ok(self.later("the execution has not reached its Wait node yet")),
                Sight::Elsewhere(why, instead) => return Ok(self.instead(why, instead)),
                Sight::Ours(_) if self.is_in_hand() => {
                    return Ok(self.later("n8n has not answered, and may still take the decision"));
                }
                Sight::Ours(view) => Some(*view),
                Sight::Blind(Blind { why, for_good: true, .. }) if self.sent => {
                    let why = format!(
                        "n8n may have taken the decision already and cannot be asked: {why}. Repeat the decision to send it again."
                    );
                    return Ok(Ending::Settled(ResumeState::Failed, Some(why)));
                }
                Sight::Blind(Blind { why, .. }) if self.sent => return Ok(self.later(why)),
                Sight::Blind(Blind { why, view, .. }) => match self.scope().await? {
                    Some(scope) => match self.tell(view.as_deref(), scope).await? {
                        Told::Ending(ending) => return Ok(ending),
                        Told::Running if self.pause().await => continue,
                        Told::Running => return Ok(self.later("the execution is running and does not wait")),
                        Told::Unclear(why) => return Ok(self.sent(why, Rest::Usual)),
                        Told::Unheard(why) => return Ok(self.sent(why, Rest::Unheard)),
                    },
                    None => return Ok(self.later(format!("{why}. {SHARED}"))),
                },
            };
            match self.tell(view.as_ref(), Scope::of(view.as_ref())).await? {
                Told::Ending(ending) => return Ok(ending),
                Told::Running if self.pause().await => {}
                Told::Running => return Ok(self.later("the execution is running and does not wait")),
                // Look again before anything else is sent.
                Told::Unclear(why) if !self.sent => {
                    tracing::info!(why, "the outcome of a resume call is unclear");
                    self.sent = true;
                }
                Told::Unheard(why) => return self.unheard(why).await,
                Told::Unclear(why) => return Ok(self.sent(why, Rest::Usual)),
            }
        }
    }

    fn later(&self, why: impl Into<String>) -> Ending {
        self.rest(why, Rest::Usual)
    }

    fn rest(&self, why: impl Into<String>, rest: Rest) -> Ending {
        let Self { sent, shown, .. } = *self;
        Ending::Later(Later { why: why.into(), sent, rest, shown, instead: Vec::new() })
    }

    fn sent(&mut self, why: String, rest: Rest) -> Ending {
        self.sent = true;
        self.rest(why, rest)
    }

    fn instead(&self, why: String, instead: Vec<String>) -> Ending {
        let Self { sent, shown, .. } = *self;
        Ending::Later(Later { why, sent, rest: Rest::Usual, shown, instead })
    }

    /// Whether a call of an earlier attempt may still be taken.
    fn is_in_hand(&self) -> bool {
        self.sent && self.errand.unheard_until.is_some_and(|until| self.clock.now() < until)
    }

    /// Waits a little, unless it was done often enough or nothing could be begun afterwards.
    async fn pause(&mut self) -> bool {
        match self.pauses.next() {
            Some(pause) => self.turn.deadline.pause(*pause, self.clock).await,
            None => false,
        }
    }

    /// After a call without an answer: where the execution still stands at our Wait, n8n may be about to take the decision,
    /// and another copy of it would open the next one.
    async fn unheard(&mut self, why: String) -> Result<Ending> {
        self.sent = true;
        Ok(match self.look().await? {
            Sight::End(ending @ Ending::Settled(..)) => ending,
            _ => self.rest(why, Rest::Unheard),
        })
    }

    /// Which addresses can belong to no other Wait of the execution, as far as anybody knows.
    async fn scope(&mut self) -> Result<Option<Scope>> {
        if !self.others.is_empty() {
            self.others = self.claim.others().await?;
        }
        let open: Vec<&Sibling> = self.others.iter().filter(|other| other.open).collect();
        let own = self.errand.resume_url.as_ref().and_then(suffix_of).map(|suffix| mark(&suffix));
        Ok(match own {
            Some(own) if open.iter().all(|other| other.suffix.as_ref() != Some(&own)) => Some(Scope::Own),
            _ if open.is_empty() => Some(Scope::All),
            _ => None,
        })
    }
}
const SHARED: &str = "Another review of this execution is open, and the same address would end its Wait: the decision waits until n8n shows \
     which one stands. Register the API key again, or give each Wait a webhook suffix and pass resume_url with it";
