//! Learning an installation's workflows from n8n's API, when its key allows.

use std::time::Duration;

use super::{Ended, Message};
use crate::{
    app::App,
    clock::{Deadline, Millis},
    domain::installation::{Installation, KeyState},
    egress::OutError,
    error::{Error, OrNotFound, Result},
    ids::Id,
    installed::Installed,
    n8n::{
        client::{N8nError, Turn},
        pages::Walk,
    },
    queue::{Task, TaskKind},
    repo::{
        due::{self, UNANNOUNCED},
        installations::Installations,
        workflows::Workflows,
    },
    tenant::TenantId,
};

/// Pages of 250 workflows read of one n8n.
const MAX_PAGES: usize = 40;
/// A listing of its own has so much time. It may be made twice at once: what it writes is the same, and one of two stores how
/// it ended.
const TIME: Duration = Duration::from_secs(90);
/// Attempts before the listing waits for the next registration: about four days.
const MAX_ATTEMPTS: u32 = 100;

/// A message arrived: lists, and settles the debt.
pub async fn step(app: &App, task: &Task, message: &Message<'_>) -> Result<Ended> {
    let tenant = task.tenant()?;
    let id: Id = task
        .sk
        .parse()
        .map_err(|_| Error::internal(format!("no installation is stored under {}", task.key())))?;
    let key = Installations { store: &*app.store, tenant }.key(id);
    let owing = due::owing::<Installation>(&*app.store, &key).await?.or_not_found("installation")?;
    let now = app.now();
    if !owing.is_due(now) {
        return Ok(Ended::Done);
    }
    if owing.suspect && !message.alone {
        return Ok(Ended::Suspect);
    }
    let turn = Turn::owed(message.deadline.min(Deadline::at(now.plus(TIME))));
    run(app, tenant, owing.item, &task.request_id, turn).await.map(|()| Ended::Done)
}

/// Lists the workflows now and stores how it went.
pub async fn run(
    app: &App,
    tenant: TenantId,
    installation: Installation,
    request_id: &str,
    turn: Turn,
) -> Result<()> {
    let installations = Installations { store: &*app.store, tenant };
    let mut after = installation.clone();
    let mut next = None;
    match list(app, tenant, &installation, turn).await {
        Ok((count, cut)) => {
            tracing::info!(installation = %installation.id, count, cut, "listed n8n's workflows");
            after.listing_error =
                cut.map(|why| format!("n8n's list of workflows was not read to its end: {why}"));
            after.listing_attempts = 0;
            after.seen_at = Some(app.now());
            after.learn_key(KeyState::Ok, app.now());
        }
        Err(error) => {
            tracing::info!(installation = %installation.id, %error, "n8n's workflows could not be listed");
            after.listing_attempts += 1;
            let again = !error.is_closed_api() && after.listing_attempts < MAX_ATTEMPTS;
            next = again.then(|| app.now().plus(pause(after.listing_attempts)));
            after.listing_error = Some(error.to_string());
            if matches!(error, N8nError::KeyRefused(_)) {
                after.learn_key(KeyState::Refused, app.now());
            }
        }
    }
    after.v += 1;
    let writes = installations.replace(&installation, &after, next)?;
    app.store.transact(writes).await?;
    Installed { app, tenant }.forget(installation.id);
    if let Some(next) = next {
        app.hint(&Task::new(TaskKind::ListWorkflows, &installations.key(installation.id), request_id), next)
            .await;
    }
    Ok(())
}

/// Five seconds, doubling to an hour.
fn pause(attempts: u32) -> Duration {
    Duration::from_secs(5 << attempts.min(10)).min(Duration::from_secs(3600))
}

/// Lists what can be listed in time. Returns how many, and why not all.
async fn list(
    app: &App,
    tenant: TenantId,
    installation: &Installation,
    turn: Turn,
) -> Result<(usize, Option<&'static str>), N8nError> {
    let ours = |error: Error| N8nError::Status { status: 0, message: error.into_message() };
    let n8n = app.n8n(tenant, installation, turn).await.map_err(ours)?;
    let installed = Installed { app, tenant };
    let workflows = Workflows { store: &*app.store, tenant };
    let mut walk = Walk::of(MAX_PAGES);
    let mut count = 0;
    while walk.goes_on() {
        let page = n8n.workflows(&mut walk).await?;
        for row in &page {
            if turn.deadline.left(app.now()).is_zero() {
                return Err(OutError::NotTried("no time was left".into()).into());
            }
            let nid = installed.node(installation.id, &row.id, row.name.as_deref()).await.map_err(ours)?;
            for path in &row.webhook_paths {
                workflows
                    .put_webhook(installation.id, path, nid)
                    .await
                    .map_err(|error| ours(error.into()))?;
            }
        }
        count += page.len();
    }
    Ok((count, walk.cut()))
}

/// When a fresh registration's listing is due, should the request that registered die before it lists.
pub fn first_due(now: Millis) -> Millis {
    now.plus(UNANNOUNCED)
}
