//! A process that answers over HTTP: a `baton`, or the floor.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Error, bare};

/// A start takes at most so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the kernel counts a process's time in: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>, `USER_HZ`.
const TICKS_A_SECOND: u64 = 100;

/// A process that ends with this value.
pub struct Server {
    process: Child,
    pub addr: SocketAddr,
    key: String,
    /// Where valgrind writes how many instructions there were, when it counts them.
    counted: Option<PathBuf>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the content of payload number `n` says, so that its row is found.
pub fn mark(n: u32) -> String {
    format!("the floor and what stands on it, number {n}")
}

impl Server {
    /// A `baton` as it is delivered, over a data directory of its own, with one organization. Its instructions are counted into a file, if one is given.
    pub fn baton(program: &Path, data: &Path, counted: Option<&Path>) -> Result<Self, Error> {
        let addr = free()?;
        let at_home = |mut command: Command| {
            command.env("BATON_ADDR", addr.to_string()).env("BATON_DATA_DIR", data);
            command
        };
        let mut server = Self::start(at_home(command(program, counted)).arg("serve"), addr, counted)?;
        let password = format!("--admin-password={:032x}", std::process::id());
        let made = at_home(Command::new(program))
            .args(["org", "create", "Floor", "--admin-email", "floor@example.com", &password, "--json"])
            .output()?;
        let made = standins::json(&made.stdout).ok_or("no organization was made")?;
        server.key = made["api_key"].as_str().ok_or("no key was made")?.to_owned();
        Ok(server)
    }

    /// This program as the floor, over the row that holds the mark. Its instructions are counted into a file, if one is given.
    pub fn bare(file: &Path, mark: &str, counted: Option<&Path>) -> Result<Self, Error> {
        let addr = free()?;
        let mut command = command(&std::env::current_exe()?, counted);
        Self::start(command.arg(bare::COMMAND).arg(file).arg(mark).arg(addr.to_string()), addr, counted)
    }

    fn start(command: &mut Command, addr: SocketAddr, counted: Option<&Path>) -> Result<Self, Error> {
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Self { process, addr, key: String::new(), counted: counted.map(Path::to_owned) };
        let begun = Instant::now();
        while TcpStream::connect(addr).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err("the server does not start".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// Stores payload number `n` and returns its id.
    pub fn create(&self, n: u32) -> Result<u64, Error> {
        let mut stream = TcpStream::connect(self.addr)?;
        let request = String::from_utf8(self.posted(n))?.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        stream.write_all(request.as_bytes())?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        let body = reply.split_once("\r\n\r\n").and_then(|(_, body)| standins::json(body));
        body.and_then(|body: Value| body["id"].as_u64()).ok_or_else(|| format!("not stored: {reply}").into())
    }

    /// The request that stores payload number `n`, of half a kilobyte.
    pub fn posted(&self, n: u32) -> Vec<u8> {
        let content = json!({ "text": mark(n), "more": "x".repeat(400) });
        let body = json!({ "title": format!("Report {n}"), "payload": content }).to_string();
        let head = self.head("POST /api/payloads");
        let typed = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        (head + &typed).into_bytes()
    }

    /// The request that reads a payload.
    pub fn read(&self, id: u64) -> Vec<u8> {
        (self.head(&format!("GET /api/payloads/{id}")) + "\r\n").into_bytes()
    }

    /// A request without a credential.
    pub fn plain(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.addr).into_bytes()
    }

    fn head(&self, line: &str) -> String {
        format!("{line} HTTP/1.1\r\nhost: {}\r\nx-api-key: {}\r\n", self.addr, self.key)
    }

    /// What the process has used of the processors so far, system included.
    pub fn cpu(&self) -> Result<Duration, Error> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // Behind the name, which may hold anything: state is the third field, the two times are the 14th and 15th.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
        let (user, system) = ticks(11).zip(ticks(12)).ok_or("no times in /proc")?;
        Ok(Duration::from_millis((user + system) * 1000 / TICKS_A_SECOND))
    }

    /// Ends the process, and tells how many instructions it took from its start.
    pub fn counted(mut self) -> Result<u64, Error> {
        let file = self.counted.take().ok_or("nobody counts")?;
        Command::new("kill").args(["-s", "TERM", &self.process.id().to_string()]).status()?;
        self.process.wait()?;
        let text =
            std::fs::read_to_string(&file).map_err(|_| "valgrind counted nothing: is it installed?")?;
        std::fs::remove_file(&file)?;
        let summary = text.lines().rev().find_map(|line| line.strip_prefix("summary: "));
        Ok(summary.ok_or("valgrind wrote no sum")?.trim().parse()?)
    }
}

/// The program, or valgrind that counts it.
fn command(program: &Path, counted: Option<&Path>) -> Command {
    let Some(file) = counted else { return Command::new(program) };
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no"]);
    command.arg(format!("--cachegrind-out-file={}", file.display())).arg(program);
    command
}

fn free() -> Result<SocketAddr, Error> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
