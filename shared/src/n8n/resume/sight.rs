//! The look at the execution, before anything is sent and after whatever is unclear: whether it stands at our Wait.

use std::time::Duration;

use bytes::Bytes;

use super::{Attempt, Ending};
use crate::{
    domain::review::{Rest, ResumeState},
    egress::OutError,
    error::Result,
    n8n::{
        look::Shown,
        wait::{Created, WaitKind, WaitView, WaitingNode, Whose},
    },
};

/// What a look at the execution allows.
pub(super) enum Sight {
    /// The execution stands at our Wait.
    Ours(Box<WaitView>),
    /// It has not come there yet, and may at any moment.
    NotYet,
    /// It stands elsewhere, so that nothing changes in a moment: why, and the entities that it waits for.
    Elsewhere(String, Vec<String>),
    /// It cannot be told; an address that no other Wait can have may be tried once.
    Blind(Blind),
    End(Ending),
}

pub(super) struct Blind {
    pub(super) why: String,
    /// Asking again will not help before somebody acts.
    pub(super) for_good: bool,
    /// What n8n shows, though not whose it is.
    pub(super) view: Option<Box<WaitView>>,
}

impl Attempt<'_> {
    pub(super) async fn look(&mut self) -> Result<Sight> {
        // In a path these mean another address, and n8n gives no such ids.
        if matches!(self.errand.execution_id, "" | "." | "..") {
            let why = "n8n has no execution of this id";
            return Ok(Sight::End(Ending::Settled(ResumeState::Gone, Some(why.to_owned()))));
        }
        let created = self.created();
        match self.n8n.look(self.errand.execution_id, Some(&created.wanted())).await {
            Shown::Execution(body) => {
                self.shown = true;
                self.judge(body, created).await
            }
            // It was cut short for somebody who waits; a worker has more patience.
            Shown::Unreadable(why) if self.turn.urgent && self.is_late() => {
                Ok(Sight::End(self.rest(why, Rest::AtOnce)))
            }
            Shown::Unreadable(why) => Ok(self.look_at_row(why).await),
            shown => Ok(self.not_shown(shown)),
        }
    }

    /// Whether too little is left for another call.
    fn is_late(&self) -> bool {
        self.turn.deadline.time_for(Duration::MAX, self.clock.now()).is_none()
    }

    pub(super) fn created(&self) -> Created {
        let errand = self.errand;
        Created::new(errand.entity_id.get(), Some(errand.posted_at.0))
            .reposted(errand.reposts)
            .passed(errand.resume_url.as_ref())
            .among(self.others.clone())
    }

    /// Without its data an execution tells little more than whether it is over.
    async fn look_at_row(&mut self, why: String) -> Sight {
        let body = match self.n8n.look(self.errand.execution_id, None).await {
            Shown::Execution(body) => body,
            Shown::Unreadable(_) => return Sight::Blind(Blind { why, for_good: false, view: None }),
            shown => return self.not_shown(shown),
        };
        self.shown = true;
        let view = WaitView::read(&body, &Created::default());
        match view.status.as_deref() {
            _ if view.is_being_restored() => Sight::End(self.later(STARTING)),
            Some("running" | "new") => Sight::NotYet,
            _ if view.whose == Whose::Passed => self.ended(),
            _ => Sight::Blind(Blind { why, for_good: false, view: None }),
        }
    }

    fn not_shown(&self, shown: Shown) -> Sight {
        let for_good = |why: &str| Sight::Blind(Blind { why: why.to_owned(), for_good: true, view: None });
        match shown {
            // n8n has let go of what it showed before: it was taken, and is over.
            Shown::Hidden if self.sent && self.shown => {
                Sight::End(Ending::Settled(ResumeState::Resumed, None))
            }
            Shown::Hidden => for_good("n8n does not show this execution to the API key that was registered"),
            Shown::KeyRefused(status) => {
                for_good(&format!("n8n refuses the API key that was registered ({status})"))
            }
            Shown::NotN8n => Sight::Blind(Blind {
                why: "what answers at n8n's API is not n8n".to_owned(),
                for_good: false,
                view: None,
            }),
            Shown::Elsewhere { status, said } => {
                let why =
                    format!("not n8n, but something before it or in its place, answered {status}: {said}");
                match status {
                    // Whoever refuses the API for good may let the waiting addresses pass.
                    400..=499 if !matches!(status, 408 | 425 | 429) => {
                        Sight::Blind(Blind { why, for_good: false, view: None })
                    }
                    _ => Sight::End(self.later(why)),
                }
            }
            Shown::Unreachable(error) => {
                let rest = match &error {
                    // The time of whoever waits was too short; nothing is wrong with n8n.
                    OutError::Timeout | OutError::NotTried(_) if self.turn.urgent => Rest::AtOnce,
                    OutError::NotTried(_) => Rest::NotTried,
                    _ => Rest::Usual,
                };
                Sight::End(self.rest(format!("n8n cannot be reached: {error}"), rest))
            }
            Shown::Unreadable(why) => Sight::Blind(Blind { why, for_good: false, view: None }),
            Shown::Execution(_) => Sight::NotYet,
        }
    }

    /// The execution is over. An earlier attempt of ours may be why.
    pub(super) fn ended(&self) -> Sight {
        Sight::End(match self.sent {
            true => Ending::Settled(ResumeState::Resumed, None),
            false => {
                let why = "the execution had ended before the decision reached it";
                Ending::Settled(ResumeState::Finished, Some(why.to_owned()))
            }
        })
    }

    async fn judge(&mut self, body: Bytes, created: Created) -> Result<Sight> {
        let mut view = self.read(body.clone(), created).await?;
        if view.whose == Whose::Contested {
            self.others = self.claim.others().await?;
            view = self.read(body, self.created()).await?;
        }
        if view.is_being_restored() {
            return Ok(Sight::End(self.later(STARTING)));
        }
        let is_over = crate::domain::followed_run::PollStatus::from(view.poll).is_complete();
        Ok(match view.whose {
            Whose::Ours => Sight::Ours(Box::new(view)),
            // The Wait is over, and an earlier attempt of ours may be why: it was taken.
            Whose::Passed if self.sent => Sight::End(Ending::Settled(ResumeState::Resumed, None)),
            Whose::Passed | Whose::Unknown | Whose::NotYet if is_over => self.ended(),
            Whose::Passed => {
                let why = "the execution has gone on to another step";
                Sight::End(Ending::Settled(ResumeState::Superseded, Some(why.to_owned())))
            }
            Whose::Contested => Sight::Elsewhere(CONTESTED.to_owned(), Vec::new()),
            Whose::NotYet | Whose::Unknown => match view.node.as_ref().and_then(|node| stands(node, &view)) {
                Some(Stands::ForGood(why)) => Sight::End(Ending::Settled(ResumeState::Failed, Some(why))),
                Some(Stands::ForNow(why)) => Sight::Elsewhere(why, view.others),
                None if view.whose == Whose::NotYet => Sight::NotYet,
                None => Sight::Blind(Blind {
                    why: "the execution does not show which Wait is ours".to_owned(),
                    for_good: false,
                    view: Some(Box::new(view)),
                }),
            },
        })
    }

    async fn read(&self, body: Bytes, created: Created) -> Result<WaitView> {
        self.aside.run(self.errand.tenant, body.len(), move || WaitView::read(&body, &created)).await
    }
}

const STARTING: &str = "n8n is starting up";

const CONTESTED: &str = "n8n does not show which of the open reviews of this execution its Wait is for: give each Wait a webhook suffix and pass \
     resume_url with it, or let the item that a review was made of reach its Wait";

/// Where an execution stands that has not come to our Wait.
enum Stands {
    /// A decision will never end it, and no other Wait comes.
    ForGood(String),
    ForNow(String),
}

fn stands(node: &WaitingNode, view: &WaitView) -> Option<Stands> {
    let name = &node.name;
    match node.kind {
        WaitKind::Form if node.leads_on => Some(Stands::ForNow(format!(
            "the execution waits at the form “{name}”, which only its form can end, before it comes to a Wait for the decision"
        ))),
        WaitKind::Form => Some(Stands::ForGood(format!(
            "the execution waits at the form “{name}”: a form is ended by filling it in and cannot be resumed by a decision. \
             Let a Wait node resume “On Webhook Call” instead"
        ))),
        WaitKind::SubWorkflow => Some(Stands::ForNow(format!(
            "the execution waits for the sub-workflow of “{name}”. A Wait in there belongs to an execution of its own: hand \
             in the review there, or with that execution's execution_id and resume_url"
        ))),
        WaitKind::Time => Some(Stands::ForNow(format!("the execution pauses at “{name}” for a time"))),
        WaitKind::Webhook | WaitKind::SendAndWait | WaitKind::Other if view.whose == Whose::NotYet => {
            let whose = match view.others.as_slice() {
                [] => "something else".to_owned(),
                ids => format!("the decision on {}", ids.join(", ")),
            };
            Some(Stands::ForNow(format!("the execution waits at “{name}” for {whose}")))
        }
        _ => None,
    }
}
