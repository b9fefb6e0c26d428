//! Chores: a page at a time, for as long as a message may take, and then from there on with the next message.

mod budgets;
mod enrich;
mod files;
mod forget_field;
mod forget_installation;
mod list_by_group;
mod move_group;
mod move_leads;
mod purge;
mod reprice;
mod rewrite;
mod unfile;
mod watch;

use std::time::Duration;

use super::{Ended, Message};
use crate::{
    app::App,
    clock::{Deadline, Millis},
    domain::chore::{Chore, SETTLED, Step, What},
    error::Result,
    ops::usage,
    queue::{Task, TaskKind},
    repo::due,
    store::StoreError,
    tenant::TenantId,
};

/// A message works on its chore for about this long.
const STRETCH: Duration = Duration::from_secs(20);

/// Its row of a worker's steps.
pub const STEP: super::Step =
    super::Step::new(TaskKind::Chore, |app, task, message| Box::pin(step(app, task, message)));

/// A message arrived: goes on with the chore.
pub async fn step(app: &App, task: &Task, message: &Message<'_>) -> Result<Ended> {
    let tenant = task.tenant()?;
    let chores = app.repos(tenant).chores();
    let Some(owing) = due::owing::<Chore>(&*app.store, &task.key()).await? else { return Ok(Ended::Done) };
    let now = app.now();
    if !owing.is_due(now) {
        return Ok(Ended::Done);
    }
    if owing.suspect && !message.alone {
        return Ok(Ended::Suspect);
    }
    let mut chore = owing.item;
    let until = message.deadline.min(Deadline::at(now.plus(STRETCH)));
    let ended = stretch(app, tenant, &mut chore, until).await;
    let due = match &ended {
        Ok(Step::Done) => {
            app.store.write(chores.delete(chore.id)).await?;
            return Ok(Ended::Done);
        }
        Ok(going_on) => {
            chore.failures = 0;
            chore.last_error = None;
            match going_on {
                Step::Wait(until) => *until,
                _ => app.now(),
            }
        }
        Err(error) => {
            tracing::warn!(chore = %chore.id, %error, "a chore failed and is tried again");
            chore.failures += 1;
            chore.last_error = Some(error.to_string());
            app.now().plus(chore.pause())
        }
    };
    chore.v += 1;
    match app.store.write(chores.replace(&chore, due)?).await {
        Ok(_) => app.hint(&Task::new(TaskKind::Chore, &task.key(), &task.request_id), due).await,
        // Another message was at it too, and is further.
        Err(StoreError::ConditionFailed(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Ended::Done)
}

/// Steps until the end, an error, or the time is up. The cursor moves with every step that was done.
async fn stretch(app: &App, tenant: TenantId, chore: &mut Chore, until: Deadline) -> Result<Step> {
    loop {
        let step = match &chore.what {
            What::Purge { partition } => purge::step(app, tenant, partition).await?,
            What::UnfileMedia { collection_id } => unfile::step(app, tenant, *collection_id).await?,
            What::EnrichMedia { media_id } => enrich::step(app, tenant, *media_id, chore.failures).await?,
            What::MoveLeads { from } => move_leads::step(app, tenant, *from).await?,
            What::MoveGroup { group_id } => move_group::step(app, tenant, chore, *group_id).await?,
            What::ForgetField { field_id } => forget_field::step(app, tenant, chore, *field_id).await?,
            What::DropUpload { upload_id } => files::drop_upload(app, tenant, *upload_id).await?,
            What::DeleteFile { file_id, until } => files::delete_all(app, tenant, *file_id, *until).await?,
            What::WatchWorkflows => watch::step(app, tenant, chore.cursor.as_deref()).await?,
            What::ForgetInstallation { installation_id } => {
                forget_installation::step(app, tenant, chore, *installation_id).await?
            }
            What::Reprice { from, version } => reprice::step(app, tenant, chore, *from, version).await?,
            What::ListByGroup => list_by_group::step(app, tenant, chore).await?,
            What::CheckBudgets => budgets::step(app, tenant, chore.created_at).await?,
            What::SettleUsage { workflow_id, execution_id } => {
                settle_usage(app, tenant, chore.created_at, workflow_id, execution_id).await?
            }
        };
        if let Step::More(cursor) = &step {
            chore.cursor.clone_from(cursor);
            if !until.left(app.now()).is_zero() {
                continue;
            }
        }
        return Ok(step);
    }
}

/// Once no post is under way any more that saw the execution before it was pushed.
async fn settle_usage(
    app: &App,
    tenant: TenantId,
    pushed: Millis,
    workflow: &str,
    execution: &str,
) -> Result<Step> {
    let settled = pushed.plus(SETTLED);
    if app.now() < settled {
        return Ok(Step::Wait(settled));
    }
    usage::settle(app, tenant, workflow, execution).await?;
    Ok(Step::Done)
}
