//! The run of a trigger: there before the call, finished by the answer to it, and closed where it never was.

use super::{Answer, Target, Trigger, Triggered, answer::told_execution, is_followed};
use crate::{
    domain::{
        followed_run::{FollowedRun, PollStatus, poll_pause},
        keep,
        n8n_workflow::FollowedRef,
    },
    error::{LogFailure, Result},
    ids::{EntityId, FollowedRunId, Nid},
    ops::{
        act::{Act, Refused, in_progress},
        again::Again,
    },
    queue::TaskKind,
    repo::due::UNANNOUNCED,
};

/// Remembers the trigger before it is sent. The run owes a poll from the start, so that it is followed even if this
/// process dies before it hears n8n's answer.
pub(super) async fn begin(act: &Act, trigger: &Trigger, target: &Target) -> Result<FollowedRun> {
    if let Some(id) = act.begun()
        && let Some(run) = act.repos().followed_runs().get(FollowedRunId::of(id)).await?
    {
        // An earlier request with this key died under way. The call is repeated under the same key, for n8n to see.
        return Ok(run);
    }
    let run = FollowedRun {
        id: act.app.id(),
        installation_id: target.installation.id,
        workflow_id: target.workflow_id.clone(),
        execution_id: None,
        endpoint: Some(format!(
            "{}{}",
            trigger.endpoint.origin().ascii_serialization(),
            trigger.endpoint.path()
        )),
        triggered_at: act.now,
        after: act.now,
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
    };
    let poll_at = target.workflow_id.is_some().then(|| act.now.plus(UNANNOUNCED));
    let insert = act.repos().followed_runs().insert(&run, poll_at)?;
    if act.begin(run.id.untyped(), vec![insert]).await? { Ok(run) } else { Err(in_progress()) }
}

pub(super) async fn finish(
    act: &Act,
    target: Target,
    mut run: FollowedRun,
    answer: Answer,
) -> Result<Triggered> {
    let (status, answer) = match answer {
        Answer::Whole(reply) => (Some(reply.status), Some(reply)),
        Answer::TooLong(status) => (Some(status), None),
        Answer::Later => (None, None),
    };
    let told = answer.as_ref().and_then(|reply| told_execution(&reply.body));
    run.execution_id = told.or(run.execution_id.take());
    run.trigger_status = status.or(run.trigger_status);
    run.v += 1;
    let following = is_followed(&run);
    // The run of a repeat may have been followed to its end meanwhile.
    let unfinished = following && !run.status.is_complete();
    let poll_at = unfinished.then(|| act.app.now().plus(poll_pause(0)));
    let runs = act.repos().followed_runs();
    let write = runs.replace(&run, poll_at)?;
    let triggered = Triggered { run, status, answer, nid: target.nid, following };
    match act.commit(vec![write], &triggered).await {
        Ok(()) | Err(Refused::Write(..) | Refused::Taken(_)) => {}
        Err(Refused::Overtaken) => return Err(Refused::Overtaken.into()),
        // n8n has it; that the answer could not be noted is no reason to have the caller trigger it again.
        Err(Refused::Error(error)) => {
            let run = triggered.run.id;
            tracing::warn!(%error, %run, "n8n's answer could not be noted; the poll will find the execution");
        }
    }
    let run = &triggered.run;
    if let Some(nid) = target.nid {
        point_to(act, nid, run).await.log_failure("the workflow does not know its newest run");
    }
    if let Some(at) = poll_at {
        act.app.hint(&act.task(TaskKind::PollExecution, &runs.key(run.id)), at).await;
    }
    Ok(triggered)
}

/// Makes the run the newest of its workflow.
pub(super) async fn point_to(act: &Act, nid: Nid, run: &FollowedRun) -> Result<()> {
    let workflows = act.repos().n8n_workflows();
    let mut again = Again::new(&act.app, "a workflow");
    loop {
        let Some(mut workflow) = workflows.get(nid).await? else { return Ok(()) };
        if workflow.run.as_ref().is_some_and(|known| known.triggered_at > run.triggered_at) {
            return Ok(());
        }
        workflow.run = Some(FollowedRef { id: run.id, triggered_at: run.triggered_at });
        workflow.v += 1;
        match act.app.store.write(workflows.replace(&workflow)?).await {
            Ok(_) => return Ok(()),
            Err(refused) => again.after(refused).await?,
        }
    }
}

/// The run never was: it is closed, and a repeat with the same key may try again.
pub(super) async fn abandon(act: &Act, mut run: FollowedRun, why: &str) {
    run.status = PollStatus::Error;
    run.error = Some(why.to_owned());
    run.v += 1;
    let closed = async {
        let mut writes = vec![act.repos().followed_runs().replace(&run, None)?];
        writes.extend(act.free_key());
        act.app.store.transact(writes).await
    };
    closed.await.log_failure("a refused trigger could not be closed");
}
