use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::join;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;
use serde_json::Value;
use shared::{
    clock,
    domain::{
        followed_run::{FollowedRun, PollStatus, poll_pause},
        installation::Installation,
        n8n_workflow::{FollowedRef, N8nWorkflow},
    },
    egress::{OutError, OutReply, OutRequest},
    error::{Error, LogFailure, Result},
    http::{
        ctx::{Ctx, HeldKey, Refused},
        fields::{Fields, code},
        input::{Asked, Field, InBody, Text, describe},
        reply::{Reply, Warning},
    },
    ids::{EntityId, FollowedRunId, Id, UserId},
    json::{Json, Kind, Part},
    n8n::{client::Turn, start::Started},
    ops::listing,
    queue::{Task, TaskKind},
    repo::due::UNANNOUNCED,
};
use url::Url;
use utoipa::ToSchema;

use crate::errors::{leads_to_itself, n8n_error, refused, started, unclear, unreachable};

/// Longest wait for n8n: a workflow that answers with its last node may take a while, and API Gateway gives up after 30
/// seconds.
pub const CALL: Duration = Duration::from_secs(25);
const MAX_REPLY_BYTES: usize = 2 * 1024 * 1024;
/// As long as in a pushed execution.
const LONGEST_WORKFLOW_ID: usize = 200;

shared::input! {
    /// What to trigger.
    pub struct TriggerWebhook {
        /// Full URL of the n8n webhook. Its host must be a registered installation's.
        #[example("https://n8n.example.com/webhook/your-path")]
        endpoint: Url,
        /// Where the trigger comes from; `dashboard` when left out.
        #[example("dashboard")]
        source: Option<Text<100>>,
        /// Passed on to the workflow.
        #[example({ "custom_key": "custom_value" })]
        data: Option<WorkflowData>,
    }
}

/// An object; a list is taken as well.
struct WorkflowData;

impl Field for WorkflowData {
    type Value = Json;

    fn read(fields: &mut Fields, name: &str) -> Option<Json> {
        let data = fields.json(name)?;
        if !data.part().is_object() && !data.part().is_list() {
            fields.refuse_as(name, code::TYPE, "must be an object");
            return None;
        }
        Some(data)
    }

    fn schema(asked: Asked) -> Value {
        describe::holding(asked, "object")
    }
}

/// n8n took the trigger.
#[derive(Debug, Serialize, ToSchema)]
pub struct Triggered {
    #[schema(example = "success")]
    status: &'static str,
    success: bool,
    #[schema(example = "Workflow triggered.")]
    message: &'static str,
    /// Pass it to `/api/poll-execution` as `triggered_after`.
    #[schema(example = "2025-01-21T10:30:00Z")]
    triggered_at: String,
    /// n8n's HTTP status.
    #[schema(example = 200)]
    n8n_status: u16,
    /// n8n's answer: JSON where it is JSON, text otherwise. Null where `warnings` say that it was left out.
    #[schema(value_type = Value, example = json!({ "message": "Workflow was started" }))]
    response: Json,
    /// n8n's id of the execution, when the workflow's answer tells it.
    #[schema(example = "551")]
    execution_id: Option<String>,
    #[schema(value_type = u64, example = 45)]
    installation_id: Id,
    #[schema(example = "abc123")]
    workflow_id: Option<String>,
    /// Id of the workflow node, when the workflow is known: the `nid` of `/api/poll-execution`.
    #[schema(value_type = Option<u64>, example = 123)]
    nid: Option<Id>,
    /// Whether Baton follows this run to its end.
    following: bool,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// What was heard of n8n when it took a trigger.
enum Answer {
    Whole(OutReply),
    /// Its status, and more than is read.
    TooLong(u16),
}

struct Input {
    endpoint: Url,
    source: String,
    data: Json,
}

impl From<TriggerWebhook> for Input {
    fn from(TriggerWebhook { endpoint, source, data }: TriggerWebhook) -> Self {
        let source = source.unwrap_or_else(|| "dashboard".into());
        Self { endpoint, source, data: data.unwrap_or_else(Json::empty) }
    }
}

/// Where an endpoint leads.
struct Target {
    installation: Arc<Installation>,
    workflow_id: Option<String>,
    nid: Option<Id>,
}

/// Calls an n8n webhook and follows the execution that it starts.
///
/// 60 requests a minute. What n8n answers is passed on, up to 2 MB; of a longer answer, and of one that is no text, the `warnings`
/// tell. An answer of 400 or above becomes a 502 with `n8n_status`, and so does a redirect, which is a login page's or a proxy's, but
/// for 307, which is that of n8n's own *Redirect* response.
///
/// When n8n is slow (504 `n8n_timeout`), its answer is lost (502 `n8n_answer_lost`), or it answers badly and the workflow ran or may
/// have (502 `n8n_error`), the error holds `nid`, `triggered_at` and `following`: poll with them.
///
/// With an `Idempotency-Key`, the workflow is started once: a repeat reads the first reply, those errors included. Of an answer that
/// makes the reply longer than 256 KB a repeat reads everything but the answer itself. Only when the workflow was not started does a
/// repeat try again: the webhook is not registered or refuses the credentials, or n8n was not reached (`n8n_unreachable`).
#[utoipa::path(post, path = "/api/trigger-webhook", operation_id = "trigger_webhook", tag = "triggers",
    request_body = TriggerWebhook, responses((status = 200, description = "Triggered.", body = Triggered)))]
pub async fn handler(ctx: Ctx, InBody(input): InBody<TriggerWebhook>) -> Result<Reply> {
    let input = Input::from(input);
    let mut target = target(&ctx, &input.endpoint).await?;
    ctx.app.http.check(&input.endpoint).await.map_err(refused)?;
    // What an earlier attempt under this key started is not undone by a refusal of this one.
    let alone = ctx.held_key().is_none_or(|key| key.begun().is_none());
    let mut run = begin(&ctx, &input, &target).await?;
    let call = ctx.app.http.send(request(&ctx, &input, run.id)?);
    let (answer, found) = join(call, missed(&ctx, &target, &input.endpoint)).await;
    if let Some(found) = found {
        run.workflow_id = Some(found.workflow_id.clone());
        (target.workflow_id, target.nid) = (Some(found.workflow_id), Some(found.nid));
    }
    let answer = match answer {
        // A refusal, however many words it has.
        Err(OutError::ReplyTooLarge { status }) if !matches!(status, 200..=299 | OWN_REDIRECT) => {
            Ok(OutReply { status, headers: HeaderMap::new(), body: Bytes::new() })
        }
        answer => answer,
    };
    let (error, started) = match answer {
        Ok(reply) if is_taken(&reply, &input.endpoint) => {
            return finish(&ctx, target, run, Answer::Whole(reply)).await;
        }
        Err(OutError::ReplyTooLarge { status }) => {
            return finish(&ctx, target, run, Answer::TooLong(status)).await;
        }
        Ok(reply) => {
            run.trigger_status = Some(reply.status);
            let started = started(&reply, &input.endpoint);
            if started != Started::No {
                run.execution_id = told_execution(&reply.body).or(run.execution_id.take());
            }
            (n8n_error(&reply, &input.endpoint, started), started)
        }
        Err(error) if !error.reached() => (unreachable(&error), Started::No),
        Err(error) => (unclear(&error), Started::Unknown),
    };
    if started != Started::No {
        return Err(left_open(&ctx, &target, run, error).await);
    }
    if alone {
        abandon(&ctx, run, &error.message).await;
    }
    Err(error)
}

/// The workflow ran, or may have: the run stays, the poll finds out how it ended, and a repeat does not start it again.
async fn left_open(ctx: &Ctx, target: &Target, run: FollowedRun, error: Error) -> Error {
    let error = error
        .with("triggered_at", clock::iso(run.triggered_at))
        .with("installation_id", target.installation.id.get())
        .with("workflow_id", run.workflow_id.clone())
        .with("nid", target.nid.map(Id::get))
        .with("following", is_followed(&run));
    ctx.remember_failure(&error).await;
    follow(ctx, target, run).await.log_failure("the poll finds a trigger that was left open later");
    error
}

/// Whether the poll can tell the execution of a run.
fn is_followed(run: &FollowedRun) -> bool {
    run.workflow_id.is_some() || run.execution_id.is_some()
}

/// The workflow of an endpoint that is not known, from another look at n8n's list while n8n works: somebody has made or
/// changed it since the last one.
async fn missed(ctx: &Ctx, target: &Target, endpoint: &Url) -> Option<N8nWorkflow> {
    if target.workflow_id.is_some() {
        return None;
    }
    let turn = Turn::urgent(ctx.deadline());
    let found = listing::find_webhook(&ctx.app, ctx.tenant(), &target.installation, endpoint, turn).await;
    found.log_failure("n8n's workflows could not be looked through").flatten()
}

/// Follows a run that was left open, from now on.
async fn follow(ctx: &Ctx, target: &Target, mut run: FollowedRun) -> Result<()> {
    // The run of a repeat may have been followed to its end meanwhile.
    if !is_followed(&run) || run.status.is_complete() {
        return Ok(());
    }
    let (key, now) = (ctx.followed_runs().key(run.id), ctx.app.now());
    run.v += 1;
    ctx.app.store.write(ctx.followed_runs().replace(&run, Some(now))?).await?;
    if let Some(nid) = target.nid {
        point_to(ctx, nid, &run).await?;
    }
    ctx.app.hint(&Task::new(TaskKind::PollExecution, &key, &ctx.cause), now).await;
    Ok(())
}

/// The status of n8n's own *Redirect* response, unless its options name another.
const OWN_REDIRECT: u16 = 307;

/// Whether an answer is that of a workflow which was started. A redirect that only leads to the same webhook elsewhere (by
/// https, with a slash) is a proxy's, whatever its status.
fn is_taken(reply: &OutReply, endpoint: &Url) -> bool {
    match reply.status {
        200..=299 => true,
        OWN_REDIRECT => !leads_to_itself(reply, endpoint),
        _ => false,
    }
}

/// The installation by the endpoint's address; the workflow by its path: document 000's own form names both, any other path is
/// looked up among the webhooks that n8n's API listed.
async fn target(ctx: &Ctx, endpoint: &Url) -> Result<Target> {
    let installed = ctx.installed();
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

/// Remembers the trigger before it is sent. The run owes a poll from the start, so that it is followed even if this
/// process dies before it hears n8n's answer.
async fn begin(ctx: &Ctx, input: &Input, target: &Target) -> Result<FollowedRun> {
    if let Some(id) = ctx.held_key().and_then(HeldKey::begun)
        && let Some(run) = ctx.followed_runs().get(FollowedRunId::of(id)).await?
    {
        // An earlier request with this key died under way. The call is repeated under the same key, for n8n to see.
        return Ok(run);
    }
    let run = FollowedRun {
        id: ctx.app.id(),
        installation_id: target.installation.id,
        workflow_id: target.workflow_id.clone(),
        execution_id: None,
        endpoint: Some(format!("{}{}", input.endpoint.origin().ascii_serialization(), input.endpoint.path())),
        triggered_at: ctx.now,
        after: ctx.now,
        triggered_by: ctx.caller.user_id,
        trigger_status: None,
        status: PollStatus::Waiting,
        n8n_status: None,
        started_at: None,
        stopped_at: None,
        error: None,
        polls: 0,
        polled_at: None,
        poll_error: None,
        v: 1,
    };
    let poll_at = target.workflow_id.is_some().then(|| ctx.now.plus(UNANNOUNCED));
    let insert = ctx.followed_runs().insert(&run, poll_at)?;
    if ctx.begin(run.id.untyped(), vec![insert]).await? {
        Ok(run)
    } else {
        Err(shared::http::ctx::in_progress())
    }
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
fn request(ctx: &Ctx, input: &Input, run: FollowedRunId) -> Result<OutRequest> {
    let body = Call {
        triggered_at: clock::iso(ctx.now),
        source: &input.source,
        user_id: ctx.caller.user_id,
        username: &ctx.caller.username,
        data: &input.data,
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("idempotency-key", HeaderValue::from_str(&run.prefixed()).map_err(Error::internal)?);
    Ok(OutRequest {
        method: Method::POST,
        url: input.endpoint.clone(),
        headers,
        body: Bytes::from(serde_json::to_vec(&body).map_err(Error::internal)?),
        timeout: CALL,
        max_reply_bytes: MAX_REPLY_BYTES,
    })
}

async fn finish(ctx: &Ctx, target: Target, mut run: FollowedRun, answer: Answer) -> Result<Reply> {
    let (status, whole) = match answer {
        Answer::Whole(reply) => (reply.status, Some(reply)),
        Answer::TooLong(status) => (status, None),
    };
    let response = whole.as_ref().and_then(|reply| response_of(&reply.body));
    run.execution_id =
        response.as_ref().and_then(|response| execution_id(response.part())).or(run.execution_id.take());
    run.trigger_status = Some(status);
    run.v += 1;
    let following = is_followed(&run);
    // The run of a repeat may have been followed to its end meanwhile.
    let unfinished = following && !run.status.is_complete();
    let poll_at = unfinished.then(|| ctx.app.now().plus(poll_pause(0)));
    let reply = |response: Option<Json>| Triggered {
        status: "success",
        success: true,
        message: "Workflow triggered.",
        triggered_at: clock::iso(run.triggered_at),
        n8n_status: status,
        warnings: response.is_none().then(|| left_out(whole.as_ref())).into_iter().collect(),
        response: response.unwrap_or_else(Json::null),
        execution_id: run.execution_id.clone(),
        installation_id: target.installation.id,
        workflow_id: run.workflow_id.clone(),
        nid: target.nid,
        following,
    };
    let triggered = Reply::ok(&reply(response))?.shortened_to(&reply(None))?;
    let stored = ctx.commit(vec![ctx.followed_runs().replace(&run, poll_at)?], triggered.clone()).await;
    let stored = match stored {
        Ok(stored) => stored,
        // n8n has it; that the answer could not be noted is no reason to have the caller trigger it again.
        Err(Refused::Write(..)) => triggered,
        Err(refused) => {
            let error = Error::from(refused);
            tracing::warn!(%error, run = %run.id, "n8n's answer could not be noted; the poll will find the execution");
            triggered
        }
    };
    if let Some(nid) = target.nid {
        point_to(ctx, nid, &run).await.log_failure("the workflow does not know its newest run");
    }
    if let Some(at) = poll_at {
        ctx.app
            .hint(&Task::new(TaskKind::PollExecution, &ctx.followed_runs().key(run.id), &ctx.cause), at)
            .await;
    }
    Ok(stored)
}

/// Why there is no answer of n8n in a reply.
fn left_out(answer: Option<&OutReply>) -> Warning {
    let message = match answer {
        Some(answer) if response_of(&answer.body).is_none() => format!(
            "n8n's answer is no text ({}{} bytes), and is left out. The workflow was started.",
            media_type(answer),
            answer.body.len()
        ),
        Some(answer) => format!("n8n's answer has {} bytes: too many to be repeated.", answer.body.len()),
        None => "n8n's answer has more than 2 MB, which are not read. The workflow was started.".into(),
    };
    Warning { code: "response_left_out", message }
}

/// What an answer says it is, as the beginning of a list.
fn media_type(answer: &OutReply) -> String {
    const LONGEST: usize = 80;
    let kind =
        answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.is_empty() || kind.len() > LONGEST { String::new() } else { format!("{kind}, ") }
}

/// Makes the run the newest of its workflow.
async fn point_to(ctx: &Ctx, nid: Id, run: &FollowedRun) -> Result<()> {
    let workflows = ctx.n8n_workflows();
    for _ in 0..5 {
        let Some(mut workflow) = workflows.get(nid).await? else { return Ok(()) };
        if workflow.run.as_ref().is_some_and(|known| known.triggered_at > run.triggered_at) {
            return Ok(());
        }
        workflow.run = Some(FollowedRef { id: run.id, triggered_at: run.triggered_at });
        workflow.v += 1;
        match ctx.app.store.write(workflows.replace(&workflow)?).await {
            Err(shared::store::StoreError::ConditionFailed(_)) => {}
            done => return done.map(|_| ()).map_err(Error::from),
        }
    }
    Ok(())
}

/// The run never was: it is closed, and a repeat with the same key may try again.
async fn abandon(ctx: &Ctx, mut run: FollowedRun, why: &str) {
    run.status = PollStatus::Error;
    run.error = Some(why.to_owned());
    run.v += 1;
    let closed = async {
        let mut writes = vec![ctx.followed_runs().replace(&run, None)?];
        writes.extend(ctx.held_key().map(HeldKey::free));
        ctx.app.store.transact(writes).await
    };
    closed.await.log_failure("a refused trigger could not be closed");
}

/// An answer as JSON: what is JSON as it is, and other text as text. None of what is neither.
fn response_of(body: &[u8]) -> Option<Json> {
    Json::read(body).ok().or_else(|| str::from_utf8(body).ok().map(Json::of_text))
}

/// The execution that an answer tells.
fn told_execution(body: &[u8]) -> Option<String> {
    execution_id(response_of(body)?.part())
}

/// What a workflow calls its execution when it answers with `{{ $execution.id }}`.
fn execution_id(response: Part<'_>) -> Option<String> {
    let object = match response.kind() {
        Kind::List(mut items) => items.next()?,
        _ => response,
    };
    let id = object.get("execution_id").or_else(|| object.get("executionId"))?.text_or_digits()?;
    (1..=200).contains(&id.len()).then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_workflows_answer_may_tell_its_execution() {
        for (response, expected) in [
            (json!({ "execution_id": "3" }), Some("3")),
            (json!({ "executionId": 3 }), Some("3")),
            (json!([{ "execution_id": "3" }]), Some("3")),
            (json!({ "message": "Workflow was started" }), None),
            (json!("text"), None),
            (json!([]), None),
        ] {
            let told = told_execution(response.to_string().as_bytes());
            assert_eq!(told.as_deref(), expected, "{response}");
        }
    }
}
