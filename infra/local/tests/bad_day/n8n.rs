//! The fake n8n behind a real socket: it dies and comes back, is slow, refuses, and takes things and loses the answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::ErrorKind,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use shared::egress::OutRequest;
use standins::{Execution, FakeN8n, Network};

use crate::{dice::Dice, support};

/// The workflow that triggers start.
pub const TRIGGERED: &str = "wf-triggered";
/// Executions that triggers started have ids from here on.
const STARTED: u64 = 1_000_000;

pub struct Host {
    pub n8n: FakeN8n,
    pub origin: String,
    pub down: AtomicBool,
    pub storm: AtomicBool,
    dice: Mutex<Dice>,
    /// Under which keys each trigger was taken.
    pub started: Mutex<BTreeMap<u64, BTreeSet<String>>>,
}

impl Host {
    pub fn start(seed: u64) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let origin = format!("http://{addr}");
        let n8n = FakeN8n::at(&Network::new(), &origin);
        n8n.add_workflow("wf1", "Review", "review");
        n8n.add_workflow(TRIGGERED, "Triggered", "triggered");
        let host = Arc::new(Self {
            n8n,
            origin,
            down: AtomicBool::new(false),
            storm: AtomicBool::new(false),
            dice: Mutex::new(Dice::new(seed, 77)),
            started: Mutex::default(),
        });
        let served = host.clone();
        thread::spawn(move || served.listen(addr, listener));
        host
    }

    fn listen(self: Arc<Self>, addr: SocketAddr, first: TcpListener) {
        let mut listener = Some(first);
        loop {
            if self.down.load(SeqCst) {
                listener = None;
            } else if listener.is_none() {
                listener = TcpListener::bind(addr).ok();
            }
            let accepted = listener.as_ref().map(|listener| {
                listener.set_nonblocking(true).unwrap();
                listener.accept()
            });
            match accepted {
                Some(Ok((stream, _))) => {
                    let host = self.clone();
                    thread::spawn(move || host.serve(stream));
                }
                Some(Err(error)) if error.kind() != ErrorKind::WouldBlock => {}
                _ => thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn draw(&self) -> u64 {
        self.dice.lock().unwrap().below(100)
    }

    /// Answers one request, or does not.
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_nonblocking(false).ok()?;
        let request = support::read_request(&stream, &self.origin)?;
        let (storm, drawn) = (self.storm.load(SeqCst), self.draw());
        if storm && self.draw() < 15 {
            thread::sleep(Duration::from_millis(4 * self.draw()));
        }
        let (status, body) = match drawn {
            0..5 if storm => (503, r#"{"message":"Service Unavailable"}"#.to_owned()),
            _ => self.answer(&request)?,
        };
        if storm && (5..15).contains(&drawn) {
            // Taken, and the answer is lost.
            return None;
        }
        support::reply(&mut stream, status, &body)
    }

    fn answer(&self, request: &OutRequest) -> Option<(u16, String)> {
        if request.url.path().starts_with("/webhook/") {
            return Some((200, self.start_workflow(request).to_string()));
        }
        let reply = self.n8n.answer(request).ok()?;
        Some((reply.status, String::from_utf8_lossy(&reply.body).into_owned()))
    }

    /// A trigger: the workflow runs at once, and answers with the id of its execution.
    fn start_workflow(&self, request: &OutRequest) -> Value {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let number = body["data"]["number"].as_u64().unwrap();
        let key = request.headers["idempotency-key"].to_str().unwrap().to_owned();
        self.started.lock().unwrap().entry(number).or_default().insert(key);
        let id = STARTED + number;
        self.n8n.put(
            id,
            Execution {
                workflow_id: TRIGGERED.into(),
                status: "success".into(),
                started_at: body["triggered_at"].as_str().and_then(shared::clock::parse_iso).unwrap().0,
                entities: Vec::new(),
                passed: 0,
                decisions: Vec::new(),
                token: String::new(),
                order: Default::default(),
            },
        );
        json!({ "execution_id": id.to_string() })
    }
}
