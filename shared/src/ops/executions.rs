//! What is learned of an execution, told to the entities that it handed in.
//!
//! Its one rule: an item that nobody waits for any more says so. Whoever learns that an execution is over (a push, a poll, a
//! decision) marks what nobody has decided; nothing is asked of n8n for it.

use super::again::Again;
use crate::{
    app::App,
    clock::Millis,
    domain::{
        followed_run::{PollStatus, Snapshot},
        invoice::Invoice,
        lead::Lead,
        media::MediaItem,
        n8n_workflow::Latest,
        payload::Payload,
        review::EntityType,
        subject::ExecutionState,
    },
    error::{LogFailure, Result},
    ids::{EntityId, Id, InstallationId, Nid},
    n8n::{answer, client::ExecutionRow},
    repo::{asks::Ask, subjects::Stored},
    store,
    tenant::TenantId,
};

/// Entities of one execution that are marked at one time.
const MOST: usize = 100;

/// What a push or a poll saw.
pub async fn seen(app: &App, tenant: TenantId, installation: InstallationId, snapshot: &Snapshot) {
    let state = match snapshot.status {
        PollStatus::Success => ExecutionState::Ended,
        PollStatus::Error => ExecutionState::Failed,
        _ => return,
    };
    over(app, tenant, installation, &snapshot.execution_id, state).await;
}

/// The execution is over. What cannot be stored now is learned again, or not; nothing hangs on it.
pub async fn over(
    app: &App,
    tenant: TenantId,
    installation: InstallationId,
    execution: &str,
    state: ExecutionState,
) {
    let marked = mark_all(app, tenant, installation, execution, state).await;
    marked.log_failure("the items of an execution that is over could not be marked");
}

async fn mark_all(
    app: &App,
    tenant: TenantId,
    installation: InstallationId,
    execution: &str,
    state: ExecutionState,
) -> Result<()> {
    let asks = app.repos(tenant).asks().of(installation, execution).await?;
    for Ask { kind, id, .. } in asks.into_iter().take(MOST) {
        match kind {
            EntityType::CustomPayload => mark::<Payload>(app, tenant, id, state).await?,
            EntityType::Invoice => mark::<Invoice>(app, tenant, id, state).await?,
            EntityType::Lead => mark::<Lead>(app, tenant, id, state).await?,
            EntityType::MediaItem => mark::<MediaItem>(app, tenant, id, state).await?,
        }
    }
    Ok(())
}

/// Marks an entity that nobody has decided. One that somebody changes at this moment is left to them.
async fn mark<E: Stored>(app: &App, tenant: TenantId, id: Id, state: ExecutionState) -> Result<()> {
    let entities = app.repos(tenant).subjects::<E>();
    let Some(before) = entities.head(E::Id::of(id)).await? else { return Ok(()) };
    let mut entity = before.clone();
    let subject = entity.subject_mut();
    if subject.review.decision.is_some() || subject.execution_state == Some(state) {
        return Ok(());
    }
    subject.execution_state = Some(state);
    subject.v += 1;
    match store::apply(&*app.store, entities.replace(&before, &entity)?).await {
        Err(refused) if refused.refused_by(E::KIND).is_some() => Ok(()),
        stored => Ok(stored?),
    }
}

/// What an answer of n8n says of an execution that is nobody's run.
pub(crate) fn snapshot_of(row: &ExecutionRow, now: Millis) -> Snapshot {
    let status: PollStatus = answer::map_status(&row.status).into();
    Snapshot {
        execution_id: row.id.clone(),
        status,
        n8n_status: row.status.clone(),
        started_at: row.started_at,
        stopped_at: row.stopped_at.filter(|_| status.is_complete()),
        error: None,
        run_id: None,
        seen_at: now,
        blob: None,
    }
}

/// Makes a snapshot the newest of its workflow, unless a newer one stands there. Returns whether it is the newest now.
pub async fn latest(app: &App, tenant: TenantId, nid: Nid, snapshot: &Snapshot) -> Result<bool> {
    let workflows = app.repos(tenant).n8n_workflows();
    let mut again = Again::new(app, "the newest execution of a workflow");
    loop {
        let known = workflows.latest(nid).await?;
        let v = known.as_ref().map_or(1, |known| known.v + 1);
        let mut newest = snapshot.clone();
        if let Some(Latest { snapshot: known, .. }) = known {
            if !snapshot.supersedes(&known) {
                return Ok(false);
            }
            if known.is_same_execution(&newest) {
                // What the other source knew of the same execution stays known.
                newest.run_id = newest.run_id.or(known.run_id);
                newest.blob = newest.blob.or_else(|| known.blob.clone());
                newest.error = newest.error.or_else(|| known.error.clone());
                // A look that saw the same again is worth no write.
                if (Snapshot { seen_at: known.seen_at, ..newest.clone() }) == known {
                    return Ok(true);
                }
            }
        }
        let write = workflows.put_latest(nid, &Latest { snapshot: newest, v })?;
        match app.store.write(write).await {
            Ok(_) => return Ok(true),
            Err(error) => again.after(error).await?,
        }
    }
}
