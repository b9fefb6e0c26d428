//! The clients that ask both sides.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::Error;

/// Enough to keep a server busy.
const CLIENTS: usize = 32;

/// What one side of a pair used.
#[derive(Default)]
pub struct Used {
    pub cpu: Duration,
    pub took: Duration,
    pub requests: u32,
}

impl Used {
    /// CPU of one request, in microseconds.
    pub fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.requests)
    }

    pub fn rate(&self) -> f64 {
        f64::from(self.requests) / self.took.as_secs_f64()
    }
}

/// Connections that stay open.
pub struct Clients {
    streams: Vec<TcpStream>,
    /// How many requests were sent.
    sent: Cell<u32>,
}

impl Clients {
    pub async fn connect(addr: SocketAddr) -> Result<Self, Error> {
        let streams = join_all((0..CLIENTS).map(|_| TcpStream::connect(addr))).await;
        let streams = streams.into_iter().collect::<Result<_, _>>()?;
        Ok(Self { streams, sent: Cell::new(0) })
    }

    /// Sends so many requests, each client its next one as soon as it is answered. Returns how long they took.
    pub async fn ask(&mut self, requests: u32, request: &dyn Fn(u32) -> Vec<u8>) -> Result<Duration, Error> {
        let (sent, last) = (&self.sent, self.sent.get() + requests);
        let begun = Instant::now();
        let all = self.streams.iter_mut().map(|stream| async move {
            let mut reply = Vec::with_capacity(4096);
            while sent.get() < last {
                let number = sent.replace(sent.get() + 1);
                exchange(stream, &request(number), &mut reply).await?;
            }
            Ok::<_, Error>(())
        });
        join_all(all).await.into_iter().collect::<Result<(), _>>()?;
        Ok(begun.elapsed())
    }
}

/// Sends the request and reads the whole reply, which must be a success.
async fn exchange(stream: &mut TcpStream, request: &[u8], reply: &mut Vec<u8>) -> Result<(), Error> {
    stream.write_all(request).await?;
    reply.clear();
    loop {
        if stream.read_buf(reply).await? == 0 {
            return Err("the connection was closed".into());
        }
        let Some(head) = reply.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(reply.get(..head).unwrap_or_default())?.to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.ok_or("a reply without its length")?.parse()?;
        if reply.len() < head + 4 + length {
            continue;
        }
        if !matches!(text.get(9..12), Some("200" | "201")) {
            return Err(format!("answered {}", text.lines().next().unwrap_or_default()).into());
        }
        return Ok(());
    }
}
