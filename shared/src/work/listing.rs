//! The list of an installation's workflows, owed and brought by its message ([`crate::ops::listing`] reads it).

use std::time::Duration;

use super::{Ended, Message, Step};
use crate::{
    app::App,
    clock::Deadline,
    domain::installation::Installation,
    error::{Error, OrNotFound, Result},
    ids::InstallationId,
    n8n::client::Turn,
    ops::listing::run,
    queue::{Task, TaskKind},
    repo::due,
};

/// A listing of its own has so much time.
const TIME: Duration = Duration::from_secs(90);
/// A listing that was begun is nobody else's until its time is over, and what it writes at its end besides.
const TAKEN: Duration = Duration::from_secs(120);

/// Its row of a worker's steps.
pub const STEP: Step =
    Step::new(TaskKind::ListWorkflows, |app, task, message| Box::pin(step(app, task, message)));

/// A message arrived: lists, and settles the debt.
pub async fn step(app: &App, task: &Task, message: &Message<'_>) -> Result<Ended> {
    let tenant = task.tenant()?;
    let id: InstallationId = task
        .sk
        .parse()
        .map_err(|_| Error::internal(format!("no installation is stored under {}", task.key())))?;
    let key = app.repos(tenant).installations().key(id);
    let owing = due::owing::<Installation>(&*app.store, &key).await?.or_not_found("installation")?;
    let now = app.now();
    if !owing.is_due(now) {
        return Ok(Ended::Done);
    }
    if owing.suspect && !message.alone {
        return Ok(Ended::Suspect);
    }
    // The tick sends a message beside the one that announced it, and a listing of 200 pages takes longer than that.
    if !due::take(&*app.store, &key, now, now.plus(TAKEN)).await? {
        return Ok(Ended::Done);
    }
    let turn = Turn::owed(message.deadline.min(Deadline::at(now.plus(TIME))));
    run(app, tenant, owing.item, &task.request_id, turn).await.map(|()| Ended::Done)
}
