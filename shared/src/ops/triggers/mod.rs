//! Calling an n8n webhook, and following the execution that it starts.
//!
//! Its one rule: what was sent is never sent twice by itself. The run is there before the call and owes a look from the start; how
//! n8n answered decides whether a repeat under the same key may call again.

mod answer;
mod errors;
mod place;
pub mod poll;
mod run;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::join;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;
use url::Url;

use self::{
    answer::{OWN_REDIRECT, is_taken, response_of, told_execution},
    errors::{n8n_error, refused, started, unclear, unreachable},
    place::Place,
    run::{abandon, begin, finish, point_to},
};
use super::{act::Act, listing};
use crate::{
    clock,
    domain::{followed_run::FollowedRun, installation::Installation, n8n_workflow::N8nWorkflow},
    egress::{OutError, OutReply, OutRequest},
    error::{Error, LogFailure, Result},
    ids::{FollowedRunId, Nid, UserId},
    json::Json,
    n8n::{client::Turn, start::Started},
    queue::TaskKind,
};

/// Longest wait for n8n: a workflow that answers with its last node may take a while, and API Gateway gives up after 30
/// seconds.
const CALL: Duration = Duration::from_secs(25);
const MAX_REPLY_BYTES: usize = 2 * 1024 * 1024;
/// As long as in a pushed execution.
const LONGEST_WORKFLOW_ID: usize = 200;

/// What to trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// The webhook.
    pub endpoint: Url,
    /// Where the trigger comes from.
    pub source: String,
    /// Passed on to the workflow.
    pub data: Json,
}

/// A trigger that n8n took.
#[derive(Debug)]
pub struct Triggered {
    pub run: FollowedRun,
    /// n8n's HTTP status. None where its answer was not waited for.
    pub status: Option<u16>,
    /// None where there is none, or it was longer than is read.
    pub answer: Option<OutReply>,
    /// Id of the workflow node, when the workflow is known.
    pub nid: Option<Nid>,
    /// Whether the run is followed to its end.
    pub following: bool,
}

impl Triggered {
    /// The answer as JSON: what is JSON as it is, and other text as text. None of what is neither.
    pub fn response(&self) -> Option<Json> {
        response_of(&self.answer.as_ref()?.body)
    }
}

/// What was heard of n8n when it took a trigger.
enum Answer {
    Whole(OutReply),
    /// Its status, and more than is read.
    TooLong(u16),
    /// Not waited for: the organization has many calls waiting already.
    Later,
}

/// Where an endpoint leads.
struct Target {
    installation: Arc<Installation>,
    workflow_id: Option<String>,
    nid: Option<Nid>,
}

/// Calls the webhook. Where the workflow ran, or may have, in spite of an error, that error is the answer under the same key.
pub async fn trigger(act: &Act, trigger: Trigger) -> Result<Triggered> {
    let mut target = target(act, &trigger.endpoint).await?;
    act.app.http.check(&trigger.endpoint).await.map_err(refused)?;
    // What an earlier attempt under this key started is not undone by a refusal of this one.
    let alone = act.begun().is_none();
    let mut run = begin(act, &trigger, &target).await?;
    let mut request = request(act, &trigger, run.id)?;
    let place = Place::take(act).await;
    request.timeout = place.patience();
    let (answer, found) = join(act.app.http.send(request), missed(act, &target, &trigger.endpoint)).await;
    let beyond = place.beyond;
    place.leave(act).await;
    if let Some(found) = found {
        run.workflow_id = Some(found.workflow_id.clone());
        (target.workflow_id, target.nid) = (Some(found.workflow_id), Some(found.nid));
    }
    if beyond && matches!(answer, Err(OutError::Timeout)) {
        return finish(act, target, run, Answer::Later).await;
    }
    let (error, started) = match heard(answer, &trigger.endpoint) {
        Ok(answer) => return finish(act, target, run, answer).await,
        Err(NotTaken { error, started, status, execution_id }) => {
            run.trigger_status = status.or(run.trigger_status);
            run.execution_id = execution_id.or(run.execution_id.take());
            (error, started)
        }
    };
    if started != Started::No {
        return Err(left_open(act, &target, run, error).await);
    }
    if alone {
        abandon(act, run, &error.message).await;
    }
    Err(error)
}

/// What n8n said instead of taking the trigger.
struct NotTaken {
    error: Error,
    /// Whether the workflow was started all the same.
    started: Started,
    status: Option<u16>,
    execution_id: Option<String>,
}

/// What an answer says of the workflow.
fn heard(answer: Result<OutReply, OutError>, endpoint: &Url) -> Result<Answer, NotTaken> {
    let nothing = |error, started| NotTaken { error, started, status: None, execution_id: None };
    let reply = match answer {
        // A refusal, however many words it has.
        Err(OutError::ReplyTooLarge { status }) if !matches!(status, 200..=299 | OWN_REDIRECT) => {
            OutReply { status, headers: HeaderMap::new(), body: Bytes::new() }
        }
        Err(OutError::ReplyTooLarge { status }) => return Ok(Answer::TooLong(status)),
        Err(error) if !error.reached() => return Err(nothing(unreachable(&error), Started::No)),
        Err(error) => return Err(nothing(unclear(&error), Started::Unknown)),
        Ok(reply) => reply,
    };
    if is_taken(&reply, endpoint) {
        return Ok(Answer::Whole(reply));
    }
    let started = started(&reply, endpoint);
    Err(NotTaken {
        error: n8n_error(&reply, endpoint, started),
        started,
        status: Some(reply.status),
        execution_id: if started == Started::No { None } else { told_execution(&reply.body) },
    })
}

/// The workflow ran, or may have: the run stays, the poll finds out how it ended, and a repeat does not start it again.
async fn left_open(act: &Act, target: &Target, run: FollowedRun, error: Error) -> Error {
    let error = error
        .with("triggered_at", clock::iso(run.triggered_at))
        .with("installation_id", target.installation.id.get())
        .with("workflow_id", run.workflow_id.clone())
        .with("nid", target.nid.map(Nid::get))
        .with("following", is_followed(&run));
    act.remember_failure(&error).await;
    follow(act, target, run).await.log_failure("the poll finds a trigger that was left open later");
    error
}

/// Whether the poll can tell the execution of a run.
fn is_followed(run: &FollowedRun) -> bool {
    run.workflow_id.is_some() || run.execution_id.is_some()
}

/// The workflow of an endpoint that is not known, from another look at n8n's list while n8n works: somebody has made or
/// changed it since the last one.
async fn missed(act: &Act, target: &Target, endpoint: &Url) -> Option<N8nWorkflow> {
    if target.workflow_id.is_some() {
        return None;
    }
    let turn = Turn::urgent(act.deadline);
    let found = listing::find_webhook(&act.app, act.tenant, &target.installation, endpoint, turn).await;
    found.log_failure("n8n's workflows could not be looked through").flatten()
}

/// Follows a run that was left open, from now on.
async fn follow(act: &Act, target: &Target, mut run: FollowedRun) -> Result<()> {
    // The run of a repeat may have been followed to its end meanwhile.
    if !is_followed(&run) || run.status.is_complete() {
        return Ok(());
    }
    let (key, now) = (act.repos().followed_runs().key(run.id), act.app.now());
    run.v += 1;
    act.app.store.write(act.repos().followed_runs().replace(&run, Some(now))?).await?;
    if let Some(nid) = target.nid {
        point_to(act, nid, &run).await?;
    }
    act.app.hint(&act.task(TaskKind::PollExecution, &key), now).await;
    Ok(())
}

/// The installation by the endpoint's address; the workflow by its path: document 000's own form names both, any other path is
/// looked up among the webhooks that n8n's API listed.
async fn target(act: &Act, endpoint: &Url) -> Result<Target> {
    let installed = act.installed();
    let path: Vec<&str> =
        endpoint.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let named = path
        .iter()
        .position(|part| *part == "invokati-trigger")
        .and_then(|at| Some((path.get(at + 1)?, path.get(at + 2)?)))
        .filter(|(_, workflow)| workflow.len() <= LONGEST_WORKFLOW_ID);
    if let Some((installation, workflow)) = named
        && let Ok(id) = installation.parse()
        && let Ok(installation) = installed.get(id).await
        && installation.holds(endpoint)
    {
        let nid = installed.node(installation.id, workflow, None).await?;
        return Ok(Target { installation, workflow_id: Some((*workflow).to_owned()), nid: Some(nid) });
    }
    let installation = installed.by_url(endpoint).await?.ok_or_else(|| {
        Error::invalid(
            "endpoint",
            "is not on a registered n8n instance. Register its host, or its webhook_url, first: POST /api/installs/register",
        )
    })?;
    let workflow = installed.by_webhook(&installation, endpoint).await?;
    let (workflow_id, nid) = workflow.map(|found| (found.workflow_id, found.nid)).unzip();
    Ok(Target { installation, workflow_id, nid })
}

/// What a workflow is called with: the documented body and nothing else.
#[derive(Serialize)]
struct Call<'a> {
    triggered_at: String,
    source: &'a str,
    user_id: UserId,
    username: &'a str,
    data: &'a Json,
}

/// The key makes a repeat visible as a repeat.
fn request(act: &Act, trigger: &Trigger, run: FollowedRunId) -> Result<OutRequest> {
    let body = Call {
        triggered_at: clock::iso(act.now),
        source: &trigger.source,
        user_id: act.actor.user_id,
        username: &act.actor.username,
        data: &trigger.data,
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("idempotency-key", HeaderValue::from_str(&run.prefixed()).map_err(Error::internal)?);
    Ok(OutRequest {
        method: Method::POST,
        url: trigger.endpoint.clone(),
        headers,
        body: Bytes::from(serde_json::to_vec(&body).map_err(Error::internal)?),
        timeout: CALL,
        max_reply_bytes: MAX_REPLY_BYTES,
    })
}
