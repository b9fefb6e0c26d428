//! Where one connection stands, as its socket and its requests both see it.
//!
//! Its one rule: it says what is waited for, and for whom. How long is for the limits.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{shares::Share, who::Who};

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing of a request has come since then.
    Waiting { since: Instant },
    /// A part of a head has come, its first byte then.
    Head { since: Instant },
    /// The body is read.
    Body,
    /// The request is worked on.
    Work,
    /// The reply is on its way: handed over, as far as it has been made, since then.
    Reply { since: Instant, complete: bool },
}

/// One connection.
#[derive(Debug)]
pub struct Line {
    pub who: Who,
    state: Mutex<State>,
    /// Tells the connection to end.
    pub cut: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// A whole head has come at some time.
    spoke: bool,
    /// What is left of a refused request's body is thrown away.
    rest: bool,
    /// Held for as long as the connection is there.
    place: Option<Share<Who>>,
    /// Held until the reply has left.
    reply: Option<Share<Who>>,
}

impl Line {
    pub fn new(who: Who, place: Share<Who>) -> Arc<Self> {
        let phase = Phase::Waiting { since: Instant::now() };
        let state = Mutex::new(State { phase, spoke: false, rest: false, place: Some(place), reply: None });
        Arc::new(Self { who, state, cut: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn phase(&self) -> Phase {
        self.state().phase
    }

    /// Bytes came.
    pub fn heard(&self) {
        let mut state = self.state();
        if let Phase::Waiting { .. } = state.phase
            && !state.rest
        {
            state.phase = Phase::Head { since: Instant::now() };
        }
    }

    /// What is left of a body is thrown away from now on, or no longer.
    pub fn throws_rest_away(&self, rest: bool) {
        let mut state = self.state();
        state.rest = rest;
        if let Phase::Waiting { since } = &mut state.phase {
            *since = Instant::now();
        }
    }

    /// A request is there.
    pub fn begin(&self) {
        let mut state = self.state();
        state.spoke = true;
        state.phase = Phase::Work;
    }

    /// Its body is waited for, or it is no longer.
    pub fn reads_body(&self, reads: bool) {
        self.state().phase = if reads { Phase::Body } else { Phase::Work };
    }

    /// There is a reply, and room for it.
    pub fn reply(&self, room: Option<Share<Who>>) {
        let mut state = self.state();
        state.reply = room;
        state.phase = Phase::Reply { since: Instant::now(), complete: false };
    }

    /// The whole reply was handed over.
    pub fn reply_complete(&self) {
        if let Phase::Reply { complete, .. } = &mut self.state().phase {
            *complete = true;
        }
    }

    /// All that was handed over has left.
    pub fn flushed(&self) -> bool {
        let mut state = self.state();
        let left = matches!(state.phase, Phase::Reply { complete: true, .. });
        if left {
            state.reply = None;
            state.phase = Phase::Waiting { since: Instant::now() };
        }
        left
    }

    /// Whether anything was ever asked here.
    pub fn spoke(&self) -> bool {
        self.state().spoke
    }

    /// Whether nothing was ever asked here, for at least so long.
    pub fn silent(&self, span: Duration) -> bool {
        let state = self.state();
        let since = match state.phase {
            Phase::Waiting { since } | Phase::Head { since } => since,
            Phase::Body | Phase::Work | Phase::Reply { .. } => return false,
        };
        !state.spoke && since.elapsed() >= span
    }

    /// Ends the connection and frees its place at once.
    pub fn give_up_place(&self) {
        self.state().place = None;
        self.cut.notify_one();
    }
}
