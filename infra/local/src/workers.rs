//! The queues drained and the clock run, as SQS and EventBridge do in AWS.
//!
//! Its one rule: a queue is nobody's hostage. A tenant has a share of what is under way, and who has it under way is passed by;
//! what the last process may have died of is worked on one at a time.

use std::{
    collections::HashMap,
    future::Future,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use futures::{
    FutureExt, StreamExt,
    future::{Either, join_all, select},
    stream::FuturesUnordered,
};
use shared::{
    app::App,
    error::LogFailure,
    queue::{Delivery, QueueName, Task, embedded::SqliteQueue, limits},
    store::embedded::Sqlite,
    tenant::TenantId,
    work::{self, Handled, Message, Worker, due},
};
use tokio::sync::Semaphore;

/// Messages of one queue under way at once, and of one tenant among them. A tenant whose n8n hangs has its share waiting and
/// not everybody's.
const AT_ONCE: usize = 160;
const SHARE: usize = 40;
/// A suspect has the process to itself, among suspects, for so long. The next one is then let in beside it.
const TURN: Duration = Duration::from_secs(2);
/// With less time left than this, a message is not begun: it is delivered again.
const LONGEST: Duration = Duration::from_secs(35);
/// Between two looks into a queue in which nothing was found.
const IDLE: Duration = Duration::from_millis(200);
/// When the process is to stop, so much longer is waited for what is under way.
const STOPPING: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_secs(1);
/// Between two notes of how often keys were used.
const NOTE: Duration = Duration::from_secs(60);
const SWEEP: Duration = Duration::from_secs(60);
/// The first sweep waits for the suspects that the last process left: until they can be known, and at most.
const SUSPECTS: (Duration, Duration) = (Duration::from_millis(400), Duration::from_secs(30));
/// A tick or sweep stops here, and the next one goes on.
const LONGEST_TICK: Duration = Duration::from_secs(20);
/// Expired items deleted in one go.
const PURGE: usize = 10_000;
/// A message that cannot be done comes back after this, until the queue sets it aside.
const HOPELESS: Duration = Duration::from_secs(1);

/// The worker of a queue.
pub fn worker_of(queue: QueueName) -> Worker {
    match queue {
        QueueName::PollExecutions => poll_executions::WORKER,
        QueueName::ResumeN8n => resume_n8n::WORKER,
        QueueName::Background => background::WORKER,
    }
}

/// Takes over what the last process left, then drains all queues and keeps time until `stop`.
pub async fn run<S: Future<Output = ()>>(app: &App, file: &Sqlite, stop: impl Fn() -> S) {
    let queue = SqliteQueue::new(file, app.clock.clone());
    let left = queue.take_over().await.log_failure("what the last process left is delivered again later");
    let left = left.unwrap_or_default();
    if left > 0 {
        tracing::info!(left, "the last process did not end its work");
    }
    let lane = Lane::default();
    let workers = QueueName::ALL.map(worker_of);
    // As a new message, the debt of a suspect would be worked on beside others.
    let suspects = async {
        if left > 0 {
            let known = async {
                app.clock.sleep(SUSPECTS.0).await;
                while !lane.is_empty() {
                    app.clock.sleep(IDLE).await;
                }
            };
            select(pin!(known), pin!(app.clock.sleep(SUSPECTS.1))).await;
        }
    };
    tokio::join!(
        join_all(workers.iter().map(|worker| drain(app, worker, &lane, stop()))),
        tick(app, stop()),
        note(app, stop()),
        sweep(app, file, suspects, stop()),
    );
}

/// Where suspects go, one after the other.
pub struct Lane {
    turn: Semaphore,
    /// Suspects that wait or are under way.
    inside: AtomicUsize,
}

impl Default for Lane {
    fn default() -> Self {
        Self { turn: Semaphore::new(1), inside: AtomicUsize::new(0) }
    }
}

impl Lane {
    async fn alone(&self, app: &App, worker: &Worker, message: &Message<'_>) -> Handled {
        self.inside.fetch_add(1, Relaxed);
        let turn = self.turn.acquire().await;
        let mut work = pin!(async {
            // Not begun so late that it would be delivered again meanwhile.
            if message.deadline.left(app.now()) < LONGEST {
                return Handled::Alone;
            }
            worker.handle_alone(app, message).await
        });
        let outcome = match select(work.as_mut(), pin!(app.clock.sleep(TURN))).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => {
                drop(turn);
                work.await
            }
        };
        self.inside.fetch_sub(1, Relaxed);
        outcome
    }

    fn is_empty(&self) -> bool {
        self.inside.load(Relaxed) == 0
    }
}

/// One queue's messages under way.
struct UnderWay<'a, W> {
    app: &'a App,
    queue: QueueName,
    messages: FuturesUnordered<W>,
    of_tenant: HashMap<Option<TenantId>, usize>,
    /// Who had his share when nothing was found.
    searched: Option<Vec<TenantId>>,
}

impl<'a, W: Future<Output = Option<TenantId>>> UnderWay<'a, W> {
    /// Receives while there are places, and begins what came.
    async fn fill(&mut self, begin: impl Fn(Delivery) -> W) {
        while AT_ONCE - self.messages.len() >= limits::BATCH {
            let full = self.full();
            if self.searched.as_ref() == Some(&full) {
                return;
            }
            let hidden = self.queue.spec().visibility();
            let received = self.app.queue.receive_beside(self.queue, limits::BATCH, hidden, &full).await;
            let received = received.log_failure("a queue could not be read").unwrap_or_default();
            if received.is_empty() {
                self.searched = Some(full);
                return;
            }
            for delivery in received {
                *self.of_tenant.entry(tenant_of(&delivery)).or_default() += 1;
                self.messages.push(begin(delivery));
            }
        }
    }

    /// The tenants that have no room for as much as may come at once.
    fn full(&self) -> Vec<TenantId> {
        let full = self.of_tenant.iter().filter(|(_, count)| **count + limits::BATCH > SHARE);
        let mut full: Vec<_> = full.filter_map(|(tenant, _)| *tenant).collect();
        full.sort_unstable();
        full
    }

    /// Waits for the end of one. None when nothing is under way.
    async fn end(&mut self) -> Option<()> {
        let tenant = self.messages.next().await?;
        if let Some(count) = self.of_tenant.get_mut(&tenant) {
            *count -= 1;
            if *count == 0 {
                self.of_tenant.remove(&tenant);
            }
        }
        Some(())
    }
}

fn nothing<W>(app: &App, queue: QueueName) -> UnderWay<'_, W> {
    UnderWay { app, queue, messages: FuturesUnordered::new(), of_tenant: HashMap::new(), searched: None }
}

fn tenant_of(delivery: &Delivery) -> Option<TenantId> {
    shared::json::from_str::<Task>(&delivery.body).ok()?.tenant().ok()
}

/// Drains one queue until `stop`; what is under way then has a few seconds more.
async fn drain(app: &App, worker: &Worker, lane: &Lane, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut under_way = nothing(app, worker.queue);
    let mut idle = Box::pin(app.clock.sleep(IDLE));
    loop {
        under_way.fill(|delivery| work_on(app, worker, lane, delivery)).await;
        tokio::select! {
            () = &mut stop => break,
            () = &mut idle => {
                under_way.searched = None;
                idle = Box::pin(app.clock.sleep(IDLE));
            }
            Some(()) = under_way.end() => {}
        }
    }
    let rest = async { while under_way.end().await.is_some() {} };
    // What does not end is delivered again, to the next process.
    select(pin!(rest), pin!(app.clock.sleep(STOPPING))).await;
}

/// Works on one queue's messages until none is left.
pub async fn work_off(app: &App, queue: QueueName) {
    let lane = Lane::default();
    let worker = worker_of(queue);
    let mut under_way = nothing(app, queue);
    loop {
        under_way.searched = None;
        under_way.fill(|delivery| work_on(app, &worker, &lane, delivery)).await;
        if under_way.end().await.is_none() {
            return;
        }
    }
}

async fn work_on(app: &App, worker: &Worker, lane: &Lane, delivery: Delivery) -> Option<TenantId> {
    // Until then it is nobody else's. What it is worked on for is bounded by each kind of work, and is less.
    let message = Message::new(&delivery.body, app.now().plus(worker.queue.spec().visibility()));
    let work = async {
        if work::is_suspect(delivery.receives) {
            return lane.alone(app, worker, &message).await;
        }
        match worker.handle(app, &message).await {
            Handled::Alone => lane.alone(app, worker, &message).await,
            outcome => outcome,
        }
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    answer(app, worker.queue, &delivery, outcome.unwrap_or_else(|_| Handled::Fail("it panicked".into())))
        .await;
    tenant_of(&delivery)
}

async fn answer(app: &App, queue: QueueName, delivery: &Delivery, outcome: Handled) {
    let answered = match outcome {
        Handled::Done => app.queue.delete(queue, &delivery.receipt).await,
        Handled::Retry(after) if work::again(&*app.queue, queue, &delivery.body, after).await => {
            app.queue.delete(queue, &delivery.receipt).await
        }
        Handled::Retry(after) => app.queue.release(queue, &delivery.receipt, after).await,
        Handled::Alone => app.queue.release(queue, &delivery.receipt, HOPELESS).await,
        Handled::Fail(why) => {
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

/// Ticks every second until `stop`.
async fn tick(app: &App, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    loop {
        due::tick(app, TICK, app.now().plus(LONGEST_TICK)).await.log_failure("a tick failed");
        if let Either::Left(_) = select(stop.as_mut(), pin!(app.clock.sleep(TICK))).await {
            return;
        }
    }
}

/// Notes every minute until `stop` how often keys were used. What is used after that, whoever stops the house notes.
async fn note(app: &App, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    while let Either::Right(_) = select(stop.as_mut(), pin!(app.clock.sleep(NOTE))).await {
        app.accounts().note_key_uses().await;
    }
}

/// Sweeps every minute until `stop`, for the first time after `first`.
async fn sweep(app: &App, file: &Sqlite, first: impl Future<Output = ()>, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    if let Either::Left(_) = select(stop.as_mut(), pin!(first)).await {
        return;
    }
    loop {
        let now = app.now();
        due::sweep(app, now.plus(LONGEST_TICK)).await.log_failure("a sweep failed");
        file.purge_expired(now.seconds(), PURGE).await.log_failure("expired items could not be deleted");
        if let Either::Left(_) = select(stop.as_mut(), pin!(app.clock.sleep(SWEEP))).await {
            return;
        }
    }
}
