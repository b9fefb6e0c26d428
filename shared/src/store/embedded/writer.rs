//! The one thread that writes. Its one rule: an answer leaves only after the commit that made it true.
//!
//! A commit costs a disk flush, so the thread commits in groups: while one flush runs, the next jobs gather in the
//! channel, and all of them share the next flush. Each job runs in a savepoint of its own, so that a refused one
//! leaves nothing behind in the group.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::presence::Presence;

/// Jobs in one commit: bounds the wait of the first one.
const GROUP: usize = 256;

/// The engine itself failed; what was asked did not happen, or is not known to have happened.
#[derive(Debug, Clone)]
pub(crate) struct Fault(pub(crate) String);

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

pub(crate) struct Writer {
    /// Taken on drop, which is how the thread learns that nothing more will come.
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// `turn` is locked while this process writes, see [`take_turn`], and `presence` is given up before the file is closed;
    /// none in memory, where nobody else is.
    pub(super) fn start(
        conn: Connection,
        turn: Option<File>,
        presence: Option<Presence>,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(conn, turn.as_ref(), presence, &inbox))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs the work in the next group and answers after its commit. An `Err` undoes what the work changed.
    pub(crate) async fn run<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Pending { work: Some(work), result: None, reply };
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(Box::new(job)).is_ok());
        if !sent {
            return Err(Fault("the writer has stopped".into()).into());
        }
        answer.await.unwrap_or_else(|_| Err(Fault("the writer has stopped".into()).into()))
    }
}

impl Drop for Writer {
    /// Finishes what was sent and closes the file.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer ended with a panic");
        }
    }
}

/// A job with its types hidden, so that jobs of every kind share a commit.
trait Job: Send {
    /// Does the work. Returns whether its changes are to stay.
    fn run(&mut self, conn: &Connection) -> bool;
    /// Tells the caller: the work's own result, or the fault that undid it.
    fn answer(self: Box<Self>, fault: Option<&Fault>);
}

struct Pending<W, T, E> {
    work: Option<W>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<W, T, E> Job for Pending<W, T, E>
where
    W: FnOnce(&Connection) -> Result<T, E> + Send,
    T: Send,
    E: From<Fault> + Send,
{
    fn run(&mut self, conn: &Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        // A bug in one job must not end the thread that all others need.
        let result = catch_unwind(AssertUnwindSafe(|| work(conn)))
            .unwrap_or_else(|_| Err(Fault("a write ended with a panic".into()).into()));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, fault: Option<&Fault>) {
        let result = match (fault, self.result) {
            (None, Some(result)) => result,
            (Some(fault), _) => Err(fault.clone().into()),
            (None, None) => Err(Fault("the write was not run".into()).into()),
        };
        // A caller that went away does not want to know.
        let _ = self.reply.send(result);
    }
}

fn serve(conn: Connection, turn: Option<&File>, presence: Option<Presence>, inbox: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = inbox.recv() {
        let held = take_turn(turn);
        commit_group(&conn, first, inbox);
        drop(held);
    }
    // The last connection to close writes the log back into the file.
    let held = take_turn(turn);
    if let Some(Err(error)) = presence.map(Presence::leave) {
        tracing::warn!(%error, "that Baton stops in order was not noted");
    }
    drop(conn);
    drop(held);
}

/// Keeps other processes from writing or checkpointing at the same instant. SQLite's own locks would do, were it not
/// for a fault in versions before 3.51.3, which can lose a commit when two connections meet while the log starts anew.
pub(crate) fn take_turn(turn: Option<&File>) -> Option<Turn<'_>> {
    let file = turn?;
    match file.lock() {
        Ok(()) => Some(Turn(file)),
        Err(error) => {
            // A file system without locks: one process alone is safe, and SQLite still keeps several in order.
            tracing::debug!(%error, "the write lock is not to be had");
            None
        }
    }
}

/// Held while this process writes.
pub(crate) struct Turn<'a>(&'a File);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the write lock was not given back");
        }
    }
}

fn commit_group(conn: &Connection, first: Box<dyn Job>, inbox: &Receiver<Box<dyn Job>>) {
    // IMMEDIATE: another process that writes is waited for here, and not discovered halfway through.
    let mut outcome = execute(conn, "BEGIN IMMEDIATE");
    let mut group = Vec::new();
    let mut next = Some(first);
    while let Some(mut job) = next.take() {
        if outcome.is_ok() {
            outcome = run_in_savepoint(conn, job.as_mut());
        }
        group.push(job);
        if outcome.is_ok() && group.len() < GROUP {
            next = inbox.try_recv().ok();
        }
    }
    let outcome = outcome.and_then(|()| execute(conn, "COMMIT"));
    if !conn.is_autocommit()
        && let Err(fault) = execute(conn, "ROLLBACK")
    {
        tracing::error!(error = fault.0, "the store could not roll back");
    }
    for job in group {
        job.answer(outcome.as_ref().err());
    }
}

fn run_in_savepoint(conn: &Connection, job: &mut dyn Job) -> Result<(), Fault> {
    execute(conn, "SAVEPOINT job")?;
    let keep = job.run(conn);
    // Some errors (disk full, out of memory) make SQLite roll the whole transaction back, earlier jobs included.
    if conn.is_autocommit() {
        return Err(Fault("the engine rolled the group back".into()));
    }
    if !keep {
        execute(conn, "ROLLBACK TO job")?;
    }
    execute(conn, "RELEASE job")
}

fn execute(conn: &Connection, sql: &str) -> Result<(), Fault> {
    conn.prepare_cached(sql)?.execute(())?;
    Ok(())
}
