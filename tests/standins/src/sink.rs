//! A server on this machine that counts what reaches it.
//!
//! Its one rule: a connection counts, whether a byte follows it or not.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What a sink does once a request is in.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Writes this, and closes if it says `connection: close`.
    Says(String),
    /// Keeps the connection open without a word.
    Nothing,
    /// Closes at once.
    HangsUp,
}

/// A success with this body.
pub fn ok(body: &str) -> Answer {
    Answer::Says(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// A server on a thread of its own; it lives as long as the test process.
#[derive(Debug)]
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    /// On a free port of 127.0.0.1.
    pub fn on_loopback(answer: Answer) -> Self {
        Self::on("127.0.0.1:0", answer).unwrap()
    }

    /// On every local address of both families, if this machine has both: wherever a forbidden address leads.
    pub fn everywhere(answer: Answer) -> Self {
        Self::on("[::]:0", answer.clone()).or_else(|_| Self::on("0.0.0.0:0", answer)).unwrap()
    }

    /// # Errors
    /// When the address cannot be listened on.
    pub fn on(address: &str, answer: Answer) -> std::io::Result<Self> {
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

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.address.port())
    }

    /// The heads and bodies that arrived, in order.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many connections were made before this call. Connects once itself: the backlog is first in, first out, so
    /// when that connection has been accepted, so has every earlier one.
    pub fn connections(&self) -> usize {
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
pub fn read_request(peer: &mut impl Read) -> Option<String> {
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
