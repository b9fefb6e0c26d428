//! The tick and the sweep: from the due index to the queues.
//!
//! Its one rule: nothing is decided here. Whatever falls due is handed to its queue; the worker reads the item and
//! decides.

use std::time::Duration;

use futures::future::join_all;

use crate::{
    app::App,
    clock::Millis,
    error::{LogFailure, Result},
    metrics,
    queue::QueueName,
    repo::due::{SHARDS, Swept, Watermarks},
};

mod reading;

use reading::{Range, Readings, read};

/// The sweep leaves alone what fell due this lately: its message may still be on its way.
const GRACE: Duration = Duration::from_secs(60);
/// What a sweep has handed over is handed over again after so long: by then its message is done, or has been put off for as long
/// as a queue puts anything off.
const AGAIN: Duration = Duration::from_secs(900);
/// Messages that wait in a queue that is deep: its workers, at their most, have a minute to do.
const DEEP: usize = 10_000;
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
    let unread = rotated(now).filter(|shard| marks.get(*shard) < to);
    let unread: Vec<_> = unread.map(|shard| Range::new(shard, Millis(marks.get(shard).0 + 1), to)).collect();
    let mut readings = Readings::default();
    let mut moved = !set_back.is_zero();
    for (shard, reading) in read(app, unread, &[], deadline).await {
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

/// Hands over what is overdue: what a lost message, a crashed worker or a missed tick left behind. What a sweep has handed over
/// is left to its message for a while ([`AGAIN`]), and a queue that is deep gets none: what is owed waits in it already.
pub async fn sweep(app: &App, deadline: Millis) -> Result<Report> {
    let (store, now) = (&*app.store, app.now());
    let to = now.minus(GRACE);
    let deep = deep(app).await;
    let mut marks = Swept::load(store).await?;
    let ranges = rotated(now).map(|shard| (shard, marks.begin(shard, now, AGAIN)));
    let ranges: Vec<_> =
        ranges.filter(|(_, from)| *from <= to).map(|(shard, from)| Range::new(shard, from, to)).collect();
    let mut readings = Readings::default();
    let mut moved = false;
    for (shard, reading) in read(app, ranges, &deep, deadline).await {
        moved |= reading.as_ref().is_ok_and(|reading| reading.report.due > 0);
        let passed = reading.as_ref().is_ok_and(|reading| reading.passed > 0);
        // What was passed by is looked at again.
        if let Some(up_to) = readings.add(reading).filter(|_| !passed) {
            marks.set(shard, up_to);
        }
    }
    if moved {
        marks.save(store).await?;
    }
    readings.end()
}

/// The queues in which so much waits that a sweep would only add to it.
async fn deep(app: &App) -> Vec<QueueName> {
    let waiting = QueueName::ALL.map(|queue| async move {
        let waiting = app.queue.waiting(queue).await.log_failure("a queue could not be counted");
        (queue, waiting.unwrap_or_default())
    });
    let waiting = join_all(waiting).await;
    waiting.into_iter().filter(|(_, waiting)| *waiting >= DEEP).map(|(queue, _)| queue).collect()
}

/// All shards, beginning with another one each minute: where time runs out, it is not always the same that are late.
fn rotated(now: Millis) -> impl Iterator<Item = u32> {
    let first = u32::try_from(now.0.div_euclid(60_000).rem_euclid(i64::from(SHARDS))).unwrap_or(0);
    (0..SHARDS).map(move |n| (first + n) % SHARDS)
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
