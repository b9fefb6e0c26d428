//! Four times what the local host can do, and what becomes of it: `cargo run --release -p baton --example overload`.
//!
//! Leads are created (each is on the disk before it is acknowledged) over loopback: first by as many clients as keep the
//! host busy, then at four times the rate that these reached, then by the first ones again; five times over. It ends with
//! an error when something else than 503 with `Retry-After` was refused, when what was let in took more than three times as
//! long (p99, median of the rounds), or when the host was not itself again afterwards. With `counts` as its argument it
//! tells the times and holds them to nothing, as where others use the machine.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a stopwatch that prints what it measured"
)]

use std::{
    cell::{Cell, RefCell},
    net::{SocketAddr, TcpListener},
    rc::Rc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use local_host::{house, serve};
use secrecy::{ExposeSecret, SecretString};
use shared::config::{LocalSettings, ProcessEnv};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Clients that keep the host busy.
const BUSY: usize = 32;
/// Clients that share the flood.
const FLOOD: usize = 512;
const TIMES: f64 = 4.0;
const SLICE: Duration = Duration::from_secs(4);
const ROUNDS: usize = 5;
/// What is let in during the flood may take so many times as long.
const SLOWER: f64 = 3.0;
/// Of its former rate the host must reach so much again.
const RECOVERED: f64 = 0.7;

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let dir = tempfile::tempdir_in(".")?;
    let mut settings = LocalSettings::read(&ProcessEnv)?;
    settings.data_dir = dir.path().join("data");
    settings.addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    "warn".clone_into(&mut settings.log);
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let key = client.block_on(async {
        let app = house::open(&settings).await?.app;
        let password = SecretString::from("correct horse battery");
        let made = app.accounts().create_organization("Flood", "flood@example.com", &password).await?;
        Ok::<_, Error>(made.api_key.expose_secret().to_owned())
    })?;
    let served = settings.clone();
    std::thread::spawn(move || {
        let server = tokio::runtime::Runtime::new().map_err(anyhow::Error::from);
        server.and_then(|server| server.block_on(serve::run(&served, true)))
    });
    let measured = client.block_on(measure(settings.addr, &|n| request(settings.addr, &key, n)));
    measured.and_then(|rounds| judge(&rounds))
}

/// What three slices of one round saw: busy, flooded, busy again.
type Round = [Seen; 3];

#[derive(Default)]
struct Seen {
    accepted: Vec<Duration>,
    refused: usize,
    took: Duration,
}

impl Seen {
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
    fn rate(&self) -> f64 {
        self.accepted.len() as f64 / self.took.as_secs_f64()
    }

    fn quantile(&self, of_hundred: usize) -> Duration {
        let mut sorted = self.accepted.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() * of_hundred / 100).copied().unwrap_or_default()
    }
}

fn judge(rounds: &[Round]) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let median = |of: &dyn Fn(&Round) -> f64| {
        let mut all: Vec<_> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    let slower =
        median(&|[busy, flood, _]| flood.quantile(99).as_secs_f64() / busy.quantile(99).as_secs_f64());
    let kept = median(&|[busy, flood, _]| flood.rate() / busy.rate());
    let again = median(&|[busy, _, again]| again.rate() / busy.rate());
    println!("medians: p99 of what was let in × {slower:.2}, rate × {kept:.2}, rate afterwards × {again:.2}");
    let timed = std::env::args().nth(1).is_none_or(|argument| argument != "counts");
    if timed && slower > SLOWER {
        wrong.push(format!("what was let in took {slower:.2} times as long"));
    }
    if timed && again < RECOVERED {
        wrong.push(format!("afterwards the host did {again:.2} of what it did before"));
    }
    if rounds.iter().any(|[busy, flood, again]| busy.refused + again.refused > 0 || flood.refused == 0) {
        wrong.push("the wrong ones were refused".into());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// The request that creates lead number `n`.
fn request(addr: SocketAddr, key: &str, n: u32) -> Vec<u8> {
    let body = format!(
        r#"{{"first_name":"Jane","last_name":"Doe","email":"jane-{n}@example.com","lead_source":"Fair"}}"#
    );
    format!(
        "POST /api/leads HTTP/1.1\r\nhost: {addr}\r\nx-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn measure(addr: SocketAddr, request: &dyn Fn(u32) -> Vec<u8>) -> Result<Vec<Round>, Error> {
    while TcpStream::connect(addr).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut clients = Vec::new();
    for _ in 0..FLOOD {
        let mut client = TcpStream::connect(addr).await?;
        // A connection that has asked for nothing is not kept for as long as the others are measured.
        exchange(&mut client, format!("GET /health HTTP/1.1\r\nhost: {addr}\r\n\r\n").as_bytes()).await?;
        clients.push(client);
    }
    let numbers = &Cell::new(0);
    slice(&mut clients[..BUSY], numbers, request, None).await?;
    println!("load average: {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    println!("{:>16}{:>12}{:>12}{:>12}{:>12}", "", "created/s", "refused/s", "p50", "p99");
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let before = slice(&mut clients[..BUSY], numbers, request, None).await?;
        let flood = slice(&mut clients, numbers, request, Some(before.rate() * TIMES)).await?;
        let after = slice(&mut clients[..BUSY], numbers, request, None).await?;
        for (name, seen) in [("busy", &before), ("four times that", &flood), ("busy again", &after)] {
            #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
            let refused = seen.refused as f64 / seen.took.as_secs_f64();
            let (p50, p99) = (seen.quantile(50), seen.quantile(99));
            println!("{name:>16}{:>12.0}{refused:>12.0}{p50:>12.2?}{p99:>12.2?}", seen.rate());
        }
        rounds.push([before, flood, after]);
    }
    Ok(rounds)
}

/// All clients send for a while: as fast as they are answered, or at a rate that they share.
async fn slice(
    clients: &mut [TcpStream],
    numbers: &Cell<u32>,
    request: &dyn Fn(u32) -> Vec<u8>,
    rate: Option<f64>,
) -> Result<Seen, Error> {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let (start, sent) = (Instant::now(), Cell::new(0_u32));
    let all = clients.iter_mut().map(|stream| {
        let (seen, sent) = (seen.clone(), &sent);
        async move {
            while start.elapsed() < SLICE {
                if let Some(rate) = rate {
                    let due = start + Duration::from_secs_f64(f64::from(sent.get()) / rate);
                    sent.set(sent.get() + 1);
                    tokio::time::sleep_until(due.into()).await;
                }
                let body = request(numbers.replace(numbers.get() + 1));
                let begun = Instant::now();
                let status = exchange(stream, &body).await?;
                let mut seen = seen.borrow_mut();
                match status {
                    201 => seen.accepted.push(begun.elapsed()),
                    503 => seen.refused += 1,
                    other => return Err(format!("answered {other}").into()),
                }
            }
            Ok::<_, Error>(())
        }
    });
    join_all(all).await.into_iter().collect::<Result<(), _>>()?;
    let mut seen = Rc::try_unwrap(seen).map_err(|_| "still in use")?.into_inner();
    seen.took = start.elapsed();
    Ok(seen)
}

/// Sends the request and reads the whole reply. Returns its status, and refuses a 503 that does not say when to come back.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Result<u16, Error> {
    stream.write_all(request).await?;
    let mut reply = Vec::with_capacity(2048);
    loop {
        if stream.read_buf(&mut reply).await? == 0 {
            return Err("the connection was closed".into());
        }
        let Some(head) = reply.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(reply.get(..head).unwrap_or_default())?.to_ascii_lowercase();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let length: usize = header("content-length").unwrap_or("0").parse()?;
        if reply.len() < head + 4 + length {
            continue;
        }
        let status = text.get(9..12).unwrap_or_default().parse()?;
        if status == 503 && header("retry-after").is_none() {
            return Err("a refusal without Retry-After".into());
        }
        return Ok(status);
    }
}
