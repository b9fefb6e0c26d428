//! A body on its way in.
//!
//! Its one rule: it is counted before it is kept, and what has come in one piece is not copied.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use shared::{
    error::{Error, Result},
    http::layers,
};

use super::{
    shares::{Share, Shares},
    who::Who,
};
use crate::gate::overloaded;

/// What is not declared is counted in steps of this.
const STEP: usize = 64 * 1024;

pub struct Arriving {
    incoming: Incoming,
    room: Share<Who>,
    declared: Option<usize>,
    limit: usize,
    /// The only piece so far.
    piece: Option<Bytes>,
    pieces: BytesMut,
    came: usize,
}

impl Arriving {
    /// Makes room for the body. Gives it back, with the error, where there is none.
    pub fn begin(
        incoming: Incoming,
        declared: Option<usize>,
        limit: usize,
        bodies: &Arc<Shares<Who>>,
        who: Who,
    ) -> Result<Self, (Incoming, Error)> {
        if declared.is_some_and(|declared| declared > limit) {
            return Err((incoming, layers::too_large(limit)));
        }
        match bodies.take(who, declared.unwrap_or(STEP)) {
            Some(room) => {
                let (piece, pieces) = (None, BytesMut::new());
                Ok(Self { incoming, room, declared, limit, piece, pieces, came: 0 })
            }
            None => Err((incoming, no_room())),
        }
    }

    /// Waits for the next piece. Whether that was the end.
    pub async fn next(&mut self) -> Result<bool> {
        let frame = match self.incoming.frame().await {
            None => return Ok(true),
            Some(frame) => frame.map_err(layers::broken_off)?,
        };
        let Ok(piece) = frame.into_data() else { return Ok(false) };
        self.came += piece.len();
        if self.came > self.limit {
            return Err(layers::too_large(self.limit));
        }
        while self.came > self.room.amount() {
            if !self.room.grow(STEP) {
                return Err(no_room());
            }
        }
        self.keep(piece);
        Ok(false)
    }

    fn keep(&mut self, piece: Bytes) {
        if self.came == piece.len() {
            self.piece = Some(piece);
            return;
        }
        if let Some(first) = self.piece.take() {
            self.pieces.reserve(self.declared.unwrap_or_default().max(self.came));
            self.pieces.extend_from_slice(&first);
        }
        self.pieces.extend_from_slice(&piece);
    }

    pub fn came(&self) -> usize {
        self.came
    }

    /// The body, and the room that it holds.
    pub fn whole(self) -> (Bytes, Share<Who>) {
        (self.piece.unwrap_or_else(|| self.pieces.freeze()), self.room)
    }

    /// What is still to come.
    pub fn rest(self) -> Incoming {
        self.incoming
    }
}

fn no_room() -> Error {
    overloaded("More is being sent than this machine can hold at once. Try again in a second.")
}
