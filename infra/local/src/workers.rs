//! The queues drained and the clock run, as SQS and EventBridge do in AWS.

use std::{future::Future, pin::pin, time::Duration};

use futures::future::{Either, join_all, select};
use shared::{
    app::App,
    error::LogFailure,
    queue::{Delivery, QueueName, limits},
    store::embedded::Sqlite,
    work::{self, Outcome, due},
};

/// A message is worked on for at most this long before it is delivered again.
const VISIBILITY: Duration = Duration::from_secs(120);
/// Batches of one queue that are worked on at the same time: an n8n that is slow to answer keeps its own batch waiting and not
/// everybody's.
const SIDE_BY_SIDE: usize = 4;
/// Between two looks into an empty queue.
const IDLE: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_secs(1);
const SWEEP: Duration = Duration::from_secs(60);
/// A tick or sweep stops here, and the next one goes on.
const LONGEST_TICK: Duration = Duration::from_secs(20);
/// Expired items deleted in one go.
const PURGE: usize = 10_000;
/// A message that cannot be done comes back after this, until the queue sets it aside.
const HOPELESS: Duration = Duration::from_secs(1);

/// Drains one queue until `stop`; what was received is finished first.
pub async fn drain<S: Future<Output = ()>>(app: &App, queue: QueueName, stop: impl Fn() -> S) {
    join_all((0..SIDE_BY_SIDE).map(|_| drain_alone(app, queue, stop()))).await;
}

async fn drain_alone(app: &App, queue: QueueName, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    loop {
        let received = app
            .queue
            .receive(queue, limits::BATCH, VISIBILITY)
            .await
            .log_failure("a queue could not be read");
        let received = received.unwrap_or_default();
        if received.is_empty() {
            if let Either::Left(_) = select(stop.as_mut(), pin!(app.clock.sleep(IDLE))).await {
                return;
            }
            continue;
        }
        join_all(received.iter().map(|delivery| work_on(app, queue, delivery))).await;
    }
}

async fn work_on(app: &App, queue: QueueName, delivery: &Delivery) {
    let outcome = match queue {
        QueueName::PollExecutions => poll_executions::handle(app, &delivery.body).await,
        QueueName::ResumeN8n => resume_n8n::handle(app, &delivery.body).await,
        QueueName::Background => background::handle(app, &delivery.body).await,
    };
    let answered = match outcome {
        Outcome::Done => app.queue.delete(queue, &delivery.receipt).await,
        Outcome::Retry(after) => app.queue.release(queue, &delivery.receipt, after).await,
        Outcome::Fail(why) => {
            tracing::error!(
                queue = queue.as_str(),
                why,
                receives = delivery.receives,
                "a message cannot be done"
            );
            if delivery.receives >= limits::MAX_RECEIVES {
                work::give_up(app, &delivery.body, &why).await;
            }
            app.queue.release(queue, &delivery.receipt, HOPELESS).await
        }
    };
    answered.log_failure("a message could not be answered");
}

/// Ticks every second and sweeps every minute until `stop`.
pub async fn keep_time(app: &App, file: &Sqlite, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut swept = None;
    loop {
        let (now, passed) = (app.now(), app.clock.monotonic());
        let deadline = now.plus(LONGEST_TICK);
        due::tick(app, TICK, deadline).await.log_failure("a tick failed");
        if swept.is_none_or(|at| passed.saturating_sub(at) >= SWEEP) {
            swept = Some(passed);
            due::sweep(app, deadline).await.log_failure("a sweep failed");
            file.purge_expired(now.seconds(), PURGE).await.log_failure("expired items could not be deleted");
        }
        if let Either::Left(_) = select(stop.as_mut(), pin!(app.clock.sleep(TICK))).await {
            return;
        }
    }
}
