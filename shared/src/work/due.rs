//! The tick and the sweep: from the due index to the queues.
//!
//! Its one rule: nothing is decided here. Whatever falls due is handed to its queue; the worker reads the item and
//! decides.

use std::time::Duration;

use crate::{
    app::App,
    clock::Millis,
    error::Result,
    queue::{Outgoing, QueueName, Task},
    repo::due::{self, Debt, SHARDS, Watermarks},
};

/// Debts read per page of a shard.
const PAGE: usize = 500;
/// The sweep leaves alone what fell due this lately: its message may still be on its way.
const GRACE: Duration = Duration::from_secs(60);

/// What one reading found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Debts found.
    pub due: usize,
    /// Messages sent for them.
    pub sent: usize,
    /// Shards that were not read to the end in time.
    pub lagging: usize,
}

/// Hands over what fell due since the last tick, and what falls due within `ahead` (with a delay), so that ticks a
/// minute apart are still exact to the second.
pub async fn tick(app: &App, ahead: Duration, deadline: Millis) -> Result<Report> {
    let now = app.now();
    let mut marks = Watermarks::load(&*app.store).await?;
    let mut report = Report::default();
    let mut moved = false;
    for shard in 0..SHARDS {
        let (from, to) = (marks.get(shard), now.plus(ahead));
        if to <= from {
            continue;
        }
        let read = hand_over(app, shard, Millis(from.0 + 1), to, deadline, &mut report).await?;
        // An empty shard keeps its mark: an idle tick writes nothing.
        if let Some(up_to) = read {
            marks.set(shard, up_to);
            moved = true;
        }
    }
    if moved {
        marks.save(&*app.store).await?;
    }
    Ok(report)
}

/// Hands over everything that is overdue, from the beginning: what a lost message, a crashed worker or a missed tick
/// left behind.
pub async fn sweep(app: &App, deadline: Millis) -> Result<Report> {
    let to = Millis(app.now().0 - i64::try_from(GRACE.as_millis()).unwrap_or(0));
    let mut report = Report::default();
    for shard in 0..SHARDS {
        hand_over(app, shard, Millis(0), to, deadline, &mut report).await?;
    }
    Ok(report)
}

/// Sends a task for every debt of a shard in the range. Returns up to when it was read; none when nothing was found.
async fn hand_over(
    app: &App,
    shard: u32,
    from: Millis,
    to: Millis,
    deadline: Millis,
    report: &mut Report,
) -> Result<Option<Millis>> {
    let mut after = None;
    let mut last = None;
    loop {
        if app.now() >= deadline {
            report.lagging += 1;
            // The next tick starts at the last debt again: others may fall due in the same millisecond.
            return Ok(last.map(|at: Millis| Millis(at.0 - 1)));
        }
        let (debts, next) = due::debts(&*app.store, shard, from, to, PAGE, after).await?;
        report.due += debts.len();
        report.sent += send(app, &debts).await?;
        last = debts.last().map(|debt| debt.due_at).or(last);
        if next.is_none() {
            // What falls due in the past of `now` after this reading is the sender's own message to deliver.
            return Ok(last.map(|_| to));
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
