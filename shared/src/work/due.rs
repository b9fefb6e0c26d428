//! The tick and the sweep: from the due index to the queues.
//!
//! Its one rule: nothing is decided here. Whatever falls due is handed to its queue; the worker reads the item and
//! decides.

use std::time::Duration;

use futures::{FutureExt, future::join_all};

use crate::{
    app::App,
    clock::Millis,
    error::{Error, Result},
    metrics,
    queue::{Outgoing, QueueName, Task},
    repo::due::{self, Debt, SHARDS, Watermarks},
};

/// Debts read per page of a shard.
const PAGE: usize = 500;
/// Shards that are read at the same time, each a partition with a rate of its own: a tick waits for the table four times, and
/// holds no more than so many pages.
const SIDE_BY_SIDE: usize = 16;
/// The sweep leaves alone what fell due this lately: its message may still be on its way.
const GRACE: Duration = Duration::from_secs(60);
/// Clocks of two machines that both are right differ by less.
const SKEW: Duration = Duration::from_secs(5);
/// A clock that was set back is noticed by the next tick; debts that were made in between fell due no earlier than this
/// before it.
const UNNOTICED: Duration = Duration::from_secs(120);

/// What one reading found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Debts found.
    pub due: usize,
    /// Messages sent for them.
    pub sent: usize,
    /// Shards that were not read to the end in time.
    pub lagging: usize,
    /// How long ago the debt fell due that has waited longest. What falls due in the future has not waited.
    pub oldest: Duration,
}

impl Report {
    /// Tells operators of it.
    pub fn log(&self, sweep: bool) {
        let Self { due, sent, lagging, oldest } = *self;
        metrics::Ticked { sweep, due, sent, lagging, oldest }.log();
    }
}

/// Hands over what fell due since the last tick, and what falls due within `ahead` (with a delay), so that ticks a
/// minute apart are still exact to the second.
pub async fn tick(app: &App, ahead: Duration, deadline: Millis) -> Result<Report> {
    let (store, now) = (&*app.store, app.now());
    let to = now.plus(ahead);
    let mut marks = Watermarks::load(store).await?;
    // What was read lies in the future: the clock was right then, and is set back now, or was wrong and is right now.
    let set_back = marks.set_back(to.plus(SKEW), now.minus(UNNOTICED));
    if !set_back.is_zero() {
        tracing::warn!(
            seconds = set_back.as_secs(),
            "the clock was set back; what was owed before is done when it says so again"
        );
    }
    let unread: Vec<_> = (0..SHARDS).filter(|shard| marks.get(*shard) < to).collect();
    let each = over(&unread, |shard| hand_over(app, shard, Millis(marks.get(shard).0 + 1), to, deadline));
    let mut readings = Readings::default();
    let mut moved = !set_back.is_zero();
    for (shard, reading) in each.await {
        moved |= reading.as_ref().is_ok_and(|reading| reading.report.due > 0);
        if let Some(up_to) = readings.add(reading) {
            marks.set(shard, up_to);
        }
    }
    // What was handed over stays handed over, whatever became of the other shards. Where nothing was, the marks stay: an idle tick
    // writes nothing. Where something was, those of the empty shards go along, or the next tick would hand over what its own
    // sender has meanwhile sent a message for.
    if moved {
        marks.save(store).await?;
    }
    readings.end()
}

/// Hands over everything that is overdue, from the beginning: what a lost message, a crashed worker or a missed tick
/// left behind.
pub async fn sweep(app: &App, deadline: Millis) -> Result<Report> {
    let to = app.now().minus(GRACE);
    let all: Vec<_> = (0..SHARDS).collect();
    let mut readings = Readings::default();
    for (_, reading) in over(&all, |shard| hand_over(app, shard, Millis(0), to, deadline)).await {
        readings.add(reading);
    }
    readings.end()
}

/// Reads shards side by side: a tick that waits for each in turn spends its time waiting, and a full shard would keep
/// those behind it from being read at all.
async fn over<F>(shards: &[u32], read: impl Fn(u32) -> F) -> Vec<(u32, Result<Reading>)>
where
    F: Future<Output = Result<Reading>>,
{
    let mut readings = Vec::with_capacity(shards.len());
    for some in shards.chunks(SIDE_BY_SIDE) {
        readings
            .extend(join_all(some.iter().map(|shard| read(*shard).map(|reading| (*shard, reading)))).await);
    }
    readings
}

/// What was read of one shard.
struct Reading {
    report: Report,
    /// Up to when; none when nothing was found in time.
    up_to: Option<Millis>,
}

/// The readings of all shards together.
#[derive(Default)]
struct Readings {
    report: Report,
    /// The first.
    failure: Option<Error>,
}

impl Readings {
    fn add(&mut self, reading: Result<Reading>) -> Option<Millis> {
        match reading {
            Ok(Reading { report, up_to }) => {
                self.report.due += report.due;
                self.report.sent += report.sent;
                self.report.lagging += report.lagging;
                self.report.oldest = self.report.oldest.max(report.oldest);
                up_to
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }

    fn end(self) -> Result<Report> {
        self.failure.map_or(Ok(self.report), Err)
    }
}

/// Sends a task for every debt of a shard in the range.
async fn hand_over(app: &App, shard: u32, from: Millis, to: Millis, deadline: Millis) -> Result<Reading> {
    let (mut after, mut last) = (None, None);
    let mut report = Report::default();
    loop {
        if app.now() >= deadline {
            report.lagging += 1;
            // The next tick starts at the last debt again: others may fall due in the same millisecond.
            return Ok(Reading { report, up_to: last.map(|at: Millis| Millis(at.0 - 1)) });
        }
        let (debts, next) = due::debts(&*app.store, shard, from, to, PAGE, after).await?;
        report.due += debts.len();
        let waited = debts.first().map(|debt| app.now().since(debt.due_at));
        report.oldest = report.oldest.max(waited.unwrap_or_default());
        report.sent += send(app, &debts).await?;
        last = debts.last().map(|debt| debt.due_at).or(last);
        if next.is_none() {
            // What falls due in the past of `now` after this reading is the sender's own message to deliver.
            return Ok(Reading { report, up_to: Some(to) });
        }
        after = next;
    }
}

async fn send(app: &App, debts: &[Debt]) -> Result<usize> {
    let now = app.now();
    for queue in QueueName::ALL {
        let messages: Vec<Outgoing> = debts
            .iter()
            .filter(|debt| debt.task.queue() == queue)
            .map(|debt| Task::new(debt.task, &debt.key, &format!("due-{}", now.0)).at(debt.due_at, now))
            .collect::<Result<_, _>>()?;
        if !messages.is_empty() {
            app.queue.send(queue, messages).await?;
        }
    }
    Ok(debts.len())
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
