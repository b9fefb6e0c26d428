//! Who gets a connection, and when it ends.
//!
//! Its one rule: the newcomer is refused, not who is served already; but one that has asked for nothing yet gives way to one that
//! may.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use shared::{
    app::SharedApp,
    http::{layers, proxies::Proxies},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    answer::answer,
    known::Known,
    limits::Limits,
    line::{Line, Phase},
    reply::Replies,
    shares::Shares,
    socket::Socket,
    who::Who,
    words,
};
use crate::gate::Gate;

/// One may have so many times what is left for others: two thirds of it when alone.
const TIMES: usize = 2;
/// A connection that has asked for nothing for so long gives way.
const SILENCE: Duration = Duration::from_secs(1);
/// When the system has no socket to give, it is asked again after this.
const BREATH: Duration = Duration::from_millis(100);
/// What hyper reads ahead of a body, for each connection.
const BUFFER: usize = 64 * 1024;
/// Refusals are counted, and told this often at most.
const TELL: Duration = Duration::from_secs(10);
/// After the wish to stop, connections are looked at this often.
const LOOK: Duration = Duration::from_millis(50);

/// What all connections share.
pub struct Host {
    pub app: SharedApp,
    pub limits: Arc<Limits>,
    pub proxies: Proxies,
    pub gate: Gate,
    pub bodies: Arc<Shares<Who>>,
    pub replies: Replies,
    pub known: Known,
    pub routes: layers::Platform,
    places: Arc<Shares<Who>>,
    /// Connections that had asked for nothing when they were last looked at, the oldest first.
    silent: Mutex<VecDeque<Weak<Line>>>,
    refused: AtomicUsize,
}

impl Host {
    /// Every route of the app, within these limits.
    pub fn new(app: &SharedApp, limits: Limits, proxies: Proxies) -> Arc<Self> {
        Arc::new(Self {
            app: app.clone(),
            proxies,
            gate: Gate::new(&limits),
            bodies: Shares::new(limits.counted_bodies(), TIMES),
            replies: Replies::new(&limits),
            known: Known::default(),
            routes: layers::platform(crate::router().into(), app.clone()),
            places: Shares::new(limits.connections, TIMES),
            silent: Mutex::default(),
            refused: AtomicUsize::new(0),
            limits: Arc::new(limits),
        })
    }

    /// Serves until `stop`; then until what is under way is done, or has had its time.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
        let mut lines = JoinSet::new();
        let (stopping, stopped) = watch::channel(false);
        tokio::pin!(stop);
        let mut told = Instant::now();
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                Some(_) = lines.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => match self.place(address.ip()) {
                    Some(line) => {
                        lines.spawn(self.clone().attend(stream, address, line, stopped.clone()));
                    }
                    None => self.refuse(&stream),
                },
                // Nobody is at the other end any more.
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be taken");
                    tokio::select! {
                        () = &mut stop => break,
                        () = sleep(BREATH) => {}
                    }
                }
            }
            if told.elapsed() >= TELL {
                told = Instant::now();
                self.tell();
            }
        }
        drop(listener);
        self.tell();
        let _ = stopping.send(true);
        // Each ends by itself; this is for one that does not.
        let _ = timeout(self.limits.farewell + BREATH, async { while lines.join_next().await.is_some() {} })
            .await;
    }

    /// A place for a newcomer. A trusted proxy stands for many.
    fn place(&self, address: IpAddr) -> Option<Arc<Line>> {
        let who = Who::at(address);
        let many = self.proxies.trusts(address);
        let take = || if many { self.places.take_for_many(who, 1) } else { self.places.take(who, 1) };
        let place = take().or_else(|| {
            self.make_way(who);
            take()
        })?;
        let line = Line::new(who, place);
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).push_back(Arc::downgrade(&line));
        Some(line)
    }

    /// Ends the oldest connection of the same peer that has asked for nothing, or of anybody where there is none of theirs.
    fn make_way(&self, who: Who) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.retain(|line| line.upgrade().is_some_and(|line| line.silent(Duration::ZERO)));
        let mut lines = silent.iter().filter_map(Weak::upgrade).filter(|line| line.silent(SILENCE));
        let first = lines.next();
        let theirs = first.iter().cloned().chain(lines).find(|line| line.who == who);
        if let Some(line) = theirs.or(first) {
            line.give_up_place();
        }
    }

    /// Tells a newcomer that there is no room, if that can be told at once.
    fn refuse(&self, stream: &TcpStream) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let _ = stream.try_write(&words::no_room(&self.app));
    }

    fn tell(&self) {
        let refused = self.refused.swap(0, Ordering::Relaxed);
        if refused > 0 {
            tracing::warn!(refused, "more connections than there is room for");
        }
    }

    /// One connection to its end.
    async fn attend(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        line: Arc<Line>,
        mut stopped: watch::Receiver<bool>,
    ) {
        // A reply leaves when it is there, not when the next one is.
        let _ = stream.set_nodelay(true);
        let (limits, here) = (&self.limits, line.clone());
        let socket = Socket::new(stream, line.clone(), limits.clone(), self.app.clone());
        let service = service_fn(|request| {
            let (host, line) = (&self, &here);
            async move { Ok::<_, Infallible>(answer(host, line, address.ip(), request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_header_size(limits.head_bytes)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(socket), service);
        tokio::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return debug(ended),
            () = line.cut.notified() => return,
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        connection.as_mut().graceful_shutdown();
        let begun = Instant::now();
        loop {
            tokio::select! {
                ended = connection.as_mut() => return debug(ended),
                () = sleep(LOOK) => {}
            }
            let patience = match line.phase() {
                Phase::Waiting { .. } | Phase::Head { .. } => limits.farewell_idle,
                Phase::Body => limits.farewell_body,
                Phase::Work | Phase::Reply { .. } => limits.farewell,
            };
            if begun.elapsed() >= patience {
                return;
            }
        }
    }
}

fn debug(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// Whether only this one connection is concerned.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
