//! A reply on its way out, and the room that it takes until its client has read it.
//!
//! Its one rule: what waits for clients to read is bounded for all of them together; what has no room is not kept.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use shared::error::{Error, ErrorKind};

use super::{
    limits::Limits,
    line::Line,
    shares::{Share, Shares},
    who::Who,
};
use crate::gate::overloaded;

/// A reply of no more than this is in the socket's own buffer at once.
const SMALL: usize = 16 * 1024;

/// The room for replies.
#[derive(Debug)]
pub struct Replies {
    sent: Arc<Shares<Who>>,
    /// Replies that wait for room are in memory as well.
    waiting: Arc<Shares<Who>>,
    largest: usize,
}

impl Replies {
    pub fn new(limits: &Limits) -> Self {
        let total = limits.reply_bytes;
        // One larger than that counts as the largest that can have room at all.
        Self { sent: Shares::new(total, 1), waiting: Shares::new(total / 4, 1), largest: total / 4 }
    }

    /// Room for a reply of so many bytes; none is needed for a small one. What has changed nothing may be asked anew, so only a
    /// few of its replies wait for room.
    ///
    /// # Errors
    /// When there is no room.
    pub async fn room(
        &self,
        who: Who,
        bytes: u64,
        safe: bool,
        limits: &Limits,
    ) -> Result<Option<Share<Who>>, Error> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if bytes <= SMALL {
            return Ok(None);
        }
        let bytes = bytes.min(self.largest);
        if let Some(room) = self.sent.take(who, bytes) {
            return Ok(Some(room));
        }
        let waits = self.waiting.take(who, bytes);
        let room = if waits.is_some() || !safe {
            self.sent.take_within(who, bytes, limits.reply_wait).await
        } else {
            None
        };
        room.map(Some).ok_or_else(|| if safe { unread() } else { untold() })
    }
}

fn unread() -> Error {
    overloaded("Too many replies wait to be read by those who asked. Try again in a second.")
}

fn untold() -> Error {
    let message = "The request was served, but its reply has no room among those that wait to be read. Repeat it with the same \
                   Idempotency-Key, or look at what it was about.";
    Error::new(ErrorKind::Unavailable, "reply_not_sent", message).retry_after(Duration::from_secs(1))
}

/// The body of a reply, which says when it was handed over.
pub struct Outgoing {
    body: Body,
    line: Arc<Line>,
}

impl Outgoing {
    pub fn new(body: Body, line: Arc<Line>) -> Self {
        Self { body, line }
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.line.reply_complete();
    }
}
