//! A DNS that says what a test wants, and a server that counts what reaches it.

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::egress::{Guarded, OutRequest, Policy, Resolver};

/// Gives its answers in turn, from the first again after the last, and keeps count.
pub(super) struct FakeDns {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl FakeDns {
    pub(super) fn new(answers: &[&str]) -> Arc<Self> {
        let parse = |answer: &&str| answer.split(',').map(|a| a.trim().parse().unwrap()).collect();
        Arc::new(Self { answers: answers.iter().map(parse).collect(), asked: AtomicUsize::new(0) })
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Resolver for FakeDns {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, String> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        match self.answers.len() {
            0 => Err("must not be asked".to_owned()),
            many => Ok(self.answers[turn % many].clone()),
        }
    }
}

/// Never answers.
pub(super) struct DeafDns;

#[async_trait]
impl Resolver for DeafDns {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, String> {
        std::future::pending().await
    }
}

pub(super) fn nothing_allowed() -> Policy {
    Policy::default()
}

pub(super) fn loopback_allowed() -> Policy {
    Policy { allow_loopback: true, ..Policy::default() }
}

pub(super) fn guarded(policy: Policy, dns: Arc<dyn Resolver>) -> Guarded {
    Guarded::new(policy, dns).unwrap()
}

/// A client that may call this machine and whose DNS fails.
pub(super) fn local_client() -> Guarded {
    guarded(loopback_allowed(), FakeDns::new(&[]))
}

pub(super) fn get(url: &str) -> OutRequest {
    OutRequest {
        method: Method::GET,
        url: Url::parse(url).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: Duration::from_secs(5),
        max_reply_bytes: 1024,
    }
}

pub(super) fn post(url: &str, body: &'static str) -> OutRequest {
    OutRequest { method: Method::POST, body: Bytes::from_static(body.as_bytes()), ..get(url) }
}

/// What a sink does once a request is in.
#[derive(Clone)]
pub(super) enum Answer {
    /// Writes this, and closes if it says `connection: close`.
    Says(String),
    /// Keeps the connection open without a word.
    Nothing,
    /// Closes at once.
    HangsUp,
}

pub(super) fn ok(body: &str) -> Answer {
    Answer::Says(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// A server on a thread of its own; it lives as long as the test process.
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    pub(super) fn on_loopback(answer: Answer) -> Self {
        Self::on("127.0.0.1:0", answer).unwrap()
    }

    pub(super) fn on(address: &str, answer: Answer) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let sink =
            Self { address: listener.local_addr()?, accepted: Arc::default(), requests: Arc::default() };
        let (accepted, requests) = (Arc::clone(&sink.accepted), Arc::clone(&sink.requests));
        thread::spawn(move || {
            for peer in listener.incoming().flatten() {
                accepted.fetch_add(1, Ordering::SeqCst);
                let (answer, requests) = (answer.clone(), Arc::clone(&requests));
                thread::spawn(move || serve(peer, &answer, &requests));
            }
        });
        Ok(sink)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.address.port())
    }

    /// The heads and bodies that arrived, in order.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many connections were made before this call. Connects once itself: the backlog is first in, first out, so
    /// when that connection has been accepted, so has every earlier one.
    pub(super) fn connections(&self) -> usize {
        let before_probe = self.accepted.load(Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.address.port())).unwrap());
        while self.accepted.load(Ordering::SeqCst) <= before_probe {
            thread::yield_now();
        }
        // A straggler accepted before the probe would leave the counter moving: wait until it rests.
        loop {
            let seen = self.accepted.load(Ordering::SeqCst);
            thread::sleep(Duration::from_millis(20));
            if self.accepted.load(Ordering::SeqCst) == seen {
                return self.accepted.fetch_sub(1, Ordering::SeqCst) - 1;
            }
        }
    }
}

fn serve(mut peer: TcpStream, answer: &Answer, requests: &Mutex<Vec<String>>) {
    while let Some(request) = read_request(&mut peer) {
        requests.lock().unwrap().push(request);
        match answer {
            Answer::Says(text) => {
                if peer.write_all(text.as_bytes()).is_err() || text.contains("connection: close") {
                    return;
                }
            }
            Answer::Nothing => thread::sleep(Duration::from_hours(1)),
            Answer::HangsUp => return,
        }
    }
}

/// Head and body of one request, or `None` when the peer is gone.
pub(super) fn read_request(peer: &mut impl Read) -> Option<String> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        peer.read_exact(&mut byte).ok()?;
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).ok()?;
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    peer.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).ok()?)
}
