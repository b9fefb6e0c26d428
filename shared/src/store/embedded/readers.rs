//! A few threads that read. Its one rule: each read starts after it was asked for, so it sees every earlier commit.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::writer::Fault;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Own threads, not the runtime's blocking pool: a connection with its warm page cache and prepared statements stays
/// on its thread, and a point read costs one hand-over.
pub(crate) struct Readers {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(crate) fn start(conns: Vec<Connection>) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let inbox = Arc::new(Mutex::new(inbox));
        let threads = conns
            .into_iter()
            .map(|conn| {
                let inbox = Arc::clone(&inbox);
                thread::Builder::new().name("store-reader".into()).spawn(move || serve(&conn, &inbox))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { jobs: Some(jobs), threads })
    }

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
        let job: Job = Box::new(move |conn| drop(reply.send(work(conn))));
        if self.jobs.as_ref().is_none_or(|jobs| jobs.send(job).is_err()) {
            return Err(Fault("the readers have stopped".into()).into());
        }
        answer.await.unwrap_or_else(|_| Err(Fault("a read ended with a panic".into()).into()))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                tracing::error!("a reader of the store ended with a panic");
            }
        }
    }
}

fn serve(conn: &Connection, inbox: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting, which hands the next job to exactly one thread.
        let next = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A bug in one read must not cost a thread that all others need.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(conn)));
    }
}
