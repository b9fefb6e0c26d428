//! The binary as an operator meets it: a process, its output, its signals, and HTTP over plain sockets.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use shared::egress::OutRequest;

/// Nothing here takes longer, not even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// `baton`, with nothing but these settings.
pub fn command(data: &Path, settings: &[(&str, &str)]) -> Command {
    command_by(Path::new(env!("CARGO_BIN_EXE_baton")), data, settings)
}

/// The same by another program, such as a script that sets the scene and then becomes `baton`.
pub fn command_by(program: &Path, data: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("BATON_DATA_DIR", data).env("BATON_ADDR", "127.0.0.1:0");
    command.envs(settings.iter().copied());
    command
}

/// Runs a command of the CLI to its end.
pub fn run(data: &Path, arguments: &[&str]) -> Output {
    command(data, &[]).args(arguments).output().unwrap()
}

/// The JSON that a command printed.
pub fn printed(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A server process.
pub struct Baton {
    pub child: Child,
    pub addr: String,
    /// What it said when it started.
    pub greeting: String,
    log: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Baton {
    /// Starts `baton serve --json` and waits for its greeting.
    pub fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::greeted(data, settings, &["serve", "--json"], |line| line.starts_with('{'))
    }

    /// Starts it with other arguments; `last` knows the last line of the greeting.
    pub fn greeted(
        data: &Path,
        settings: &[(&str, &str)],
        arguments: &[&str],
        last: impl Fn(&str) -> bool,
    ) -> Self {
        let mut command = command(data, settings);
        command.args(arguments);
        Self::spawned(command, last)
    }

    /// Starts a command that becomes it.
    pub fn spawned(mut command: Command, last: impl Fn(&str) -> bool) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (said, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stdout = thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody listens any more once the greeting is complete.
                let _ = said.send(line);
            }
        });
        let log = Arc::new(Mutex::new(String::new()));
        let (kept, stderr) = (log.clone(), BufReader::new(child.stderr.take().unwrap()));
        let stderr = thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let greeting =
            greeting(&lines, last).unwrap_or_else(|| panic!("no greeting: {}", log.lock().unwrap()));
        let addr = greeting.split_once("http://").unwrap().1;
        let addr =
            addr.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).next().unwrap().to_owned();
        Self { child, addr, greeting, log, readers: vec![stdout, stderr] }
    }

    /// The key that the first start printed.
    pub fn key(&self) -> String {
        let greeting: Value = serde_json::from_str(&self.greeting).unwrap();
        greeting["api_key"].as_str().unwrap().to_owned()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Whether it ends by itself in this time.
    pub fn ends_within(&mut self, time: Duration) -> bool {
        let step = Duration::from_millis(50);
        let steps = time.as_millis() / step.as_millis();
        (0..steps).any(|_| {
            thread::sleep(step);
            self.child.try_wait().unwrap().is_some()
        })
    }

    /// What it has logged so far.
    pub fn said(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for the end of the process; its status and its whole log.
    pub fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.log.lock().unwrap().clone())
    }
}

impl Drop for Baton {
    fn drop(&mut self) {
        // Only where a test failed before its end; a process that has ended is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn greeting(lines: &Receiver<String>, last: impl Fn(&str) -> bool) -> Option<String> {
    let mut all = String::new();
    loop {
        let line = lines.recv_timeout(PATIENCE).ok()?;
        all.push_str(&line);
        all.push('\n');
        if last(&line) {
            return Some(all);
        }
    }
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub json: Value,
}

/// One request on a connection of its own. An error means that the answer did not arrive whole.
pub fn call(
    addr: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> std::io::Result<Answer> {
    send(addr, method, path, headers, &body.map(Value::to_string).unwrap_or_default())
}

/// The same with a body that may be anything.
pub fn send(
    addr: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request
        .push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    if length != Some(body.len()) {
        return Err(cut());
    }
    Ok(Answer { status, head: head.to_owned(), json: serde_json::from_str(body).unwrap_or_default() })
}

/// A request that must be answered.
pub fn ask(addr: &str, key: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
    call(addr, method, path, &[("x-api-key", key)], body).unwrap()
}

/// An execution of n8n's that created an entity and waits for its decision.
pub fn waiting(execution: u64, entity: u64) -> String {
    let run = |at: u64, status: &str, from: Option<&str>, item: Value| {
        let source: Vec<_> =
            from.iter().map(|node| json!({ "previousNode": node, "previousNodeRun": 0 })).collect();
        json!([{
            "startTime": 1_737_455_400_000_u64 + at, "executionTime": 5, "executionIndex": 0, "source": source,
            "executionStatus": status, "data": { "main": [[{ "json": item }]] },
        }])
    };
    let created = json!({ "success": true, "id": entity });
    json!({
        "id": execution.to_string(), "finished": false, "mode": "webhook", "status": "waiting", "workflowId": "wf1",
        "startedAt": "2025-01-21T10:30:00.000Z", "stoppedAt": "2025-01-21T10:30:00.000Z",
        "waitTill": "3000-01-01T00:00:00.000Z",
        "data": {
            "resultData": {
                "runData": {
                    "Webhook": run(10, "success", None, json!({})),
                    "Create": run(20, "success", Some("Webhook"), created.clone()),
                    "Wait": run(30, "waiting", Some("Create"), created),
                },
                "lastNodeExecuted": "Wait",
            },
            "resumeToken": "token",
        },
        "workflowData": { "id": "wf1", "nodes": [
            { "name": "Webhook", "type": "n8n-nodes-base.webhook", "parameters": {} },
            { "name": "Create", "type": "n8n-nodes-base.httpRequest", "parameters": {} },
            { "name": "Wait", "type": "n8n-nodes-base.wait", "parameters": { "resume": "webhook", "httpMethod": "POST" } },
        ]},
    })
    .to_string()
}

/// A server on loopback that answers every request by `answer(method and path, body)`: its status and body.
pub fn peer(answer: impl Fn(&str, &str) -> (u16, String) + Send + Sync + 'static) -> String {
    listen(move |request, stream| {
        let (path, query) = (request.url.path(), request.url.query());
        let what = format!("{} {path}{}", request.method, query.map(|q| format!("?{q}")).unwrap_or_default());
        let (status, body) = answer(&what, &String::from_utf8_lossy(&request.body));
        reply(stream, status, &body);
    })
}

/// A server on loopback: every request goes to `answer` with the connection that it came on, for one answer or none.
pub fn listen(answer: impl Fn(OutRequest, &mut TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (answer, base) = (Arc::new(answer), origin.clone());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (answer, base) = (answer.clone(), base.clone());
            thread::spawn(move || {
                if let Some(request) = read_request(&stream, &base) {
                    answer(request, &mut stream);
                }
            });
        }
    });
    origin
}

/// One request, as the fake n8n takes it.
pub fn read_request(stream: &TcpStream, origin: &str) -> Option<OutRequest> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.parse().ok()?, words.next()?);
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers
            .insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value.trim()).ok()?);
    }
    let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(OutRequest {
        method,
        url: format!("{origin}{target}").parse().ok()?,
        headers,
        body: body.into(),
        timeout: Duration::from_secs(10),
        max_reply_bytes: usize::MAX,
    })
}

/// Answers with JSON and hangs up.
pub fn reply(stream: &mut TcpStream, status: u16, body: &str) -> Option<()> {
    let reply = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(reply.as_bytes()).ok()
}
