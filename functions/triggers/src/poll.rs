use serde::Serialize;
use shared::{
    clock,
    domain::followed_run::{FollowedRun, PollStatus, Snapshot},
    error::Result,
    http::{
        ctx::Ctx,
        input::{InBody, Time},
        reply::Reply,
    },
    ids::Nid,
    ops::triggers::poll::{self, Asked, Known},
};
use utoipa::ToSchema;

shared::input! {
    /// Which workflow.
    pub struct PollExecution {
        /// Id of the workflow node.
        #[example(123)]
        nid: Nid,
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
    nid: Nid,
}

/// Tells how a workflow's newest execution is doing, from pushed data and from what the background poll has learned.
#[utoipa::path(post, path = "/api/poll-execution", operation_id = "poll_execution",
    request_body = PollExecution, responses((status = 200, description = "The state.", body = Polled)))]
pub async fn handler(ctx: Ctx, InBody(sent): InBody<PollExecution>) -> Result<Reply> {
    let PollExecution { nid, after } = sent;
    let render = move |known: &Known| {
        Reply::ok(&match known {
            Known::Seen(snapshot) => polled(nid, snapshot),
            Known::Awaited(run) => pending(nid, run.as_ref()),
        })
    };
    ctx.answer(render, async |act| poll::poll(act, Asked { nid, after }).await).await
}

fn polled(nid: Nid, snapshot: &Snapshot) -> Polled {
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

fn pending(nid: Nid, run: Option<&FollowedRun>) -> Polled {
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
