//! The call itself: where it goes, what is sent, and what n8n's answer means.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde_json::json;
use url::Url;

use super::{
    Attempt, Ending, Errand, Later,
    sight::{Blind, Sight},
};
use crate::{
    domain::review::{Rest, ResumeState},
    egress::{OutError, OutRequest},
    error::Result,
    n8n::{
        answer::{Answer, ResumeAnswer, is_n8ns},
        echo::Confidential,
        wait::{Secret, WaitKind, WaitView, is_waiting_address, rebuild_resume_url},
    },
};

/// One call to a Wait. Its node may answer only when the workflow is done, so a timeout says nothing about the outcome.
const CALL: Duration = Duration::from_secs(8);

const MAX_REPLY_BYTES: usize = 1024 * 1024;

pub(super) enum Told {
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
pub(super) enum Scope {
    All,
    /// The workflow's own, which no other Wait has.
    Own,
}

impl Attempt<'_> {
    /// Sends the decision to the first address that fits.
    pub(super) async fn tell(&mut self, view: Option<&WaitView>, scope: Scope) -> Result<Told> {
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
    pub(super) fn of(view: Option<&WaitView>) -> Self {
        let computed = view.and_then(|view| view.node.as_ref()).is_some_and(|node| node.suffix_computed);
        if computed { Self::Own } else { Self::All }
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
pub(super) fn addresses(errand: &Errand<'_>, view: Option<&WaitView>, scope: Scope) -> Vec<(Method, Url)> {
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
