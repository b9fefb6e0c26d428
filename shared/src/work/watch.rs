//! Looking at a workflow of which nothing was heard for as long as a rule allows ([`crate::ops::watch`] tells of it).

use std::time::Duration;

use super::{Ended, Message, Step};
use crate::{
    app::App,
    clock::Deadline,
    domain::alert::{Asked, Vitals},
    error::{OrNotFound, Result},
    installed::Installed,
    n8n::client::Turn,
    ops::watch::{Heard, Watched},
    queue::{Task, TaskKind},
    repo::due::{self, Owing},
    store,
};

/// A look has so much time. It may be made twice at once: it sends nothing, and of two that saw something one stores it.
const TIME: Duration = Duration::from_secs(25);

/// Its row of a worker's steps.
pub const STEP: Step =
    Step::new(TaskKind::WatchWorkflow, |app, task, message| Box::pin(step(app, task, message)));

/// A message arrived: looks at a workflow of which nothing was heard for as long as a rule allows.
pub async fn step(app: &App, task: &Task, message: &Message<'_>) -> Result<Ended> {
    let tenant = task.tenant()?;
    let alerts = app.repos(tenant).alerts();
    let Owing { item: vitals, suspect, due_at } =
        due::owing::<Vitals>(&*app.store, &task.key()).await?.or_not_found("workflow")?;
    let now = app.now();
    if due_at.is_none_or(|at| at > now) {
        return Ok(Ended::Done);
    }
    if suspect && !message.alone {
        return Ok(Ended::Suspect);
    }
    let Some(installation) = Installed::new(app, tenant).find(vitals.installation_id).await? else {
        store::apply(&*app.store, alerts.forget(&vitals)).await?;
        return Ok(Ended::Done);
    };
    let watched = Watched {
        app,
        tenant,
        installation: &installation,
        nid: vitals.nid,
        workflow_id: &vitals.workflow_id,
    };
    // Not those of half a minute ago: what a person has changed since is not told of.
    let rules = alerts.rules().await?;
    let about = rules.about(installation.id, &vitals.workflow_id);
    let mut told = (Vec::new(), None);
    if vitals.is_in_question(&about, now) {
        told = watched.ask(&vitals, Turn::owed(message.deadline.min(Deadline::at(now.plus(TIME))))).await?;
    }
    let (heard, trouble) = told;
    let learn = |vitals: &mut Vitals| {
        for one in &heard {
            match one {
                Heard::Seen(snapshot) => vitals.see(snapshot),
                Heard::Lost(id) => vitals.lose(id),
            }
        }
    };
    watched.settle(&about, Asked::Yes, trouble.as_deref(), learn).await?;
    Ok(Ended::Done)
}
