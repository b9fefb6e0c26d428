//! The queue of the laptop and of the tests: a table in the store's own file, with SQS's habits.
//!
//! Its one rule: it promises no more than SQS does. A message is delivered at least once, in any order, hidden while
//! it is worked on, and set aside after [`limits::MAX_RECEIVES`] deliveries.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;

use super::{Delivery, Depth, Outgoing, Queue, QueueError, QueueName, check, limits};
use crate::clock::{Clock, Millis, Moment};
use crate::store::embedded::{Sqlite, writer::Fault};

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
        check::batch(max)?;
        if let Some(set_back) = self.set_back() {
            self.file.write_job(move |conn| show_again(conn, &set_back)).await?;
        }
        let hidden_until = self.after(visibility)?;
        let now = self.clock.now();
        self.file.write_job(move |conn| receive(conn, queue, max, now, hidden_until)).await
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

fn receive(
    conn: &Connection,
    queue: QueueName,
    max: usize,
    now: Millis,
    hidden_until: Millis,
) -> Result<Vec<Delivery>, QueueError> {
    let mut select = conn.prepare_cached(
        "SELECT id, receives, body FROM messages
         WHERE queue = ?1 AND dead = 0 AND visible_at <= ?2 ORDER BY visible_at LIMIT ?3",
    )?;
    let mut deliver =
        conn.prepare_cached("UPDATE messages SET receives = ?2, visible_at = ?3 WHERE id = ?1")?;
    let mut set_aside = conn.prepare_cached("UPDATE messages SET dead = 1 WHERE id = ?1")?;
    loop {
        let limit = i64::try_from(max).unwrap_or(i64::MAX);
        let found = select
            .query_map((queue.as_str(), now.0, limit), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<Vec<(i64, u32, String)>, _>>()?;
        let (spent, good): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(_, receives, _)| *receives >= limits::MAX_RECEIVES);
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
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use crate::queue::conformance::{Wait, outgoing};

    fn engine() -> (Arc<FixedClock>, SqliteQueue) {
        let clock = Arc::new(FixedClock::at(Millis(1_750_000_000_000)));
        (Arc::clone(&clock), SqliteQueue::new(&Sqlite::memory().unwrap(), clock))
    }

    crate::queue_conformance!(in_memory, async {
        let (clock, queue) = engine();
        let wait: Wait = Box::new(move |span| {
            clock.advance(span);
            Box::pin(std::future::ready(()))
        });
        (wait, queue)
    });

    #[tokio::test]
    async fn messages_survive_the_end_of_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Sqlite::open(dir.path().join("store.db")).unwrap();
        let clock = Arc::new(FixedClock::at(Millis(0)));
        let queue = SqliteQueue::new(&open(), clock.clone());
        queue.send(QueueName::ResumeN8n, vec![outgoing("kept")]).await.unwrap();
        drop(queue);
        let queue = SqliteQueue::new(&open(), clock);
        let found = queue.receive(QueueName::ResumeN8n, 10, Duration::ZERO).await.unwrap();
        assert_eq!(found[0].body, "kept");
    }

    #[tokio::test]
    async fn receipt_from_before_a_redelivery_deletes_nothing() {
        let (clock, queue) = engine();
        let name = QueueName::ResumeN8n;
        queue.send(name, vec![outgoing("x")]).await.unwrap();
        let first = queue.receive(name, 1, Duration::from_secs(1)).await.unwrap().remove(0);
        clock.advance(Duration::from_secs(1));
        queue.receive(name, 1, Duration::from_secs(1)).await.unwrap();
        queue.delete(name, &first.receipt).await.unwrap();
        assert_eq!(queue.depth(name).await.unwrap().waiting, 1);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_hides_no_message_for_longer() {
        let (clock, queue) = engine();
        let name = QueueName::ResumeN8n;
        let received = async || queue.receive(name, 10, Duration::from_secs(120)).await.unwrap().len();
        assert_eq!(received().await, 0);
        let delayed = Outgoing { delay: Duration::from_secs(10), ..outgoing("delayed") };
        queue.send(name, vec![outgoing("under way"), delayed]).await.unwrap();
        assert_eq!(received().await, 1);
        clock.set_back(Duration::from_secs(3600));
        clock.advance(Duration::from_secs(9));
        assert_eq!(received().await, 0, "not before its time either");
        clock.advance(Duration::from_secs(1));
        assert_eq!(received().await, 1);
        clock.advance(Duration::from_secs(110));
        assert_eq!(received().await, 1, "the one whose work never ended");
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_before_the_start_hides_no_message_for_longer_either() {
        let (clock, queue) = engine();
        let name = QueueName::ResumeN8n;
        queue.send(name, vec![outgoing("x")]).await.unwrap();
        assert_eq!(queue.receive(name, 1, Duration::from_secs(120)).await.unwrap().len(), 1);
        clock.set_back(Duration::from_secs(3600));
        let restarted = SqliteQueue::new(&queue.file, clock);
        assert_eq!(restarted.receive(name, 1, Duration::from_secs(120)).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn spent_messages_do_not_hide_good_ones() {
        let (_clock, queue) = engine();
        let name = QueueName::ResumeN8n;
        queue.send(name, (0..25).map(|i| outgoing(&format!("spent {i}"))).collect()).await.unwrap();
        queue
            .file
            .write_job(|conn| Ok::<_, QueueError>(conn.execute("UPDATE messages SET receives = 5", ())?))
            .await
            .unwrap();
        queue.send(name, vec![outgoing("good")]).await.unwrap();
        let mut found = queue.receive(name, 10, Duration::from_secs(1)).await.unwrap();
        found.extend(queue.receive(name, 10, Duration::from_secs(1)).await.unwrap());
        assert_eq!(found.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["good"]);
        assert_eq!(queue.depth(name).await.unwrap(), Depth { waiting: 1, dead: 25 });
    }
}
