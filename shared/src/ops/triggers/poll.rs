//! How a workflow's newest execution is doing, from pushed data and from what looking at n8n in the background has learned.

use futures::future::try_join;

use crate::{
    clock::Millis,
    domain::{
        followed_run::{CLOCK_SKEW, FollowedRun, PollStatus, Snapshot},
        keep,
        n8n_workflow::{FollowedRef, N8nWorkflow},
    },
    error::{Error, OrNotFound, Result},
    ids::Nid,
    ops::{act::Act, again::Again},
    queue::TaskKind,
    repo::{due::UNANNOUNCED, n8n_workflows},
    store,
};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Id of the workflow node.
    pub nid: Nid,
    /// Only an execution after this time counts.
    pub after: Option<Millis>,
}

/// What is known.
#[derive(Debug)]
pub enum Known {
    /// What was last seen of the execution.
    Seen(Snapshot),
    /// Nothing yet of an execution; n8n is being asked, by this run.
    Awaited(Option<FollowedRun>),
}

/// Tells what is known, and has n8n asked where that is not the end. Nothing is written but the answer itself, and the run that
/// asks where there was none.
pub async fn poll(act: &Act, asked: Asked) -> Result<Known> {
    let workflows = act.repos().n8n_workflows();
    let (workflow, latest) = try_join(workflows.get(asked.nid), workflows.latest(asked.nid)).await?;
    let workflow = workflow.or_not_found("workflow node")?;
    if !act.installed().shows(workflow.installation_id).await? {
        return Err(Error::not_found("workflow node"));
    }
    let latest = latest.map(|latest| latest.snapshot);
    let seen = latest.filter(|snapshot| counts(snapshot, &workflow, asked.after));
    let known = match seen {
        Some(snapshot) if snapshot.status.is_complete() => Known::Seen(snapshot),
        seen => {
            let run = follow(act, workflow, &asked).await?;
            seen.map_or(Known::Awaited(run), Known::Seen)
        }
    };
    act.commit(Vec::new(), &known).await?;
    Ok(known)
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

/// Sees to it that n8n is being asked: by the run that the trigger left, or by a new one that only watches.
async fn follow(act: &Act, mut workflow: N8nWorkflow, asked: &Asked) -> Result<Option<FollowedRun>> {
    let runs = act.repos().followed_runs();
    let mut again = Again::new(&act.app, "a workflow");
    loop {
        let newest = match &workflow.run {
            Some(run) if asked.after.is_none_or(|after| run.triggered_at.seconds() >= after.seconds()) => {
                runs.get(run.id).await?
            }
            _ => None,
        };
        let run = match newest {
            Some(run) if run.status.is_complete() && is_answer(&run, asked.after) => return Ok(Some(run)),
            Some(run) if !run.status.is_complete() => run,
            _ => match begin(act, &workflow, asked).await? {
                Some(run) => run,
                None => {
                    again.changed()?;
                    workflow =
                        act.repos().n8n_workflows().get(asked.nid).await?.or_not_found("workflow node")?;
                    continue;
                }
            },
        };
        // What is stored is shown; n8n is asked again in the background.
        if run.is_stale(act.now) {
            let look = act.task(TaskKind::PollExecution, &runs.key(run.id)).asked();
            act.app.hint(&look, act.now).await;
        }
        return Ok(Some(run));
    }
}

/// Begins to watch. In one write the run is there, owes a look (in case its message is lost), and is the workflow's newest:
/// a repeat of a request that died finds it. None when another one became the newest meanwhile.
async fn begin(act: &Act, workflow: &N8nWorkflow, asked: &Asked) -> Result<Option<FollowedRun>> {
    let run = watch(act, workflow, asked.after);
    let mut pointed = workflow.clone();
    pointed.run = Some(FollowedRef { id: run.id, triggered_at: run.triggered_at });
    pointed.v += 1;
    let insert = act.repos().followed_runs().insert(&run, Some(act.now.plus(UNANNOUNCED)))?;
    let writes = vec![insert, act.repos().n8n_workflows().replace(&pointed)?];
    match store::apply(&*act.app.store, writes).await {
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

fn watch(act: &Act, workflow: &N8nWorkflow, after: Option<Millis>) -> FollowedRun {
    FollowedRun {
        id: act.app.id(),
        installation_id: workflow.installation_id,
        workflow_id: Some(workflow.workflow_id.clone()),
        execution_id: None,
        endpoint: None,
        triggered_at: act.now,
        // Without a time every execution counts, also one from before Baton knew the workflow.
        after: after.unwrap_or(Millis(0)),
        triggered_by: act.actor.user_id,
        trigger_status: None,
        status: PollStatus::Waiting,
        n8n_status: None,
        started_at: None,
        stopped_at: None,
        error: None,
        polls: 0,
        polled_at: None,
        poll_error: None,
        ttl: keep::until(act.now, act.app.settings.keep.runs),
        v: 1,
    }
}
