//! A body that its route reads as it comes.
//!
//! Its one rule: what the route has not asked for stays on the line, and nobody waits for it with a turn in hand.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use shared::{
    error::{Error, Result},
    http::layers,
};
use tokio::time::{Duration, Instant, Sleep, sleep};

use super::visit::Visit;

pub struct Flow {
    visit: Arc<Visit>,
    /// None after its end.
    incoming: Option<Incoming>,
    limit: usize,
    came: usize,
    begun: Instant,
    every: Duration,
    look: Pin<Box<Sleep>>,
}

impl Flow {
    /// A body of no more bytes than this, whose pace is looked at every so often.
    pub fn new(visit: Arc<Visit>, incoming: Incoming, limit: usize, every: Duration) -> Self {
        let incoming = Some(incoming);
        Self { visit, incoming, limit, came: 0, begun: Instant::now(), every, look: Box::pin(sleep(every)) }
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>> {
        self.came += frame.data_ref().map_or(0, Bytes::len);
        if self.came > self.limit { Err(layers::too_large(self.limit)) } else { Ok(frame) }
    }

    /// Fails when too little has come for the time that it took.
    fn poll_pace(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        while self.look.as_mut().poll(cx).is_ready() {
            if let Err(error) = self.visit.keeps_pace(self.begun.elapsed(), self.came, true) {
                return Poll::Ready(error);
            }
            self.look.as_mut().reset(Instant::now() + self.every);
        }
        Poll::Pending
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        match Pin::new(incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(this.count(frame))),
            Poll::Ready(Some(Err(error))) => {
                this.incoming = None;
                Poll::Ready(Some(Err(layers::broken_off(error))))
            }
            Poll::Ready(None) => {
                this.incoming = None;
                Poll::Ready(this.visit.go_on().err().map(Err))
            }
            Poll::Pending => {
                this.visit.stand_back();
                this.poll_pace(cx).map(|late| Some(Err(late)))
            }
        }
    }
}

impl Drop for Flow {
    /// What the route did not want is the visit's again.
    fn drop(&mut self) {
        if let Some(rest) = self.incoming.take() {
            self.visit.leave(rest);
        }
    }
}
