//! A body on its way in.
//!
//! Its one rule: it is counted before it is kept, and what has come in one piece is not copied.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use shared::{
    error::{Error, Result},
    http::layers,
};

use super::{limits::SMALL_BODY, shares::Share, who::Who};
use crate::gate::overloaded;

/// What is not declared is counted in steps of this.
const STEP: usize = 64 * 1024;

pub struct Arriving {
    incoming: Incoming,
    room: Option<Share<Who>>,
    declared: Option<usize>,
    limit: usize,
    /// The only piece so far.
    piece: Option<Bytes>,
    pieces: BytesMut,
    came: usize,
}

impl Arriving {
    /// A body for which there is this room; none is needed for a small one.
    pub fn new(incoming: Incoming, declared: Option<usize>, limit: usize, room: Option<Share<Who>>) -> Self {
        Self { incoming, room, declared, limit, piece: None, pieces: BytesMut::new(), came: 0 }
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
        if let Some(room) = &mut self.room {
            while self.came > room.amount() {
                if !room.grow(STEP) {
                    return Err(no_room());
                }
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
    pub fn whole(self) -> (Bytes, Option<Share<Who>>) {
        (self.piece.unwrap_or_else(|| self.pieces.freeze()), self.room)
    }

    /// What is still to come.
    pub fn rest(self) -> Incoming {
        self.incoming
    }
}

/// The room that a body needs before any of it is read: what it declares, or the first step.
pub fn room_for(declared: Option<usize>) -> Option<usize> {
    match declared {
        Some(declared) => Some(declared).filter(|declared| *declared > SMALL_BODY),
        None => Some(STEP),
    }
}

/// The refusal of a body for which there is no room.
pub fn no_room() -> Error {
    overloaded("More is being sent than this machine can hold at once. Try again in a second.")
}
