//! What a client does that means harm, or has a very bad line: over plain sockets, from any address of loopback.
//!
//! Its one rule: it judges nothing. It does what it is told for as long as it is there, and tells what came back.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A reply, as far as it came.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// One connection.
pub struct Client(pub TcpStream);

impl Client {
    /// Connects from 127.0.0.`from`: each is a peer of its own.
    pub fn connect(addr: &str, from: u8) -> std::io::Result<Self> {
        Self::with_window(addr, from, None)
    }

    /// The same with so small a receive buffer that the server's reply stays with the server.
    pub fn with_window(addr: &str, from: u8, bytes: Option<usize>) -> std::io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if let Some(bytes) = bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0)).into())?;
        let addr: SocketAddr = addr.parse().map_err(std::io::Error::other)?;
        socket.connect_timeout(&addr.into(), PATIENCE)?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.0.write_all(bytes.as_ref())
    }

    /// The next reply. An error means that it did not arrive whole.
    pub fn reply(&mut self) -> std::io::Result<Reply> {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                let mut reply = Reply { status: status.unwrap_or(0), head, body: Vec::new() };
                let length =
                    reply.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
                if bytes.len() >= end + 4 + length {
                    reply.body = bytes.get(end + 4..end + 4 + length).unwrap_or_default().to_vec();
                    return Ok(reply);
                }
            }
            match self.0.read(&mut buffer)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => bytes.extend(buffer.iter().take(read)),
            }
        }
    }

    /// Asks and waits for the reply.
    pub fn ask(&mut self, request: impl AsRef<[u8]>) -> std::io::Result<Reply> {
        self.send(request)?;
        self.reply()
    }

    /// How long it takes until the server ends the connection; what it says meanwhile is read. None if it does not in time.
    pub fn ended_within(&mut self, time: Duration) -> Option<Duration> {
        let begun = Instant::now();
        let mut buffer = [0; 16 * 1024];
        loop {
            let left = time.checked_sub(begun.elapsed()).filter(|left| !left.is_zero())?;
            self.0.set_read_timeout(Some(left)).ok()?;
            match self.0.read(&mut buffer) {
                Ok(0) => return Some(begun.elapsed()),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return None;
                }
                Err(_) => return Some(begun.elapsed()),
            }
        }
    }
}

/// A request as text. The body's length is declared.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: baton\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The head of a request whose body is to be so long.
pub fn head_of(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: baton\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
    )
}

/// Many connections of one address that each said the same and then do little or nothing.
pub struct Crowd {
    pub clients: Vec<Client>,
    /// Connections that were not even made.
    pub refused: usize,
}

impl Crowd {
    /// So many that say `first` and then nothing.
    pub fn gather(addr: &str, from: u8, count: usize, first: &[u8]) -> Self {
        Self::of(count, first, || Client::connect(addr, from))
    }

    /// So many that ask, and do not read the reply.
    pub fn not_reading(addr: &str, from: u8, count: usize, request: &[u8]) -> Self {
        Self::of(count, request, || Client::with_window(addr, from, Some(4096)))
    }

    fn of(count: usize, first: &[u8], connect: impl Fn() -> std::io::Result<Client>) -> Self {
        let mut crowd = Self { clients: Vec::new(), refused: 0 };
        for _ in 0..count {
            match connect() {
                Ok(mut client) => {
                    // Who was refused may be gone already, and finds out later.
                    let _ = client.send(first);
                    crowd.clients.push(client);
                }
                Err(_) => crowd.refused += 1,
            }
        }
        crowd
    }

    /// From now on each sends one byte of `bytes` after the other, one `every` so often.
    pub fn trickle(&self, bytes: &'static [u8], every: Duration) -> Trickle {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, streams): (_, Vec<_>) =
            (stop.clone(), self.clients.iter().filter_map(|client| client.0.try_clone().ok()).collect());
        let thread = thread::spawn(move || {
            for byte in bytes.iter().cycle() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                for mut stream in &streams {
                    // Whoever was closed is closed.
                    let _ = stream.write_all(std::slice::from_ref(byte));
                }
                thread::sleep(every);
            }
        });
        Trickle { stop, thread: Some(thread) }
    }
}

/// Ends the trickling when it is dropped.
pub struct Trickle {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Trickle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
