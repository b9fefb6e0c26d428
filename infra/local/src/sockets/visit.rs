//! One request's stay: its turn at the gate, its body, and the room that both take.
//!
//! Its one rule: nobody waits for a client with a turn in hand. Until it is known who calls, the turn is the address's; then it
//! is the caller's; it is given back while the body is on its way, and taken anew when the body is there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use futures::FutureExt;
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use shared::{
    error::{Error, ErrorKind, Result},
    http::{entry::Entry, layers},
    tenant::TenantId,
};
use tokio::time::{Duration, Instant, sleep, timeout};

use super::{
    accept::Host,
    body::{self, Arriving},
    flow::Flow,
    known::Trace,
    limits::STREAM,
    line::Line,
    shares::Share,
    who::Who,
};
use crate::gate::{Lane, Turn};

/// A body's pace is looked at so often, and twice within its grace.
const LOOK: Duration = Duration::from_secs(1);

pub struct Visit {
    host: Arc<Host>,
    line: Arc<Line>,
    /// Whoever is at the address.
    peer: Who,
    lane: Option<Lane>,
    credential: Option<Trace>,
    declared: Option<usize>,
    /// What is declared says nothing of how much room the body takes.
    packed: bool,
    /// The client sends its body only when it is told to go on.
    asks_first: bool,
    /// For what outlives the call that it came with.
    me: Weak<Self>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    incoming: Option<Incoming>,
    turn: Option<Turn>,
    room: Option<Share<Who>>,
    /// Whose it is, as its credential was known before, or as the platform says.
    tenant: Option<TenantId>,
    entered: bool,
    /// The body was waited for.
    awaited: bool,
    late: bool,
}

/// What is known of a request when it comes.
pub struct Head {
    pub peer: Who,
    pub lane: Option<Lane>,
    pub credential: Option<Trace>,
    pub declared: Option<usize>,
    pub packed: bool,
    pub asks_first: bool,
}

impl Visit {
    pub fn begin(host: &Arc<Host>, line: &Arc<Line>, head: &Head, incoming: Incoming) -> Arc<Self> {
        let incoming = Some(incoming).filter(|incoming| !incoming.is_end_stream());
        let Head { peer, lane, credential, declared, packed, asks_first } = *head;
        let tenant = credential.and_then(|credential| host.known.tenant(credential));
        let held = Mutex::new(Held { incoming, tenant, ..Held::default() });
        Arc::new_cyclic(|me| Self {
            host: host.clone(),
            line: line.clone(),
            peer,
            lane,
            credential,
            declared,
            packed,
            asks_first,
            me: me.clone(),
            held,
        })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom the request is counted for.
    pub fn caller(&self) -> Who {
        self.held().tenant.map_or(self.peer, Who::Tenant)
    }

    /// Takes a turn for whom the request is counted for now, instead of the one that it has.
    pub fn take_turn(&self) -> Result<()> {
        let Some(lane) = self.lane else { return Ok(()) };
        let who = self.caller();
        let mut held = self.held();
        held.turn = None;
        held.turn = Some(self.host.gate.enter(lane, who)?);
        Ok(())
    }

    /// It is known who calls: the turn is theirs, if it is not already.
    fn name(&self, tenant: Option<TenantId>) -> Result<()> {
        if let (Some(credential), Some(tenant)) = (self.credential, tenant) {
            self.host.known.learn(credential, tenant);
        }
        let mut held = self.held();
        held.entered = true;
        let guessed = std::mem::replace(&mut held.tenant, tenant) == tenant;
        drop(held);
        if guessed { Ok(()) } else { self.take_turn() }
    }

    /// Whether the body came too slowly.
    pub fn was_late(&self) -> bool {
        self.held().late
    }

    /// The request has its reply.
    pub fn end(&self) {
        let refused = {
            let held = self.held();
            held.turn.is_some() && !held.entered
        };
        if let Some(credential) = self.credential.filter(|_| refused) {
            self.host.known.forget(credential);
        }
        self.throw_rest_away();
    }

    /// What was not read of the body is read and thrown away for a while: a client that sends all before it reads would not see
    /// its reply otherwise. One that asks first is not told to go on, and one that was late is not waited for any more.
    fn throw_rest_away(&self) {
        let mut held = self.held();
        let Some(rest) = held.incoming.take() else { return };
        if held.late || self.asks_first && !held.awaited {
            return;
        }
        let (bytes, time, line) =
            (self.host.limits.rest_bytes, self.host.limits.rest_time, self.line.clone());
        line.throws_rest_away(true);
        #[expect(clippy::disallowed_methods, reason = "a process of its own lives on after the reply")]
        tokio::spawn(async move {
            let _ = timeout(time, read_away(rest, bytes)).await;
            line.throws_rest_away(false);
        });
    }

    /// Reads the body while its client sends it.
    async fn read(&self, body: &mut Arriving) -> Result<()> {
        while let Some(ended) = body.next().now_or_never() {
            if ended? {
                return Ok(());
            }
        }
        self.stand_back();
        let (begun, every) = (Instant::now(), self.look_every());
        let look = sleep(every);
        tokio::pin!(look);
        loop {
            tokio::select! {
                biased;
                () = &mut look => {
                    self.keeps_pace(begun.elapsed(), body.came(), false)?;
                    look.as_mut().reset(Instant::now() + every);
                }
                ended = body.next() => if ended? { break },
            }
        }
        Ok(())
    }

    fn look_every(&self) -> Duration {
        LOOK.min(self.host.limits.body.grace / 2)
    }

    /// The client is waited for, and nobody waits with a turn.
    pub fn stand_back(&self) {
        {
            let mut held = self.held();
            held.turn = None;
            held.awaited = true;
        }
        self.line.reads_body(true);
    }

    /// The body is there.
    pub fn go_on(&self) -> Result<()> {
        self.line.reads_body(false);
        if self.held().turn.is_some() { Ok(()) } else { self.take_turn() }
    }

    /// Fails, once and for all, when so many bytes are too few for the time.
    pub fn keeps_pace(&self, took: Duration, came: usize, streams: bool) -> Result<()> {
        let limits = &self.host.limits;
        let most = if streams { limits.stream_time } else { limits.body_time };
        if took <= most && !limits.body.missed(took, came) {
            return Ok(());
        }
        self.held().late = true;
        Err(Error::new(ErrorKind::Malformed, "body_too_slow", "The body did not arrive in time."))
    }

    /// What is left of a body that nobody wants.
    pub fn leave(&self, rest: Incoming) {
        self.held().incoming = Some(rest);
    }

    /// Hands the body on as it comes, with room for as much of it as is in memory at once.
    async fn stream(&self, incoming: Incoming) -> Result<Option<Body>> {
        let limit = usize::try_from(self.host.app.settings.max_file_bytes).unwrap_or(usize::MAX);
        let room = match self.declared {
            Some(declared) if declared > limit => Err(layers::too_large(limit)),
            declared => self.make_room(Some(declared.unwrap_or(STREAM).min(STREAM))).await,
        };
        match (room, self.me.upgrade()) {
            (Ok(room), Some(visit)) => {
                self.held().room = room;
                Ok(Some(Body::new(Flow::new(visit, incoming, limit, self.look_every()))))
            }
            (room, _) => {
                self.leave(incoming);
                room.map(|_| None)
            }
        }
    }

    /// Room for the body, as soon as there is some.
    async fn make_room(&self, declared: Option<usize>) -> Result<Option<Share<Who>>> {
        let Some(bytes) = body::room_for(declared) else { return Ok(None) };
        let (who, bodies) = (self.caller(), &self.host.bodies);
        if let Some(room) = bodies.take(who, bytes) {
            return Ok(Some(room));
        }
        self.held().turn = None;
        let room = bodies.take_within(who, bytes, self.host.limits.body_wait).await;
        room.map(Some).ok_or_else(body::no_room)
    }
}

#[async_trait]
impl Entry for Visit {
    async fn enter(&self, tenant: Option<TenantId>, streams: bool) -> Result<Option<Body>> {
        self.name(tenant)?;
        let Some(incoming) = self.held().incoming.take() else { return Ok(None) };
        if streams {
            return self.stream(incoming).await;
        }
        let limit = self.host.app.settings.max_body_bytes;
        let room = match self.declared {
            Some(declared) if declared > limit => Err(layers::too_large(limit)),
            _ if self.packed => self.make_room(Some(limit)).await,
            declared => self.make_room(declared).await,
        };
        let room = match room {
            Ok(room) => room,
            Err(error) => {
                self.leave(incoming);
                return Err(error);
            }
        };
        let mut body = Arriving::new(incoming, self.declared, limit, room);
        if let Err(error) = self.read(&mut body).await {
            self.leave(body.rest());
            return Err(error);
        }
        let (bytes, room) = body.whole();
        self.held().room = room;
        self.go_on()?;
        Ok(Some(Body::from(bytes)))
    }
}

async fn read_away(mut rest: Incoming, most: usize) {
    let mut left = most;
    while let Some(Ok(frame)) = rest.frame().await {
        let came = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(came) {
            Some(less) => left = less,
            None => return,
        }
    }
}
