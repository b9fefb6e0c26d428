//! A client's socket, with a clock on what hyper puts none on: the wait for a request, the head, and a reply that is not read.
//!
//! hyper's own time-out of heads runs while a connection only waits for its next request, so that one number would have to do
//! for both.
//!
//! Its one rule: a clock is looked at only while nothing moves.

use std::{
    io::{Error, ErrorKind, IoSlice, Result},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use shared::app::SharedApp;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    limits::Limits,
    line::{Line, Phase},
    words::{self, Beginning},
};

pub struct Socket {
    stream: TcpStream,
    line: Arc<Line>,
    limits: Arc<Limits>,
    app: SharedApp,
    reading: Alarm,
    writing: Alarm,
    /// Since when nothing of what is written was taken.
    stuck: Option<Instant>,
    /// What was taken of the reply.
    taken: usize,
    head: Beginning,
    /// What is said instead of hyper's own words, and how much of it has left.
    instead: Option<(Vec<u8>, usize)>,
}

impl Socket {
    pub fn new(stream: TcpStream, line: Arc<Line>, limits: Arc<Limits>, app: SharedApp) -> Self {
        Self {
            stream,
            line,
            limits,
            app,
            reading: Alarm::default(),
            writing: Alarm::default(),
            stuck: None,
            taken: 0,
            head: Beginning::default(),
            instead: None,
        }
    }

    /// Writes what it has, and fails when too little of it is taken.
    fn poll_send(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, bufs) {
            Poll::Ready(done) => {
                self.stuck = None;
                self.taken += done.as_ref().copied().unwrap_or_default();
                Poll::Ready(done)
            }
            Poll::Pending => {
                let now = Instant::now();
                let stuck = *self.stuck.get_or_insert(now);
                let pace = self.limits.reply;
                let missed = match self.line.phase() {
                    Phase::Reply { since, .. } => pace.missed(now.duration_since(since), self.taken),
                    _ => false,
                };
                if missed || self.writing.poll_rings(cx, stuck + pace.grace) {
                    return Poll::Ready(Err(late("the reply is not read")));
                }
                Poll::Pending
            }
        }
    }

    /// Sends what stands in for hyper's own words, and only then says that those, `theirs` bytes, were sent.
    fn poll_send_instead(&mut self, cx: &mut Context<'_>, theirs: usize) -> Poll<Result<usize>> {
        while let Some((words, sent)) = self.instead.take() {
            let left = words.get(sent..).unwrap_or_default();
            if left.is_empty() {
                break;
            }
            let done = self.poll_send(cx, &[IoSlice::new(left)]);
            let more = match &done {
                Poll::Ready(Ok(more)) => *more,
                _ => 0,
            };
            self.instead = Some((words, sent + more));
            if ready!(done)? == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
        }
        Poll::Ready(Ok(theirs))
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let until = match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Ready(done) => {
                let came = buf.filled().get(before..).unwrap_or_default();
                match this.line.phase() {
                    Phase::Waiting { .. } if !came.is_empty() => {
                        this.line.heard();
                        this.head.clear();
                        this.head.add(came);
                    }
                    Phase::Head { .. } => this.head.add(came),
                    _ => {}
                }
                return Poll::Ready(done);
            }
            Poll::Pending => match this.line.phase() {
                Phase::Waiting { since } if this.line.spoke() => since + this.limits.idle,
                Phase::Waiting { since } | Phase::Head { since } => since + this.limits.head,
                _ => return Poll::Pending,
            },
        };
        if this.reading.poll_rings(cx, until) {
            return Poll::Ready(Err(late("no request came")));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        // Where no request is answered, hyper itself speaks.
        if this.instead.is_none() && matches!(this.line.phase(), Phase::Waiting { .. } | Phase::Head { .. }) {
            let theirs = bufs.iter().find(|buf| !buf.is_empty()).map(|buf| &**buf).unwrap_or_default();
            let words = words::instead_of(theirs, &this.head, this.limits.head_bytes, &this.app);
            this.instead = words.map(|words| (words, 0));
        }
        if this.instead.is_some() {
            return this.poll_send_instead(cx, bufs.iter().map(|buf| buf.len()).sum());
        }
        this.poll_send(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        if this.line.flushed() {
            this.taken = 0;
            this.head.clear();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

fn late(what: &'static str) -> Error {
    Error::new(ErrorKind::TimedOut, what)
}

/// A timer that is made when something is waited for, and set anew only where it would ring too late.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Whether that time has come; the task is woken when it does.
    fn poll_rings(&mut self, cx: &mut Context<'_>, at: Instant) -> bool {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() == at {
                return true;
            }
            // It was set for something earlier that has happened.
            sleep.as_mut().reset(at);
        }
        false
    }
}
