//! Connections that read: some for a caller's own thread, some with a thread of theirs. Its one rule: each read starts
//! after it was asked for, so it sees every earlier commit.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::writer::Fault;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Own threads, not the runtime's blocking pool: a connection with its warm page cache and prepared statements stays
/// on its thread.
pub(crate) struct Readers {
    inbox: Arc<Inbox>,
    threads: Vec<JoinHandle<()>>,
    at_hand: Mutex<Vec<Connection>>,
}

/// What waits to be read. Not a channel: its receivers would queue up for it behind a lock, which makes two wake-ups of
/// each job's one, and here a job that comes while all threads are busy wakes nobody.
#[derive(Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Threads that have nothing to do.
    idle: usize,
    closed: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        let mut waiting = self.lock();
        waiting.jobs.push_back(job);
        let wake = waiting.idle > 0;
        drop(waiting);
        if wake {
            self.came.notify_one();
        }
    }

    /// The next job; none when no more will come.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting.idle += 1;
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.idle -= 1;
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.came.notify_all();
    }
}

impl Readers {
    /// Starts a thread for each of the first connections and keeps the others at hand.
    pub(crate) fn start(threads: Vec<Connection>, at_hand: Vec<Connection>) -> std::io::Result<Self> {
        let mut readers = Self { inbox: Arc::default(), threads: Vec::new(), at_hand: Mutex::new(at_hand) };
        for conn in threads {
            let inbox = Arc::clone(&readers.inbox);
            let thread =
                thread::Builder::new().name("store-reader".into()).spawn(move || serve(&conn, &inbox));
            readers.threads.push(thread?);
        }
        Ok(readers)
    }

    /// Runs the work on the caller's thread: for what takes a few microseconds, which is less than a hand-over to another
    /// thread and back. While all connections at hand are in use it is handed over all the same.
    pub(crate) async fn run_here<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let free = self.at_hand.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(conn) = free else { return self.run(work).await };
        let done = catch_unwind(AssertUnwindSafe(|| work(&conn)));
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        done.unwrap_or_else(|_| Err(panicked().into()))
    }

    /// All connections that nobody uses right now.
    #[cfg(test)]
    pub(super) fn take_at_hand(&self) -> Vec<Connection> {
        std::mem::take(&mut *self.at_hand.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs the work on one of the threads.
    pub(crate) async fn run<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // A caller that went away does not want to know.
        self.inbox.push(Box::new(move |conn| drop(reply.send(work(conn)))));
        answer.await.unwrap_or_else(|_| Err(panicked().into()))
    }
}

fn panicked() -> Fault {
    Fault("a read ended with a panic".into())
}

impl Drop for Readers {
    /// Answers what was asked and closes the file.
    fn drop(&mut self) {
        self.inbox.close();
        for thread in self.threads.drain(..) {
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                tracing::error!("a reader of the store ended with a panic");
            }
        }
    }
}

fn serve(conn: &Connection, inbox: &Inbox) {
    while let Some(job) = inbox.next() {
        // A bug in one read must not cost a thread that all others need.
        let _ = catch_unwind(AssertUnwindSafe(|| job(conn)));
    }
}
