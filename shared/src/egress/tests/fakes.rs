//! A DNS that says what a test wants.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::egress::{Guarded, OutRequest, Policy, Resolver};
pub(super) use crate::testing::sink::{Answer, Sink, ok, read_request};

/// Gives its answers in turn, from the first again after the last, and keeps count.
pub(super) struct FakeDns {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl FakeDns {
    pub(super) fn new(answers: &[&str]) -> Arc<Self> {
        // "" is the answer of a name that is there and has no address.
        let parse = |answer: &&str| {
            answer.split(',').filter(|text| !text.is_empty()).map(|a| a.trim().parse().unwrap()).collect()
        };
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
