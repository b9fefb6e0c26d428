//! Executions that n8n pushes, instead of being polled for them.
//!
//! Its one rule: the usage in an execution is metered once, however often it is pushed; where its workflow posts its usage itself,
//! the more complete of the two counts.

use bytes::Bytes;
use futures::future::join4;

use super::{
    act::Act,
    again::Again,
    executions,
    watch::{self, Watched},
};
use crate::{
    blobs::BlobKey,
    clock::Millis,
    domain::{
        chore::What,
        execution::{PushedExecution, file_name},
        followed_run::{BlobRef, PollStatus, Snapshot},
        installation::Installation,
        keep,
        pushed_runs::same_start,
        usage::Usage,
    },
    error::Result,
    ids::{InstallationId, Nid},
    metering,
    n8n::{
        answer::{Row, judge, map_status},
        execution::Summary,
    },
    store::Write,
};

/// A pushed execution.
#[derive(Debug, Clone)]
pub struct NewPush {
    pub installation_id: InstallationId,
    /// n8n's id of the workflow.
    pub workflow_id: String,
    /// The execution, a JSON object.
    pub data: Bytes,
    /// What stands in it.
    pub summary: Summary,
}

/// A stored execution.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// Name under which the data is kept.
    pub file: String,
    pub execution_id: String,
    /// Id of the workflow node.
    pub nid: Nid,
    /// Whether it is the newest execution of the workflow.
    pub newest: bool,
    /// Model calls that were metered now.
    pub metered: usize,
}

/// Stores an execution, meters its usage, and takes up what it tells of its workflow and of what waits for it.
pub async fn push(act: &Act, new: NewPush) -> Result<Pushed> {
    let (app, tenant, installed) = (&act.app, act.tenant, act.installed());
    let installation = installed.get(new.installation_id).await?;
    let nid = installed.node(installation.id, &new.workflow_id, new.summary.workflow_name.as_deref()).await?;
    let file = file_name(installation.id, &new.workflow_id);
    let bytes = u64::try_from(new.data.len()).unwrap_or(u64::MAX);
    let version = app.blobs.put(&BlobKey::of(tenant, &file), "application/json", new.data.clone()).await?;
    let snapshot = snapshot(act, &new.summary, BlobRef { file: file.clone(), version });
    let metered = meter(act, &installation, &new, nid, &snapshot).await?;
    let marked = async {
        if new.summary.execution_id.is_some() {
            executions::seen(app, tenant, installation.id, &snapshot).await;
        }
    };
    let watched = Watched { app, tenant, installation: &installation, nid, workflow_id: &new.workflow_id };
    let latest = executions::latest(app, tenant, nid, &snapshot);
    // The rules are known by the time they are asked for.
    let (newest, (), (), rules) =
        join4(latest, marked, installed.heard_of(installation.id), watch::rules(app, tenant)).await;
    let newest = newest.and_then(|newest| rules.map(|_| newest))?;
    watched.saw(&snapshot).await?;
    let execution_id = snapshot.execution_id.clone();
    let kept = PushedExecution {
        installation_id: installation.id,
        workflow_id: new.workflow_id,
        bytes,
        snapshot,
        metered: metered.is_some(),
        ttl: keep::until(act.now, app.settings.keep.pushes),
    };
    let pushed = Pushed { file, execution_id, nid, newest, metered: metered.unwrap_or(0) };
    act.commit(vec![act.repos().pushes().put(nid, &kept)?], &pushed).await?;
    Ok(pushed)
}

fn snapshot(act: &Act, summary: &Summary, blob: BlobRef) -> Snapshot {
    let n8n_status = match (&summary.status, &summary.error) {
        (None, Some(_)) => "error",
        (status, _) => judge(Row {
            status: status.as_deref(),
            finished: summary.finished,
            stopped: summary.stopped_at.is_some(),
            waits: summary.wait_till.is_some(),
        }),
    };
    let status: PollStatus = map_status(n8n_status).into();
    Snapshot {
        // Data without an id is told apart by the moment it came.
        execution_id: summary
            .execution_id
            .clone()
            .unwrap_or_else(|| format!("pushed-{}", act.now.0))
            .chars()
            .take(200)
            .collect(),
        status,
        n8n_status: n8n_status.chars().take(50).collect(),
        started_at: summary.started_at.map(Millis),
        stopped_at: summary.stopped_at.map(Millis).filter(|_| status.is_complete()),
        error: summary.error.clone(),
        run_id: None,
        seen_at: act.now,
        blob: Some(blob),
    }
}

/// Meters an ended execution, once. Returns how many calls were metered now; none when there was nothing to deal with.
async fn meter(
    act: &Act,
    installation: &Installation,
    new: &NewPush,
    nid: Nid,
    snapshot: &Snapshot,
) -> Result<Option<usize>> {
    let found = &new.summary.usage;
    let known = new.summary.execution_id.is_some();
    if found.is_empty() || !known || !snapshot.status.is_complete() {
        return Ok(None);
    }
    // What stands would say so as well, at the price of three reads: pushes are repeated often.
    let before = act.repos().pushes().get(nid, &snapshot.execution_id).await?;
    let same = |push: &PushedExecution| same_start(push.snapshot.started_at, snapshot.started_at);
    if before.is_some_and(|push| push.metered && same(&push)) {
        return Ok(Some(0));
    }
    let metering = act.metering();
    let money = metering.settled().await?;
    let workflow = &new.workflow_id;
    let mut records =
        metering::records(found, snapshot, workflow, installation, &money, &*act.app.ids, act.now)?;
    records.iter_mut().for_each(|usage| usage.ttl = keep::until(act.now, act.app.settings.keep.usage));
    let Some(first) = records.first() else { return Ok(Some(0)) };
    metering.meet(&money, records.iter().any(|usage| !usage.model_found)).await;
    let beside = metering.beside(&money, first)?;
    let counted = record(act, &snapshot.execution_id, &records, &beside.writes).await?;
    metering.remember(beside);
    Ok(Some(if counted == records.len() { found.len() } else { counted }))
}

/// Stores the records, in as many transactions as they need; returns how many of them count. Whoever repeats a push that
/// died in between goes on where it ended.
async fn record(act: &Act, execution: &str, records: &[Usage], beside: &[Write]) -> Result<usize> {
    let Some(first) = records.first() else { return Ok(0) };
    let (log, store) = (act.repos().usage(&first.workflow_id), &act.app.store);
    let with = |writes: Vec<Write>| writes.into_iter().chain(beside.iter().cloned()).collect::<Vec<_>>();
    let (mut again, mut counted) = (Again::new(&act.app, "the usage of an execution"), 0);
    loop {
        let Some(step) = log.meter(execution, records).await? else { return Ok(counted) };
        let mut writes = with(step.writes);
        if step.closes {
            let (workflow_id, execution_id) = (first.workflow_id.clone(), execution.to_owned());
            let (chore, due) = act.metering().chore(What::SettleUsage { workflow_id, execution_id });
            writes.push(act.repos().chores().insert(&chore, due)?);
        }
        match store.transact(writes).await {
            Ok(()) => counted = step.counted,
            Err(refused) => {
                again.after(refused).await?;
                continue;
            }
        }
        if !step.more {
            return Ok(counted);
        }
    }
}
