//! Shards read, and messages sent for what is found.
//!
//! Its one rule: shards take turns, a page each. A full one keeps none of the others waiting, and where time runs out, all have got
//! as far.

use futures::future::join_all;

use super::Report;
use crate::{
    app::App,
    clock::Millis,
    error::{Error, Result},
    queue::{Outgoing, QueueName, Task},
    repo::due::{self, Debt},
    store::Position,
};

/// Debts read per page of a shard.
pub(super) const PAGE: usize = 500;
/// Shards that are read at the same time, each a partition with a rate of its own: a tick waits for the table four times, and
/// holds no more than so many pages.
pub(super) const SIDE_BY_SIDE: usize = 16;

/// What is to be read of a shard, and how far it was.
#[derive(Debug)]
pub(super) struct Range {
    shard: u32,
    from: Millis,
    to: Millis,
    after: Option<Position>,
    last: Option<Millis>,
    report: Report,
    passed: usize,
}

impl Range {
    /// The debts of a shard that fall due between two times, both included.
    pub fn new(shard: u32, from: Millis, to: Millis) -> Self {
        Self { shard, from, to, after: None, last: None, report: Report::default(), passed: 0 }
    }
}

/// What was read of one shard.
#[derive(Debug)]
pub(super) struct Reading {
    pub report: Report,
    /// Debts for whose queues no message was sent.
    pub passed: usize,
    /// Up to when; none when nothing was found in time.
    pub up_to: Option<Millis>,
}

/// The readings of all shards together.
#[derive(Default)]
pub(super) struct Readings {
    report: Report,
    /// The first.
    failure: Option<Error>,
}

impl Readings {
    pub fn add(&mut self, reading: Result<Reading>) -> Option<Millis> {
        match reading {
            Ok(Reading { report, up_to, .. }) => {
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

    pub fn end(self) -> Result<Report> {
        self.failure.map_or(Ok(self.report), Err)
    }
}

/// Sends a task for every debt in the ranges, but those for the queues that are passed by, until the deadline.
pub(super) async fn read(
    app: &App,
    ranges: impl IntoIterator<Item = Range>,
    pass_by: &[QueueName],
    deadline: Millis,
) -> Vec<(u32, Result<Reading>)> {
    let mut waiting: Vec<_> = ranges.into_iter().collect();
    let mut ended = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let mut round = std::mem::take(&mut waiting).into_iter();
        loop {
            let some = round.by_ref().take(SIDE_BY_SIDE).map(|range| {
                let shard = range.shard;
                async move { (shard, page(app, range, pass_by, deadline).await) }
            });
            let turns = join_all(some).await;
            if turns.is_empty() {
                break;
            }
            for (shard, turn) in turns {
                match turn {
                    Ok(Turn::More(range)) => waiting.push(range),
                    Ok(Turn::Ended(reading)) => ended.push((shard, Ok(reading))),
                    Err(error) => ended.push((shard, Err(error))),
                }
            }
        }
    }
    ended
}

/// How a shard's turn ended.
enum Turn {
    More(Range),
    Ended(Reading),
}

/// Reads one page, and sends what is in it.
async fn page(app: &App, mut range: Range, pass_by: &[QueueName], deadline: Millis) -> Result<Turn> {
    if app.now() >= deadline {
        range.report.lagging += 1;
        // The next tick starts at the last debt again: others may fall due in the same millisecond.
        let up_to = range.last.map(|at| Millis(at.0 - 1));
        return Ok(Turn::Ended(Reading { report: range.report, passed: range.passed, up_to }));
    }
    let Range { shard, from, to, after, .. } = &mut range;
    let (debts, next) = due::debts(&*app.store, *shard, *from, *to, PAGE, after.take()).await?;
    let sent = send(app, &debts, pass_by).await?;
    let waited = debts.first().map(|debt| app.now().since(debt.due_at)).unwrap_or_default();
    let report = &mut range.report;
    report.due += debts.len();
    report.sent += sent;
    report.oldest = report.oldest.max(waited);
    range.passed += debts.len() - sent;
    range.last = debts.last().map(|debt| debt.due_at).or(range.last);
    range.after = next;
    if range.after.is_some() {
        return Ok(Turn::More(range));
    }
    // What falls due in the past of `now` after this reading is the sender's own message to deliver.
    Ok(Turn::Ended(Reading { report: range.report, passed: range.passed, up_to: Some(range.to) }))
}

async fn send(app: &App, debts: &[Debt], pass_by: &[QueueName]) -> Result<usize> {
    let (now, mut sent) = (app.now(), 0);
    for queue in QueueName::ALL.into_iter().filter(|queue| !pass_by.contains(queue)) {
        let messages: Vec<Outgoing> = debts
            .iter()
            .filter(|debt| debt.task.queue() == queue)
            .map(|debt| Task::new(debt.task, &debt.key, &format!("due-{}", now.0)).at(debt.due_at, now))
            .collect::<Result<_, _>>()?;
        if !messages.is_empty() {
            sent += messages.len();
            app.queue.send(queue, messages).await?;
        }
    }
    Ok(sent)
}
