//! The host in this process, with limits that a test can wait for.

use std::{
    net::Shutdown,
    sync::mpsc::channel,
    thread::{self, JoinHandle},
    time::Duration,
};

use local_host::{
    house, serve,
    sockets::limits::{Limits, Pace},
};
use secrecy::{ExposeSecret, SecretString};
use shared::config::{Env, LocalSettings};
use tokio::{net::TcpListener, sync::oneshot};

use crate::attack::{Client, Reply, request};

/// Settings as they are when nothing is set.
struct Unset;

impl Env for Unset {
    fn get(&self, _: &'static str) -> Option<String> {
        None
    }
}

pub struct Site {
    pub addr: String,
    /// Keys of two organizations.
    pub acme: String,
    pub rival: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Times that a test can wait for.
pub fn short() -> Limits {
    Limits {
        head: Duration::from_secs(1),
        idle: Duration::from_secs(3),
        body: Pace { grace: Duration::from_secs(1), rate: 1024 },
        body_time: Duration::from_secs(4),
        body_wait: Duration::from_millis(200),
        rest_time: Duration::from_secs(2),
        reply: Pace { grace: Duration::from_secs(1), rate: 8 * 1024 },
        reply_wait: Duration::from_millis(500),
        ..Limits::default()
    }
}

impl Site {
    pub fn open(limits: Limits) -> Self {
        Self::behind(limits, &[])
    }

    /// With proxies that are trusted.
    pub fn behind(limits: Limits, proxies: &[&str]) -> Self {
        let proxies: Vec<_> = proxies.iter().map(|net| net.parse().unwrap()).collect();
        let (ready, opened) = channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let dir = tempfile::tempdir().unwrap();
            let mut settings = LocalSettings::read(&Unset).unwrap();
            settings.data_dir = dir.path().join("data");
            settings.platform.trusted_proxies = proxies;
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let house = house::open(&settings).await.unwrap();
                let mut keys = Vec::new();
                for name in ["acme", "rival"] {
                    let (email, password) =
                        (format!("admin@{name}.example"), SecretString::from("a long password"));
                    let made =
                        house.app.accounts().create_organization(name, &email, &password).await.unwrap();
                    keys.push(made.api_key.expose_secret().to_owned());
                }
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send((listener.local_addr().unwrap().to_string(), keys)).unwrap();
                serve::until(&house, listener, limits, &settings, async {
                    let _ = stopped.await;
                })
                .await;
            });
        });
        let (addr, mut keys) = opened.recv_timeout(Duration::from_secs(30)).unwrap();
        let (rival, acme) = (keys.pop().unwrap(), keys.pop().unwrap());
        Self { addr, acme, rival, stop: Some(stop), thread: Some(thread) }
    }

    /// A connection from 127.0.0.`from`.
    pub fn client(&self, from: u8) -> Client {
        Client::connect(&self.addr, from).unwrap()
    }

    /// One request with a key, on a connection of its own from the test's own address.
    pub fn ask(&self, key: &str, method: &str, path: &str, body: &str) -> Reply {
        self.visit(request(method, path, &[("x-api-key", key)], body))
    }

    /// One request on a connection of its own, which has ended on both sides when this returns: the host may hear of a
    /// dropped one only after the next has asked for a place.
    pub fn visit(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut client = self.client(1);
        let reply = client.ask(request).unwrap();
        client.0.shutdown(Shutdown::Write).unwrap();
        client.ended_within(Duration::from_secs(30)).expect("the connection was not ended");
        reply
    }

    /// The id of a payload of this size.
    pub fn payload(&self, key: &str, bytes: usize) -> String {
        let body = format!(r#"{{"title":"large","payload":{{"text":"{}"}}}}"#, "x".repeat(bytes));
        let made = self.ask(key, "POST", "/api/payloads", &body);
        assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
        made.json()["id"].to_string()
    }

    /// That the organization can do what it does all day.
    pub fn works_for(&self, key: &str) {
        let made = self.ask(key, "POST", "/api/payloads", r#"{"title":"draft"}"#);
        assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
        let body = format!(r#"{{"entity_type":"custom_payload","entity_id":{}}}"#, made.json()["id"]);
        let decided = self.ask(key, "POST", "/automation/approve", &body);
        assert_eq!(decided.status, 200, "{}", String::from_utf8_lossy(&decided.body));
        assert_eq!(self.visit(request("GET", "/health", &[], "")).status, 200);
        assert_eq!(self.visit(request("GET", "/docs", &[], "")).status, 200);
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the host panicked");
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A test that has failed already says why.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
