//! A worker: a queue, and the steps that its function links.
//!
//! Its one rule: a worker does what it was given steps for and nothing else, so that no function carries the work of another.

use futures::future::BoxFuture;

use super::{Ended, Handled, Message, alone, failed, read};
use crate::{
    app::App,
    error::Result,
    metrics,
    queue::{QueueName, Task, TaskKind},
    store::meter::measured,
};

type Run = for<'a> fn(&'a App, &'a Task, &'a Message<'a>) -> BoxFuture<'a, Result<Ended>>;

/// How work of one kind is done.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub kind: TaskKind,
    run: Run,
    remembered: bool,
}

impl Step {
    pub const fn new(kind: TaskKind, run: Run) -> Self {
        Self { kind, run, remembered: false }
    }

    /// A step whose debt itself says that it was begun, so that a death over it is known without more.
    pub const fn remembered(kind: TaskKind, run: Run) -> Self {
        Self { kind, run, remembered: true }
    }
}

/// What a worker function is made of.
#[derive(Debug, Clone, Copy)]
pub struct Worker {
    pub queue: QueueName,
    pub steps: &'static [Step],
}

impl Worker {
    /// Does what a message asks for.
    pub async fn handle(&self, app: &App, message: &Message<'_>) -> Handled {
        match self.task(message.body) {
            Ok((task, step)) => run(app, &task, step, message).await,
            Err(why) => Handled::Fail(why),
        }
    }

    /// Does what a suspected message asks for. Its host sees to it that one such message is under way at a time.
    pub async fn handle_alone(&self, app: &App, message: &Message<'_>) -> Handled {
        let message = Message { alone: true, ..*message };
        match self.task(message.body) {
            Ok((task, step)) if step.remembered => run(app, &task, step, &message).await,
            Ok((task, step)) => alone::remembering(app, &task, run(app, &task, step, &message)).await,
            Err(why) => Handled::Fail(why),
        }
    }

    /// The task of a message, and the step that does it.
    fn task(&self, body: &str) -> std::result::Result<(Task, &'static Step), String> {
        let task = read(body)?;
        let step = self.steps.iter().find(|step| step.kind == task.task);
        // Whoever sent it, of this release or another, has taken this queue for that of another worker.
        step.map(|step| (task, step)).ok_or_else(|| format!("no work of {}: {body}", self.queue.as_str()))
    }
}

async fn run(app: &App, task: &Task, step: &Step, message: &Message<'_>) -> Handled {
    let started = app.now();
    let span = tracing::info_span!("task", id = %task.request_id, kind = task.task.as_str());
    let work = async {
        match (step.run)(app, task, message).await {
            Ok(Ended::Done) => Handled::Done,
            Ok(Ended::Suspect) => Handled::Alone,
            Err(error) => failed(&error),
        }
    };
    let (handled, spent) = measured(tracing::Instrument::instrument(work, span)).await;
    let took = app.now().since(started);
    metrics::Worked {
        id: &task.request_id,
        kind: task.task.as_str(),
        tenant: task.tenant().ok(),
        took,
        spent: &spent,
        retried: matches!(handled, Handled::Retry(_)),
        hopeless: matches!(handled, Handled::Fail(_)),
    }
    .log();
    handled
}
