//! Work that is owed: finding it, doing it, and answering the queue for it.
//!
//! Its one rule: the item that owes is read first and written last, under a condition. A message that comes twice finds
//! nothing owed the second time.

pub mod chore;
pub mod due;
pub mod listing;
pub mod poll;
pub mod resume;

use std::time::Duration;

use crate::{
    app::App,
    clock,
    error::{Error, ErrorKind},
    json, metrics,
    queue::{Task, TaskKind},
    repo::due as debts,
    store::meter::measured,
};

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or no longer owed. Also when the effect failed in a way that the item itself remembers.
    Done,
    /// Our own fault (store, queue, key service): the message must come again.
    Retry(Duration),
    /// It can never be done: the message goes to the dead-letter queue by coming back until the queue gives up.
    Fail(String),
}

/// Does what a message asks for.
pub async fn handle(app: &App, body: &str) -> Outcome {
    let task: Task = match json::from_str(body) {
        Ok(task) => task,
        Err(error) => return Outcome::Fail(format!("not a task: {error}")),
    };
    let started = app.now();
    let span = tracing::info_span!("task", id = %task.request_id, kind = task.task.as_str());
    let work = async {
        let done = match task.task {
            TaskKind::ResumeN8n => resume::step(app, &task).await,
            TaskKind::PollExecution => poll::step(app, &task).await,
            TaskKind::ListWorkflows => listing::step(app, &task).await,
            TaskKind::Chore => chore::step(app, &task).await,
        };
        match done {
            Ok(()) => Outcome::Done,
            Err(error) => failed(&error),
        }
    };
    let (outcome, spent) = measured(tracing::Instrument::instrument(work, span)).await;
    metrics::worked(&task, &outcome, app.now().since(started), &spent);
    outcome
}

/// The last delivery of a message failed for good, and it becomes a dead letter. What it is about stays owed and is left
/// alone for a while: the sweep would make another dead letter of it, and another.
pub async fn give_up(app: &App, body: &str, why: &str) {
    let Ok(task) = json::from_str::<Task>(body) else { return };
    match debts::put_off(&*app.store, &task.key(), app.now(), why).await {
        Ok(Some(until)) => {
            let until = clock::iso(until);
            tracing::error!(id = %task.request_id, kind = task.task.as_str(), key = %task.key(), why, until, "a debt is put off");
        }
        Ok(None) => {}
        // The sweep makes another dead letter, and another attempt at this.
        Err(error) => tracing::warn!(%error, "a debt that cannot be paid could not be put off"),
    }
}

fn failed(error: &Error) -> Outcome {
    match error.kind {
        // Somebody else was quicker: their commit stands, and what is still owed is found again.
        ErrorKind::Conflict => {
            tracing::debug!(%error, "overtaken");
            Outcome::Done
        }
        ErrorKind::Unavailable => {
            tracing::warn!(%error, "to be repeated");
            Outcome::Retry(error.retry_after.unwrap_or(Duration::from_secs(1)))
        }
        ErrorKind::NotFound => {
            tracing::debug!(%error, "what owed it is gone");
            Outcome::Done
        }
        _ => {
            tracing::error!(%error, "a task failed");
            Outcome::Fail(error.to_string())
        }
    }
}
