//! What is learned of an execution, told to the entities that it handed in.
//!
//! Its one rule: an item that nobody waits for any more says so. Whoever learns that an execution is over (a push, a poll, a
//! decision) marks what nobody has decided; nothing is asked of n8n for it.

use crate::{
    app::App,
    domain::{
        followed_run::{PollStatus, Snapshot},
        invoice::Invoice,
        lead::Lead,
        media::MediaItem,
        payload::Payload,
        review::EntityType,
        subject::ExecutionState,
    },
    error::{LogFailure, Result},
    ids::Id,
    repo::{asks::Ask, subjects::Stored},
    store,
    tenant::TenantId,
};

/// Entities of one execution that are marked at one time.
const MOST: usize = 100;

/// What a push or a poll saw.
pub async fn seen(app: &App, tenant: TenantId, installation: Id, snapshot: &Snapshot) {
    let state = match snapshot.status {
        PollStatus::Success => ExecutionState::Ended,
        PollStatus::Error => ExecutionState::Failed,
        _ => return,
    };
    over(app, tenant, installation, &snapshot.execution_id, state).await;
}

/// The execution is over. What cannot be stored now is learned again, or not; nothing hangs on it.
pub async fn over(app: &App, tenant: TenantId, installation: Id, execution: &str, state: ExecutionState) {
    let marked = mark_all(app, tenant, installation, execution, state).await;
    marked.log_failure("the items of an execution that is over could not be marked");
}

async fn mark_all(
    app: &App,
    tenant: TenantId,
    installation: Id,
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
    let Some(before) = entities.get(id).await? else { return Ok(()) };
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
