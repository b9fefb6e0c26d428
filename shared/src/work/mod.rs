//! Work that is owed: finding it, doing it, and answering the queue for it.
//!
//! Its one rule: the item that owes is read first and written last, under a condition. A message that comes twice finds
//! nothing owed the second time.

mod alone;
pub mod chore;
pub mod due;
pub mod listing;
pub mod poll;
pub mod resume;
pub mod watch;
mod worker;

use std::time::Duration;

use crate::{
    app::App,
    clock::{self, Deadline, Millis},
    error::{Error, ErrorKind, LogFailure},
    json,
    queue::{Queue, QueueName, Task},
    repo::due as debts,
};

pub use worker::{Step, Worker};

/// A message as its host hands it over.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    pub body: &'a str,
    /// When the host stops waiting for it.
    pub deadline: Deadline,
    /// Nothing else that is suspected is under way.
    pub alone: bool,
}

impl<'a> Message<'a> {
    /// A message among others, to be done by then.
    pub fn new(body: &'a str, end: Millis) -> Self {
        Self { body, deadline: Deadline::at(end), alone: false }
    }
}

/// How the work on a debt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Done,
    /// The process may have died of it before, so that nothing was begun.
    Suspect,
}

/// Whether a message may have ended the process that it was delivered to before. One that was released for another reason
/// looks the same.
pub fn is_suspect(receives: u32) -> bool {
    receives > 1
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Handled {
    /// Done, or no longer owed. Also when the effect failed in a way that the item itself remembers.
    Done,
    /// Our own fault (store, queue, key service): the message must come again ([`again`]).
    Retry(Duration),
    /// It must be worked on alone ([`Worker::handle_alone`]): the process may have died of it before.
    Alone,
    /// It can never be done: the message goes to the dead-letter queue by coming back until the queue gives up.
    Fail(String),
}

fn read(body: &str) -> Result<Task, String> {
    json::from_str(body).map_err(|error| format!("not a task: {error}"))
}

/// Lets a message come again whose work our own house could not do. It comes as a new one, because that is not held against it: an
/// outage leaves no dead letters. True when the message that came is dealt with; false where that, too, fails, and it must be released.
pub async fn again(queue: &dyn Queue, name: QueueName, body: &str, after: Duration) -> bool {
    let Ok(task) = json::from_str::<Task>(body) else { return false };
    let next = match task.again(after) {
        Ok(Some(next)) => next,
        Ok(None) => {
            tracing::warn!(id = %task.request_id, key = %task.key(), "left to the sweep");
            return true;
        }
        Err(error) => {
            tracing::error!(%error, "a message cannot be sent again");
            return false;
        }
    };
    let sent = queue.send(name, vec![next]).await;
    sent.log_failure("a message could not be sent again").is_some()
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

fn failed(error: &Error) -> Handled {
    match error.kind {
        // Somebody else was quicker: their commit stands, and what is still owed is found again.
        ErrorKind::Conflict => {
            tracing::debug!(%error, "overtaken");
            Handled::Done
        }
        ErrorKind::Unavailable => {
            tracing::warn!(%error, "to be repeated");
            Handled::Retry(error.retry_after.unwrap_or(Duration::from_secs(1)))
        }
        ErrorKind::NotFound => {
            tracing::debug!(%error, "what owed it is gone");
            Handled::Done
        }
        _ => {
            tracing::error!(%error, "a task failed");
            Handled::Fail(error.to_string())
        }
    }
}
