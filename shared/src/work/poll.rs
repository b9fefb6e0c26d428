//! Following a run to its end through n8n's public API.

use std::time::Duration;

use futures::future::join;
use url::Url;

use super::{Ended, Message, Step};
use crate::{
    app::App,
    clock::{Deadline, Millis},
    domain::{
        followed_run::{CLOCK_SKEW, FOLLOW_FOR, FollowedRun, Snapshot, poll_pause},
        installation::Installation,
        n8n_workflow,
    },
    error::{Error, LogFailure, OrNotFound, Result},
    ids::FollowedRunId,
    installed::Installed,
    n8n::{
        answer,
        client::{ExecutionRow, N8n, N8nError, Turn},
    },
    ops::{executions, listing, watch::Watched},
    queue::{Task, TaskKind},
    repo::due,
    tenant::TenantId,
};

/// A look has so much time, less than the sweep leaves its debt alone. It may be made twice at once: it sends nothing, and of
/// two that saw something one stores it.
const TIME: Duration = Duration::from_secs(25);

/// After so many looks that saw no execution (seven seconds), its webhook may be another workflow's: one was deleted in n8n
/// and imported again.
const MOVED: u32 = 4;

/// Its row of a worker's steps.
pub const STEP: Step =
    Step::new(TaskKind::PollExecution, |app, task, message| Box::pin(step(app, task, message)));

/// One look at n8n for one run.
pub async fn step(app: &App, task: &Task, message: &Message<'_>) -> Result<Ended> {
    let tenant = task.tenant()?;
    let id = run_id(task)?;
    let runs = app.repos(tenant).followed_runs();
    let owing = due::owing::<FollowedRun>(&*app.store, &runs.key(id)).await?.or_not_found("run")?;
    let now = app.now();
    let is_due = owing.is_due(now) || owing.item.polls == 0;
    if !owing.is_owed() || !(is_due || task.asked && owing.item.is_stale(now)) {
        return Ok(Ended::Done);
    }
    if owing.suspect && !message.alone {
        return Ok(Ended::Suspect);
    }
    let put_off = owing.due_at;
    let mut run = owing.item;
    let Some(installation) = Installed::new(app, tenant).find(run.installation_id).await? else {
        run.poll_error = Some("The installation was deleted.".into());
        run.v += 1;
        app.store.write(runs.replace(&run, None)?).await?;
        return Ok(Ended::Done);
    };
    let turn = Turn::owed(message.deadline.min(Deadline::at(now.plus(TIME))));
    let n8n = Installed::new(app, tenant).n8n(&installation, turn).await?;
    let seen = look(&n8n, &run).await;
    if seen.is_ok() {
        Installed::new(app, tenant).heard_of(installation.id).await;
    }
    run.polls += u32::from(is_due);
    run.polled_at = Some(now);
    run.poll_error = None;
    match seen {
        Ok(Some(row)) => learn(&mut run, &row),
        Ok(None) if is_due && run.polls == MOVED => {
            follow_webhook(app, tenant, &installation, &mut run, turn).await;
        }
        Ok(None) => {}
        Err(error) => run.poll_error = Some(error.to_string()),
    }
    let over = run.status.is_complete() || now.since(run.triggered_at) >= FOLLOW_FOR;
    // A look that somebody asked for changes nothing about when the next one is due.
    let next = if is_due { Some(now.plus(poll_pause(run.polls))) } else { put_off }.filter(|_| !over);
    // Before the debt is paid, so that whoever dies in between is followed by somebody who remembers it again.
    if let Some(snapshot) = snapshot(&run, now) {
        executions::seen(app, tenant, run.installation_id, &snapshot).await;
        remember(app, tenant, &installation, &run, snapshot).await?;
    }
    run.v += 1;
    app.store.write(runs.replace(&run, next)?).await?;
    if let Some(next) = next.filter(|_| is_due) {
        app.hint(&Task::new(TaskKind::PollExecution, &runs.key(id), &task.request_id), next).await;
    }
    Ok(Ended::Done)
}

/// A run's key is `run#<id>`.
fn run_id(task: &Task) -> Result<FollowedRunId> {
    let id = task.pk.rsplit('#').next().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Error::internal(format!("no run is stored under {}", task.key())))
}

/// What n8n says of the run: by its execution id where that is known, else the newest execution of the workflow, if it
/// started after the trigger.
async fn look(n8n: &N8n<'_>, run: &FollowedRun) -> Result<Option<ExecutionRow>, N8nError> {
    if let Some(execution) = &run.execution_id {
        return n8n.execution_row(execution).await;
    }
    let Some(workflow_id) = &run.workflow_id else { return Ok(None) };
    let newest = n8n.newest_execution(workflow_id).await?;
    Ok(newest.filter(|row| row.started_at.is_some_and(|at| at.plus(CLOCK_SKEW) >= run.after)))
}

/// Looks once more whose webhook was called, at the price of a listing.
async fn follow_webhook(
    app: &App,
    tenant: TenantId,
    installation: &Installation,
    run: &mut FollowedRun,
    turn: Turn,
) {
    let Some(endpoint) = run.endpoint.as_ref().and_then(|url| Url::parse(url).ok()) else { return };
    let found = listing::find_webhook(app, tenant, installation, &endpoint, turn).await;
    let found = found.log_failure("the workflow of a webhook could not be looked up again").flatten();
    if let Some(found) = found {
        run.workflow_id = Some(found.workflow_id);
    }
}

fn learn(run: &mut FollowedRun, row: &ExecutionRow) {
    run.status = answer::map_status(&row.status).into();
    run.n8n_status = Some(row.status.clone());
    run.execution_id = Some(row.id.clone());
    run.workflow_id = run.workflow_id.take().or_else(|| row.workflow_id.clone());
    run.started_at = row.started_at;
    // n8n sets `stoppedAt` on a waiting execution too; only an ended one has stopped.
    run.stopped_at = row.stopped_at.filter(|_| run.status.is_complete());
}

/// What the workflow node is to remember of the run.
fn snapshot(run: &FollowedRun, now: Millis) -> Option<Snapshot> {
    Some(Snapshot {
        execution_id: run.execution_id.clone()?,
        status: run.status,
        n8n_status: run.n8n_status.clone()?,
        started_at: run.started_at,
        stopped_at: run.stopped_at,
        error: run.error.clone(),
        run_id: Some(run.id),
        seen_at: now,
        blob: None,
    })
}

async fn remember(
    app: &App,
    tenant: TenantId,
    installation: &Installation,
    run: &FollowedRun,
    snapshot: Snapshot,
) -> Result<()> {
    let Some(workflow_id) = &run.workflow_id else { return Ok(()) };
    let nid = Installed::new(app, tenant).node(run.installation_id, workflow_id, None).await?;
    debug_assert_eq!(nid, n8n_workflow::nid(tenant, run.installation_id, workflow_id));
    let watched = Watched { app, tenant, installation, nid, workflow_id };
    let (newest, watched) =
        join(executions::latest(app, tenant, nid, &snapshot), watched.saw(&snapshot)).await;
    newest.and(watched)
}
