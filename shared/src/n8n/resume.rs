//! Telling n8n of a decision: one attempt, from the look at the execution to the judgement of the answer.
//!
//! Its one rule: the decision reaches the Wait that asked for it, once. n8n gives one URL and token to every Wait of an
//! execution, so the execution is looked at before anything is sent, and again whenever an outcome is unclear; and nothing is
//! sent unless the debt is still this attempt's. Where n8n does not show the execution, a decision goes only to an address
//! that no other Wait can have.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::json;
use url::Url;

use super::{
    answer::{Answer, ResumeAnswer, is_n8ns},
    client::{N8n, Turn},
    echo::Confidential,
    look::Shown,
    wait::{
        Created, Secret, Sibling, WaitKind, WaitView, WaitingNode, Whose, is_waiting_address, mark,
        rebuild_resume_url, suffix_of,
    },
};
use crate::{
    aside::Aside,
    clock::{Clock, Deadline, Millis},
    domain::{
        installation::Installation,
        review::{Decision, EntityType, Rest, ResumeState},
    },
    egress::{OutError, OutRequest},
    error::{Error, Result},
    ids::Id,
    tenant::TenantId,
};

/// One call to a Wait. Its node may answer only when the workflow is done, so a timeout says nothing about the outcome.
const CALL: Duration = Duration::from_secs(8);
const MAX_REPLY_BYTES: usize = 1024 * 1024;
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

/// What a look at the execution allows.
enum Sight {
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

struct Blind {
    why: String,
    /// Asking again will not help before somebody acts.
    for_good: bool,
    /// What n8n shows, though not whose it is.
    view: Option<Box<WaitView>>,
}

enum Told {
    Ending(Ending),
    Running,
    /// n8n answered, and it is not clear what came of it.
    Unclear(String),
    /// n8n has not answered. It may have the decision in its hands.
    Unheard(String),
}

/// How an answer sounds that n8n may not have given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Well,
    Badly,
}

/// Which addresses may be called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    /// The workflow's own, which no other Wait has.
    Own,
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

    async fn look(&mut self) -> Result<Sight> {
        // In a path these mean another address, and n8n gives no such ids.
        if matches!(self.errand.execution_id, "" | "." | "..") {
            let why = "n8n has no execution of this id";
            return Ok(Sight::End(Ending::Settled(ResumeState::Gone, Some(why.to_owned()))));
        }
        let created = self.created();
        match self.n8n.look(self.errand.execution_id, Some(&created.wanted())).await {
            Shown::Execution(body) => {
                self.shown = true;
                self.judge(body.into(), created).await
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

    fn created(&self) -> Created {
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
    fn ended(&self) -> Sight {
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

    /// Sends the decision to the first address that fits.
    async fn tell(&mut self, view: Option<&WaitView>, scope: Scope) -> Result<Told> {
        let sent = self.sent;
        let resumed = || Told::Ending(Ending::Settled(ResumeState::Resumed, None));
        // The first answer is the one of the address that is most likely the Wait's own.
        let mut first = None;
        let mut refused = None;
        for (method, url) in addresses(self.errand, view, scope) {
            let waits = is_waiting_address(&url);
            if !self.claim.holds().await? {
                return Ok(Told::Ending(Ending::Lost));
            }
            let mut secrets = Confidential::of_url(&url);
            secrets.add_headers(&self.errand.headers);
            let reply = match self.n8n.send(request(self.errand, method, url)).await {
                Ok(reply) => reply,
                Err(error) if error.is_refused() => {
                    refused.get_or_insert_with(|| error.to_string());
                    continue;
                }
                Err(error) if error.reached() => return Ok(Told::Unheard(error.to_string())),
                Err(error @ OutError::NotTried(_)) if self.turn.urgent => {
                    return Ok(Told::Ending(self.rest(error.to_string(), Rest::AtOnce)));
                }
                Err(error) => return Ok(Told::Ending(self.later(error.to_string()))),
            };
            let said = || format!("n8n answered {}: {}", reply.status, secrets.message(&reply.body));
            let settled = |state| Ok(Told::Ending(Ending::Settled(state, Some(said()))));
            match Answer::classify(reply.status, &reply.body) {
                ResumeAnswer::Resumed => return Ok(resumed()),
                // Nobody can look.
                ResumeAnswer::Answered if view.is_none() => return Ok(resumed()),
                ResumeAnswer::Answered => {
                    if let Some(ending) = self.after_an_answer(said(), Tone::Well, view).await? {
                        return Ok(Told::Ending(ending));
                    }
                }
                ResumeAnswer::Running => return Ok(Told::Running),
                ResumeAnswer::Finished if sent => return Ok(resumed()),
                ResumeAnswer::Finished => return settled(ResumeState::Finished),
                ResumeAnswer::Gone => return settled(ResumeState::Gone),
                ResumeAnswer::Forbidden => {
                    let asks = view.and_then(|view| view.node.as_ref()?.authentication.as_deref());
                    let why = forbidden(&said(), asks, !self.errand.headers.is_empty());
                    return Ok(Told::Ending(Ending::Settled(ResumeState::Failed, Some(why))));
                }
                ResumeAnswer::TryLater => return Ok(Told::Unclear(said())),
                // Somebody in front of n8n says nothing of what n8n did, which may have taken it. No n8n takes it at the last.
                ResumeAnswer::Refresh if waits && view.is_some() && !is_n8ns(&reply.body) => {
                    if let Some(ending) = self.after_an_answer(said(), Tone::Badly, view).await? {
                        return Ok(Told::Ending(ending));
                    }
                }
                ResumeAnswer::Refresh => {}
            }
            if waits || refused.is_none() {
                first.get_or_insert_with(said);
            }
        }
        Ok(Told::Ending(self.later(first.or(refused).unwrap_or_else(|| "no address to call".to_owned()))))
    }

    /// Looks, after an answer that n8n may not have given. None when the execution stands at our Wait as before: nothing was
    /// taken.
    async fn after_an_answer(
        &mut self,
        said: String,
        tone: Tone,
        view: Option<&WaitView>,
    ) -> Result<Option<Ending>> {
        let before = std::mem::replace(&mut self.sent, true);
        let stood = view.and_then(WaitView::standing);
        Ok(match self.look().await? {
            Sight::Ours(_) => {
                self.sent = before;
                None
            }
            Sight::Blind(Blind { view: Some(now), .. }) if stood.is_some() && now.standing() == stood => {
                self.sent = before;
                None
            }
            Sight::Blind(Blind { view: None, .. }) if tone == Tone::Badly => Some(self.later(said)),
            // It could not be looked at now; the next attempt does before it sends anything.
            Sight::End(Ending::Later(later)) => Some(Ending::Later(Later { why: said, ..later })),
            // It has left our Wait, whatever became of it since.
            _ => Some(Ending::Settled(ResumeState::Resumed, None)),
        })
    }
}

impl Scope {
    /// Where the node computes its suffix, only the workflow knows the address, and n8n refuses what does not fit it.
    fn of(view: Option<&WaitView>) -> Self {
        let computed = view.and_then(|view| view.node.as_ref()).is_some_and(|node| node.suffix_computed);
        if computed { Self::Own } else { Self::All }
    }
}

const STARTING: &str = "n8n is starting up";
const SHARED: &str = "Another review of this execution is open, and the same address would end its Wait: the decision waits until n8n shows \
     which one stands. Register the API key again, or give each Wait a webhook suffix and pass resume_url with it";
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

/// What a person can do about a Wait that asks for credentials.
fn forbidden(said: &str, asks: Option<&str>, had: bool) -> String {
    let asks = match asks {
        Some("basicAuth") => " with Basic Auth",
        Some("headerAuth") => " with Header Auth",
        Some("jwtAuth") => " with JWT Auth",
        _ => "",
    };
    let what = match had {
        true => "the resume_headers that came with the review are not what it takes",
        false => "send resume_headers with the review",
    };
    format!("{said}. The Wait node asks for credentials{asks}: {what}, or set its authentication to None")
}

/// Where to call, in this order: the workflow's own URL, the one rebuilt from n8n's API, the bare waiting address, and
/// last the address that document 000 names, which no n8n has answered so far.
fn addresses(errand: &Errand<'_>, view: Option<&WaitView>, scope: Scope) -> Vec<(Method, Url)> {
    let node = view.and_then(|view| view.node.as_ref());
    let method = node
        .and_then(|node| node.method.as_deref()?.to_ascii_uppercase().parse().ok())
        .unwrap_or(Method::POST);
    let mut all: Vec<(Method, Url)> = Vec::new();
    fn add(all: &mut Vec<(Method, Url)>, method: &Method, url: Url) {
        if !all.iter().any(|(_, known)| *known == url) {
            all.push((method.clone(), url));
        }
    }
    if let Some(url) = errand.resume_url.as_ref().filter(|url| errand.installation.owns(url)) {
        add(&mut all, &method, url.clone());
    }
    if scope == Scope::Own && !all.is_empty() {
        return all;
    }
    for base in errand.installation.webhook_url.iter().chain([&errand.installation.host]) {
        let Ok(base) = Url::parse(base) else { continue };
        if let Some(node) = node.filter(|node| node.kind == WaitKind::Webhook && !node.suffix_computed) {
            let token = view.and_then(|view| view.resume_token.as_ref()).map(Secret::reveal);
            add(
                &mut all,
                &method,
                rebuild_resume_url(&base, errand.execution_id, node.suffix.as_deref(), token),
            );
        }
        add(&mut all, &method, rebuild_resume_url(&base, errand.execution_id, None, None));
    }
    if let Ok(mut url) = Url::parse(&errand.installation.host) {
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["rest", "executions", errand.execution_id, "resume"]);
        }
        add(&mut all, &Method::POST, url);
    }
    all
}

/// The documented body and nothing else. The key makes a repeat visible as a repeat.
fn request(errand: &Errand<'_>, method: Method, url: Url) -> OutRequest {
    let body = json!({
        "decision": errand.decision.decision.as_str(),
        "notes": errand.decision.notes.as_deref().unwrap_or_default(),
        "entity_id": errand.entity_id,
        "entity_type": errand.entity_type.as_str(),
    });
    let mut headers = errand.headers.clone();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let key = format!("{}-{}-{}", errand.entity_type.as_str(), errand.entity_id, errand.decision.at.0);
    if let Ok(key) = HeaderValue::from_str(&key) {
        headers.insert("idempotency-key", key);
    }
    OutRequest {
        method,
        url,
        headers,
        body: Bytes::from(body.to_string()),
        timeout: CALL,
        max_reply_bytes: MAX_REPLY_BYTES,
    }
}
