use futures::future::try_join;

use serde::Serialize;
use shared::{
    clock::{self, Millis},
    domain::{
        followed_run::{CLOCK_SKEW, FollowedRun, PollStatus, Snapshot},
        n8n_workflow::{FollowedRef, N8nWorkflow},
    },
    error::{OrNotFound, Result},
    http::{
        ctx::Ctx,
        input::{InBody, Time},
        reply::Reply,
    },
    ids::Id,
    queue::{Task, TaskKind},
    repo::{due::UNANNOUNCED, n8n_workflows},
    store::{self, StoreError},
};
use utoipa::ToSchema;

shared::input! {
    /// Which workflow.
    pub struct PollExecution {
        /// Id of the workflow node.
        #[example(123)]
        nid: Id,
        /// Only an execution after this time counts.
        #[example("2025-01-21T10:30:00Z")]
        #[name("triggered_after")]
        after: Option<Time>,
    }
}

/// How the workflow's newest execution is doing.
#[derive(Debug, Serialize, ToSchema)]
pub struct Polled {
    /// `waiting`, `success` or `error`.
    #[schema(example = "success")]
    status: &'static str,
    is_complete: bool,
    #[schema(example = "551")]
    execution_id: Option<String>,
    started_at: Option<String>,
    stopped_at: Option<String>,
    /// n8n's own word: `running`, `waiting`, `crashed`, `canceled`, ...
    n8n_status: Option<String>,
    #[schema(example = "Execution completed successfully.")]
    message: String,
    #[schema(value_type = u64, example = 123)]
    nid: Id,
}

/// Tells how a workflow's newest execution is doing, from pushed data and from what the background poll has learned.
#[utoipa::path(post, path = "/api/poll-execution", operation_id = "poll_execution", tag = "triggers",
    request_body = PollExecution, responses((status = 200, description = "The state.", body = Polled)))]
pub async fn handler(ctx: Ctx, InBody(input): InBody<PollExecution>) -> Result<Reply> {
    let workflows = ctx.n8n_workflows();
    let (workflow, latest) = try_join(workflows.get(input.nid), workflows.latest(input.nid)).await?;
    let workflow = workflow.or_not_found("workflow node")?;
    let latest = latest.map(|latest| latest.snapshot);
    let known = latest.as_ref().filter(|snapshot| counts(snapshot, &workflow, input.after));
    if let Some(snapshot) = known.filter(|snapshot| snapshot.status.is_complete()) {
        return answer(&ctx, &polled(input.nid, snapshot)).await;
    }
    let run = follow(&ctx, workflow, &input).await?;
    let state = match (known, run) {
        (Some(snapshot), _) => polled(input.nid, snapshot),
        (None, run) => pending(input.nid, run.as_ref()),
    };
    answer(&ctx, &state).await
}

/// Nothing is written but the reply itself, and that only under an `Idempotency-Key`.
async fn answer(ctx: &Ctx, state: &Polled) -> Result<Reply> {
    Ok(ctx.commit(Vec::new(), Reply::ok(state)?).await?)
}

/// Whether an execution lies after the time that was asked for. One that Baton triggered counts by our clock, another
/// by n8n's, which may go a little slow.
fn counts(snapshot: &Snapshot, workflow: &N8nWorkflow, after: Option<Millis>) -> bool {
    let Some(after) = after else { return true };
    let run = workflow.run.as_ref().filter(|run| Some(run.id) == snapshot.run_id);
    match (run, snapshot.started_at.or(snapshot.stopped_at)) {
        // The caller's time may be cut to the second that the trigger answered with.
        (Some(run), _) => run.triggered_at.seconds() >= after.seconds(),
        (None, Some(started)) => started.plus(CLOCK_SKEW) >= after,
        (None, None) => snapshot.seen_at >= after,
    }
}

/// How often the workflow is looked at again because another run became its newest at the same moment.
const TRIES: usize = 5;

/// Sees to it that n8n is being asked: by the run that the trigger left, or by a new one that only watches.
async fn follow(ctx: &Ctx, mut workflow: N8nWorkflow, input: &PollExecution) -> Result<Option<FollowedRun>> {
    let runs = ctx.followed_runs();
    for _ in 0..TRIES {
        let newest = match &workflow.run {
            Some(run) if input.after.is_none_or(|after| run.triggered_at.seconds() >= after.seconds()) => {
                runs.get(run.id).await?
            }
            _ => None,
        };
        let run = match newest {
            Some(run) if run.status.is_complete() && is_answer(&run, input.after) => return Ok(Some(run)),
            Some(run) if !run.status.is_complete() => run,
            _ => match begin(ctx, &workflow, input).await? {
                Some(run) => run,
                None => {
                    workflow = ctx.n8n_workflows().get(input.nid).await?.or_not_found("workflow node")?;
                    continue;
                }
            },
        };
        // What is stored is shown; n8n is asked again in the background.
        if run.is_stale(ctx.now) {
            let look = Task::new(TaskKind::PollExecution, &runs.key(run.id), &ctx.cause).asked();
            ctx.app.hint(&look, ctx.now).await;
        }
        return Ok(Some(run));
    }
    Err(StoreError::Conflict.into())
}

/// Begins to watch. In one write the run is there, owes a look (in case its message is lost), and is the workflow's newest:
/// a repeat of a request that died finds it. None when another one became the newest meanwhile.
async fn begin(ctx: &Ctx, workflow: &N8nWorkflow, input: &PollExecution) -> Result<Option<FollowedRun>> {
    let run = watch(ctx, workflow, input.after);
    let mut pointed = workflow.clone();
    pointed.run = Some(FollowedRef { id: run.id, triggered_at: run.triggered_at });
    pointed.v += 1;
    let insert = ctx.followed_runs().insert(&run, Some(ctx.now.plus(UNANNOUNCED)))?;
    let writes = vec![insert, ctx.n8n_workflows().replace(&pointed)?];
    match store::apply(&*ctx.app.store, writes).await {
        Ok(()) => Ok(Some(run)),
        Err(error) if error.refused_by(n8n_workflows::WORKFLOW).is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether an ended run is what the caller asks about: one that was triggered is, one that was only watched must have
/// ended with an execution of the right time.
fn is_answer(run: &FollowedRun, after: Option<Millis>) -> bool {
    run.endpoint.is_some()
        || after.is_none_or(|after| run.started_at.is_some_and(|at| at.plus(CLOCK_SKEW) >= after))
}

fn watch(ctx: &Ctx, workflow: &N8nWorkflow, after: Option<Millis>) -> FollowedRun {
    FollowedRun {
        id: ctx.app.id(),
        installation_id: workflow.installation_id,
        workflow_id: Some(workflow.workflow_id.clone()),
        execution_id: None,
        endpoint: None,
        triggered_at: ctx.now,
        // Without a time every execution counts, also one from before Baton knew the workflow.
        after: after.unwrap_or(Millis(0)),
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
    }
}

fn polled(nid: Id, snapshot: &Snapshot) -> Polled {
    let message = match snapshot.status {
        PollStatus::Waiting => "The execution has not ended yet; keep polling.".into(),
        PollStatus::Success => "Execution completed successfully.".into(),
        PollStatus::Error => match &snapshot.error {
            Some(error) => format!("Execution failed: {error}"),
            None => format!("Execution ended as {}.", snapshot.n8n_status),
        },
    };
    Polled {
        status: snapshot.status.as_str(),
        is_complete: snapshot.status.is_complete(),
        execution_id: Some(snapshot.execution_id.clone()),
        started_at: snapshot.started_at.map(clock::iso_millis),
        stopped_at: snapshot.stopped_at.map(clock::iso_millis),
        n8n_status: Some(snapshot.n8n_status.clone()),
        message,
        nid,
    }
}

fn pending(nid: Id, run: Option<&FollowedRun>) -> Polled {
    let status = run.map_or(PollStatus::Waiting, |run| run.status);
    let trouble = run.and_then(|run| run.error.as_ref().or(run.poll_error.as_ref()));
    let message = match trouble {
        Some(trouble) => trouble.clone(),
        None => "The execution has not started yet; keep polling.".into(),
    };
    Polled {
        status: status.as_str(),
        is_complete: status.is_complete(),
        execution_id: run.and_then(|run| run.execution_id.clone()),
        started_at: run.and_then(|run| run.started_at).map(clock::iso_millis),
        stopped_at: run.and_then(|run| run.stopped_at).map(clock::iso_millis),
        n8n_status: run.and_then(|run| run.n8n_status.clone()),
        message,
        nid,
    }
}
