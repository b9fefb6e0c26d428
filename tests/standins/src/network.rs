//! A network without wires. Every call goes through the real guard first; what passes is answered by the handler of its
//! origin, and a host without one refuses the connection.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use url::Url;

use shared::egress::{Guarded, HttpOut, OutError, OutReply, OutRequest, Policy, Resolver};

type Handler = Arc<dyn Fn(&OutRequest) -> Result<OutReply, OutError> + Send + Sync>;

/// One call that left the house.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: http::Method,
    pub url: Url,
    pub headers: http::HeaderMap,
    pub body: bytes::Bytes,
    /// What it had for its answer.
    pub timeout: std::time::Duration,
}

impl Sent {
    /// The body as JSON, null when it is none.
    pub fn json(&self) -> serde_json::Value {
        super::json(&self.body).unwrap_or_default()
    }
}

/// The network of one test.
pub struct Network {
    guard: Guarded,
    hosts: Mutex<HashMap<String, Handler>>,
    sent: Mutex<Vec<Sent>>,
}

/// Every name leads to a public address, but for `private.test`, which leads into a private network.
struct Names;

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        match host {
            "private.test" => Ok(vec![Ipv4Addr::new(10, 0, 0, 7).into()]),
            "nowhere.test" => Err("no such name".into()),
            _ => Ok(vec![Ipv4Addr::new(93, 184, 215, 14).into()]),
        }
    }
}

impl Network {
    pub fn new() -> Arc<Self> {
        let guard = Guarded::new(Policy::default(), Arc::new(Names)).expect("the guard can be set up");
        Arc::new(Self { guard, hosts: Mutex::default(), sent: Mutex::default() })
    }

    /// Answers the calls to an origin (`https://n8n.example.com`).
    pub fn host(
        &self,
        origin: &str,
        handler: impl Fn(&OutRequest) -> Result<OutReply, OutError> + Send + Sync + 'static,
    ) {
        self.hosts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(origin.to_owned(), Arc::new(handler));
    }

    /// Everything that was sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what was sent so far.
    pub fn forget(&self) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What was sent to paths that start with this.
    pub fn sent_to(&self, path: &str) -> Vec<Sent> {
        self.sent().into_iter().filter(|sent| sent.url.path().starts_with(path)).collect()
    }
}

#[async_trait]
impl HttpOut for Network {
    async fn send(&self, request: OutRequest) -> Result<OutReply, OutError> {
        self.guard.check(&request.url).await?;
        let origin = request.url.origin().ascii_serialization();
        let handler = self.hosts.lock().unwrap_or_else(PoisonError::into_inner).get(&origin).cloned();
        let Some(handler) = handler else { return Err(OutError::Connect("connection refused".into())) };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(Sent {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            timeout: request.timeout,
        });
        handler(&request)
    }

    async fn check(&self, url: &Url) -> Result<(), OutError> {
        self.guard.check(url).await
    }
}
