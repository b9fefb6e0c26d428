//! The queue of the laptop and of the tests: a table in the store's own file, with SQS's habits.
//!
//! Its one rule: it promises no more than SQS does. A message is delivered at least once, in any order, hidden while
//! it is worked on, and set aside after [`limits::MAX_RECEIVES`] deliveries.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Delivery, Depth, Outgoing, Queue, QueueError, QueueName, check, limits};
use crate::clock::{Clock, Millis, Moment};
use crate::store::embedded::{Sqlite, writer::Fault};
use crate::tenant::TenantId;

pub struct SqliteQueue {
    file: Sqlite,
    clock: Arc<dyn Clock>,
    /// When messages were last looked for; none before the first time.
    looked: Mutex<Option<Moment>>,
}

/// A clock that is set back by less is let catch up.
const SET_BACK: Duration = Duration::from_secs(2);

/// A clock that was set back.
enum SetBack {
    /// While this process ran.
    By { span: Duration, now: Millis },
    /// Before it started, perhaps.
    Unknown { now: Millis },
}

impl SqliteQueue {
    /// The queues in this file; delays and visibility run by `clock`.
    pub fn new(file: &Sqlite, clock: Arc<dyn Clock>) -> Self {
        Self { file: file.clone(), clock, looked: Mutex::default() }
    }

    /// What to do about messages that a clock which was set back would hide for too long.
    fn set_back(&self) -> Option<SetBack> {
        let now = self.clock.moment();
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = *looked else {
            *looked = Some(now);
            return Some(SetBack::Unknown { now: now.now });
        };
        let span = now.set_back_since(last);
        // A little is kept in mind: little by little it may become more.
        if span.is_zero() || span >= SET_BACK {
            *looked = Some(now);
        }
        (span >= SET_BACK).then_some(SetBack::By { span, now: now.now })
    }

    /// Makes visible again what a process that is gone had received. Only for the one process that receives.
    ///
    /// # Errors
    /// [`QueueError::Unavailable`] when the file cannot be written.
    pub async fn take_over(&self) -> Result<usize, QueueError> {
        let now = self.clock.now();
        self.file
            .write_job(move |conn| {
                let hidden =
                    "UPDATE messages SET visible_at = ?1 WHERE dead = 0 AND receives > 0 AND visible_at > ?1";
                Ok(conn.execute(hidden, (now.0,))?)
            })
            .await
    }

    fn after(&self, span: Duration) -> Result<Millis, QueueError> {
        let seconds = check::hidden_seconds(span)?;
        Ok(self.clock.now().plus(Duration::from_secs(seconds.into())))
    }
}

impl From<Fault> for QueueError {
    fn from(fault: Fault) -> Self {
        Self::Unavailable(fault.0)
    }
}

impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Result<(), QueueError> {
        messages.iter().try_for_each(check::outgoing)?;
        if messages.is_empty() {
            return Ok(());
        }
        let due: Vec<_> = messages
            .into_iter()
            .map(|message| Ok((self.after(message.delay)?, message)))
            .collect::<Result<_, QueueError>>()?;
        self.file
            .write_job(move |conn| {
                let mut insert = conn.prepare_cached(
                    "INSERT INTO messages (queue, visible_at, tenant, body) VALUES (?1, ?2, ?3, ?4)",
                )?;
                for (visible, Outgoing { body, tenant, .. }) in due {
                    insert.execute((queue.as_str(), visible.0, tenant.0.cast_signed(), body))?;
                }
                Ok(())
            })
            .await
    }

    async fn receive(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.receive_beside(queue, max, visibility, &[]).await
    }

    async fn receive_beside(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
        full: &[TenantId],
    ) -> Result<Vec<Delivery>, QueueError> {
        check::batch(max)?;
        if let Some(set_back) = self.set_back() {
            self.file.write_job(move |conn| show_again(conn, &set_back)).await?;
        }
        let hidden_until = self.after(visibility)?;
        let now = self.clock.now();
        let full: Vec<i64> = full.iter().map(|tenant| tenant.0.cast_signed()).collect();
        let pick = move |conn: &Connection| match full.is_empty() {
            true => oldest(conn, queue, max, now),
            false => oldest_beside(conn, queue, max, now, &full),
        };
        self.file.write_job(move |conn| receive(conn, &pick, hidden_until)).await
    }

    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError> {
        let Some((id, receives)) = parse(receipt) else { return Ok(()) };
        self.file
            .write_job(move |conn| {
                conn.prepare_cached(
                    "DELETE FROM messages WHERE id = ?1 AND receives = ?2 AND queue = ?3 AND dead = 0",
                )?
                .execute((id, receives, queue.as_str()))?;
                Ok(())
            })
            .await
    }

    async fn release(&self, queue: QueueName, receipt: &str, delay: Duration) -> Result<(), QueueError> {
        let hidden_until = self.after(delay)?;
        let Some((id, receives)) = parse(receipt) else { return Ok(()) };
        let now = self.clock.now();
        self.file
            .write_job(move |conn| {
                conn.prepare_cached(
                    "UPDATE messages SET visible_at = ?4
                     WHERE id = ?1 AND receives = ?2 AND queue = ?3 AND dead = 0 AND visible_at > ?5",
                )?
                .execute((id, receives, queue.as_str(), hidden_until.0, now.0))?;
                Ok(())
            })
            .await
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        self.file
            .read_job(move |conn| {
                let mut count =
                    conn.prepare_cached("SELECT count(*) FROM messages WHERE queue = ?1 AND dead = ?2")?;
                let mut count = |dead: bool| -> Result<usize, QueueError> {
                    let found: i64 = count.query_row((queue.as_str(), dead), |row| row.get(0))?;
                    Ok(usize::try_from(found).unwrap_or(0))
                };
                Ok(Depth { waiting: count(false)?, dead: count(true)? })
            })
            .await
    }

    async fn waiting(&self, queue: QueueName) -> Result<usize, QueueError> {
        Ok(self.depth(queue).await?.waiting)
    }

    async fn redrive(&self, queue: QueueName) -> Result<usize, QueueError> {
        let now = self.clock.now();
        self.file
            .write_job(move |conn| {
                // As new messages: a receipt from before must not name one.
                let moved = conn.execute(
                    "INSERT INTO messages (queue, visible_at, tenant, body)
                     SELECT queue, ?2, tenant, body FROM messages WHERE queue = ?1 AND dead = 1",
                    (queue.as_str(), now.0),
                )?;
                conn.execute("DELETE FROM messages WHERE queue = ?1 AND dead = 1", (queue.as_str(),))?;
                Ok(moved)
            })
            .await
    }
}

/// What was hidden until some time by the clock as it was stays hidden for as long as it was to be. Where nobody knows how
/// far the clock went, what is hidden for longer than any message is delayed comes at once: too early does no harm.
fn show_again(conn: &Connection, set_back: &SetBack) -> Result<(), QueueError> {
    match *set_back {
        SetBack::By { span, now } => {
            tracing::warn!(seconds = span.as_secs(), "the clock was set back; messages keep their delays");
            conn.execute(
                "UPDATE messages SET visible_at = max(?1, visible_at - ?2) WHERE visible_at > ?1",
                (now.0, i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
            )?;
        }
        SetBack::Unknown { now } => {
            let latest = now.plus(limits::DELAY);
            conn.execute("UPDATE messages SET visible_at = ?1 WHERE visible_at > ?2", (now.0, latest.0))?;
        }
    }
    Ok(())
}

/// A message that may be delivered: its id, how often it was before, its body.
type Candidate = (i64, u32, String);

/// The visible messages that have waited longest.
fn oldest(conn: &Connection, queue: QueueName, max: usize, now: Millis) -> rusqlite::Result<Vec<Candidate>> {
    conn.prepare_cached(
        "SELECT id, receives, body FROM messages
         WHERE queue = ?1 AND dead = 0 AND visible_at <= ?2 ORDER BY visible_at LIMIT ?3",
    )?
    .query_map((queue.as_str(), now.0, limit(max)), candidate)?
    .collect()
}

/// Those of other tenants: a step for every tenant that has messages, however many it has.
fn oldest_beside(
    conn: &Connection,
    queue: QueueName,
    max: usize,
    now: Millis,
    full: &[i64],
) -> rusqlite::Result<Vec<Candidate>> {
    let mut next_tenant = conn.prepare_cached(
        "SELECT tenant FROM messages WHERE queue = ?1 AND dead = 0 AND tenant > ?2 ORDER BY tenant LIMIT 1",
    )?;
    let mut of_tenant = conn.prepare_cached(
        "SELECT id, receives, body, visible_at FROM messages
         WHERE queue = ?1 AND dead = 0 AND tenant = ?2 AND visible_at <= ?3 ORDER BY visible_at LIMIT ?4",
    )?;
    let mut found: Vec<(i64, Candidate)> = Vec::new();
    let mut last = i64::MIN;
    while let Some(tenant) =
        next_tenant.query_row((queue.as_str(), last), |row| row.get::<_, i64>(0)).optional()?
    {
        last = tenant;
        if !full.contains(&tenant) {
            let rows = of_tenant.query_map((queue.as_str(), tenant, now.0, limit(max)), |row| {
                Ok((row.get(3)?, candidate(row)?))
            })?;
            found.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
        }
    }
    found.sort_by_key(|(visible_at, _)| *visible_at);
    found.truncate(max);
    Ok(found.into_iter().map(|(_, candidate)| candidate).collect())
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

fn receive(
    conn: &Connection,
    pick: &impl Fn(&Connection) -> rusqlite::Result<Vec<Candidate>>,
    hidden_until: Millis,
) -> Result<Vec<Delivery>, QueueError> {
    let mut deliver =
        conn.prepare_cached("UPDATE messages SET receives = ?2, visible_at = ?3 WHERE id = ?1")?;
    let mut set_aside = conn.prepare_cached("UPDATE messages SET dead = 1 WHERE id = ?1")?;
    loop {
        let (spent, good): (Vec<_>, Vec<_>) =
            pick(conn)?.into_iter().partition(|(_, receives, _)| *receives >= limits::MAX_RECEIVES);
        for (id, ..) in &spent {
            set_aside.execute((id,))?;
        }
        // Spent messages in front must not make the queue look empty.
        if good.is_empty() && !spent.is_empty() {
            continue;
        }
        return good
            .into_iter()
            .map(|(id, before, body)| {
                let receives = before + 1;
                deliver.execute((id, receives, hidden_until.0))?;
                Ok(Delivery { body, receipt: format!("{id}-{receives}"), receives })
            })
            .collect();
    }
}

/// A receipt names one delivery: the message and how often it had been delivered.
fn parse(receipt: &str) -> Option<(i64, u32)> {
    let (id, receives) = receipt.split_once('-')?;
    Some((id.parse().ok()?, receives.parse().ok()?))
}

#[cfg(test)]
mod tests;
