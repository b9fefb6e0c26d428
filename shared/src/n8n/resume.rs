//! Telling n8n of a decision: one attempt, from the look at the execution to the judgement of the answer.
//!
//! Its one rule: the decision reaches the Wait that asked for it, once. n8n gives one URL and token to every Wait of an
//! execution, so the execution is looked at before anything is sent, and again whenever an outcome is unclear.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::json;
use url::Url;

use super::{
    answer::{Answer, ResumeAnswer},
    client::{N8n, N8nError},
    echo::Confidential,
    wait::{Created, Secret, WaitKind, WaitView, Whose, rebuild_resume_url},
};
use crate::{
    app::App,
    clock::Millis,
    domain::{
        installation::Installation,
        review::{Decision, EntityType, ResumeState},
    },
    egress::OutRequest,
    error::Result,
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
}

/// How the attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// For good.
    Settled(ResumeState, Option<String>),
    /// To be tried again.
    Later { why: String, sent: bool },
}

/// What a look at the execution allows.
enum Sight {
    /// The execution stands at our Wait.
    Ours(Box<WaitView>),
    /// It has not come there yet.
    NotYet,
    /// It cannot be told; the workflow's own URL may be tried once.
    Blind(String),
    End(Ending),
}

/// One attempt. Never errs: whatever goes wrong is an ending.
pub async fn attempt(app: &App, errand: &Errand<'_>) -> Ending {
    match try_to_tell(app, errand).await {
        Ok(ending) => ending,
        Err(error) => Ending::Later { why: error.into_message(), sent: errand.sent },
    }
}

async fn try_to_tell(app: &App, errand: &Errand<'_>) -> Result<Ending> {
    let n8n = app.n8n(errand.tenant, errand.installation).await?;
    let mut sent = errand.sent;
    let mut pauses = SOON.iter();
    loop {
        let view = match look(app, &n8n, errand, sent).await {
            Sight::End(ending) => return Ok(ending),
            Sight::NotYet => match pauses.next() {
                Some(pause) => {
                    app.clock.sleep(*pause).await;
                    continue;
                }
                None => return Ok(later("the execution has not reached its Wait node yet", sent)),
            },
            Sight::Ours(view) => Some(*view),
            Sight::Blind(why) if sent => {
                let why = format!(
                    "n8n may have taken the decision already and cannot be asked: {why}. Repeat the decision to send it again."
                );
                return Ok(Ending::Settled(ResumeState::Failed, Some(why)));
            }
            Sight::Blind(_) => None,
        };
        match tell(app, errand, view.as_ref(), sent).await {
            Told::Ending(ending) => return Ok(ending),
            Told::Running => match pauses.next() {
                Some(pause) => app.clock.sleep(*pause).await,
                None => return Ok(later("the execution is running and does not wait", sent)),
            },
            // Look again before anything else is sent.
            Told::Unclear(why) if view.is_some() && !sent => {
                tracing::info!(why, "the outcome of a resume call is unclear");
                sent = true;
            }
            Told::Unclear(why) => return Ok(Ending::Later { why, sent: true }),
        }
    }
}

async fn look(app: &App, n8n: &N8n<'_>, errand: &Errand<'_>, sent: bool) -> Sight {
    let settled = |state, why: &str| Sight::End(Ending::Settled(state, Some(why.to_owned())));
    let body = match n8n.execution(errand.execution_id, true).await {
        Ok(Some(body)) => body,
        Ok(None) if sent => return Sight::End(Ending::Settled(ResumeState::Resumed, None)),
        Ok(None) => return settled(ResumeState::Gone, "n8n does not know this execution (any more)"),
        Err(error) if error.is_closed_api() => return Sight::Blind(error.to_string()),
        // n8n answers an unreadable id with a server error of its own; the waiting URL settles what it is.
        Err(N8nError::Status { status: 400..=499, message }) => return Sight::Blind(message),
        Err(error) => return Sight::End(Ending::Later { why: error.to_string(), sent }),
    };
    let created = Created::new(errand.entity_id.get(), Some(errand.posted_at.0)).reposted(errand.reposts);
    let read = app.aside.run(errand.tenant, body.len(), move || WaitView::read(&body, &created));
    let Ok(view) = read.await else {
        return Sight::End(Ending::Later { why: "Baton is stopping".into(), sent });
    };
    if view.status.as_deref() == Some("crashed") && view.wait_till.is_some() {
        return Sight::End(Ending::Later { why: "n8n is starting up".into(), sent });
    }
    let ended = crate::domain::run::RunStatus::from(view.poll).is_complete();
    match view.whose {
        Whose::Ours => Sight::Ours(Box::new(view)),
        Whose::NotYet => Sight::NotYet,
        // The Wait is over, and an earlier attempt of ours may be why: it was taken.
        Whose::Passed if sent => Sight::End(Ending::Settled(ResumeState::Resumed, None)),
        Whose::Passed | Whose::Unknown if ended => {
            settled(ResumeState::Finished, "the execution had ended before the decision reached it")
        }
        Whose::Passed => settled(ResumeState::Superseded, "the execution has gone on to another step"),
        Whose::Unknown => Sight::Blind("the execution does not show which Wait is ours".into()),
    }
}

enum Told {
    Ending(Ending),
    Running,
    Unclear(String),
}

/// Sends the decision to the first address that fits. `sent` says that an earlier call may have reached n8n.
async fn tell(app: &App, errand: &Errand<'_>, view: Option<&WaitView>, sent: bool) -> Told {
    let mut last = "no address to call".to_owned();
    for (method, url) in addresses(errand, view) {
        let secrets = Confidential::of_url(&url);
        let reply = match app.http.send(request(errand, method, url)).await {
            Ok(reply) => reply,
            Err(error) if error.is_refused() => {
                last = error.to_string();
                continue;
            }
            Err(error) if error.reached() => return Told::Unclear(error.to_string()),
            Err(error) => return Told::Ending(later(&error.to_string(), sent)),
        };
        let said = || format!("n8n answered {}: {}", reply.status, secrets.message(&reply.body));
        match Answer::classify(reply.status, &reply.body) {
            ResumeAnswer::Resumed => return Told::Ending(Ending::Settled(ResumeState::Resumed, None)),
            ResumeAnswer::Running => return Told::Running,
            ResumeAnswer::Finished if sent => {
                return Told::Ending(Ending::Settled(ResumeState::Resumed, None));
            }
            ResumeAnswer::Finished => {
                return Told::Ending(Ending::Settled(ResumeState::Finished, Some(said())));
            }
            ResumeAnswer::Gone => return Told::Ending(Ending::Settled(ResumeState::Gone, Some(said()))),
            ResumeAnswer::Forbidden => {
                return Told::Ending(Ending::Settled(ResumeState::Failed, Some(said())));
            }
            ResumeAnswer::TryLater => return Told::Unclear(said()),
            ResumeAnswer::Refresh => last = said(),
        }
    }
    Told::Ending(later(&last, sent))
}

/// Where to call, in this order: the workflow's own URL, the one rebuilt from n8n's API, the bare waiting address, and
/// last the address that document 000 names, which no n8n has answered so far.
fn addresses(errand: &Errand<'_>, view: Option<&WaitView>) -> Vec<(Method, Url)> {
    let node = view.and_then(|view| view.node.as_ref());
    let method = node
        .and_then(|node| node.method.as_deref()?.to_ascii_uppercase().parse().ok())
        .unwrap_or(Method::POST);
    let mut all: Vec<(Method, Url)> = Vec::new();
    let mut add = |method: &Method, url: Url| {
        if !all.iter().any(|(_, known)| *known == url) {
            all.push((method.clone(), url));
        }
    };
    if let Some(url) = errand.resume_url.as_ref().filter(|url| errand.installation.owns(url)) {
        add(&method, url.clone());
    }
    for base in errand.installation.webhook_url.iter().chain([&errand.installation.host]) {
        let Ok(base) = Url::parse(base) else { continue };
        if let Some(node) = node.filter(|node| node.kind == WaitKind::Webhook && !node.suffix_computed) {
            let token = view.and_then(|view| view.resume_token.as_ref()).map(Secret::reveal);
            add(&method, rebuild_resume_url(&base, errand.execution_id, node.suffix.as_deref(), token));
        }
        add(&method, rebuild_resume_url(&base, errand.execution_id, None, None));
    }
    if let Ok(mut url) = Url::parse(&errand.installation.host) {
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["rest", "executions", errand.execution_id, "resume"]);
        }
        add(&Method::POST, url);
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
    let mut headers = HeaderMap::new();
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

fn later(why: &str, sent: bool) -> Ending {
    Ending::Later { why: why.to_owned(), sent }
}
