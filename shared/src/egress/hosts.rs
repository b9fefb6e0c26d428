//! A share for each host, and a breaker in front of it: of the calls of one process, those to a host that hangs are few
//! and soon over.
//!
//! Its one rule: it guesses from what it saw itself, in memory. A host that answers anything at all is well; one that has not
//! answered several times in a row is left alone for a moment, and then asked by one call before the others follow.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::{OutError, OutReply};
use crate::clock::{Clock, Millis};

/// Calls to one host that a process has under way at once.
const SHARE: usize = 8;
/// Unanswered calls in a row after which a host is left alone.
const FAILURES: u32 = 5;
/// For how long, before one call is let through.
const LEFT_ALONE: Duration = Duration::from_secs(10);
/// How long a call waits for one of those before it to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Hosts that are remembered while nobody calls them.
const REMEMBERED: usize = 1000;

/// The hosts that this process calls.
#[derive(Default)]
pub struct Hosts(Mutex<HashMap<String, Arc<Host>>>);

struct Host {
    free: Arc<Semaphore>,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    /// Unanswered in a row.
    failures: u32,
    /// Nobody calls before this.
    closed_until: Option<Millis>,
    /// The one call that finds out whether it answers again.
    probed: bool,
}

/// A call that is under way.
pub struct Visit<'a> {
    hosts: &'a Hosts,
    name: String,
    host: Arc<Host>,
    /// None for somebody who did not wait for a place.
    place: Option<OwnedSemaphorePermit>,
    probes: bool,
}

impl Hosts {
    /// A place among the calls to a host, once there is one.
    ///
    /// # Errors
    /// [`OutError::NotTried`] where the host is left alone, or has too much under way.
    pub async fn enter(&self, url: &Url, clock: &dyn Clock) -> Result<Visit<'_>, OutError> {
        let (name, host) = self.host(url);
        let mut visit = Visit { hosts: self, name, host, place: None, probes: false };
        let place = {
            let free = visit.host.free.clone();
            match select(pin!(free.acquire_owned()), pin!(clock.sleep(PATIENCE))).await {
                Either::Left((place, _)) => place.ok(),
                Either::Right(_) => None,
            }
        };
        visit.place = place;
        if visit.place.is_none() {
            return Err(OutError::NotTried(format!("{} is busy with other calls", visit.name)));
        }
        // Looked at last: those before it may have found out meanwhile.
        visit.probes = visit.host.health().passes(clock.now()).map_err(|failures| {
            OutError::NotTried(format!("{} has not answered {failures} calls in a row", visit.name))
        })?;
        Ok(visit)
    }

    /// For a call that somebody waits for: it has a share of its own elsewhere, and is made however the host is.
    pub fn urgent(&self, url: &Url) -> Visit<'_> {
        let (name, host) = self.host(url);
        Visit { hosts: self, name, host, place: None, probes: false }
    }

    fn host(&self, url: &Url) -> (String, Arc<Host>) {
        let name = url.origin().ascii_serialization();
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            known.retain(|_, host| Arc::strong_count(host) > 1);
        }
        let host = known.entry(name.clone()).or_default().clone();
        (name, host)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Host>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Host {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(SHARE)), health: Mutex::default() }
    }
}

impl Host {
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    /// Whether a call may be made, and whether it is the one that finds out; else how many were not answered.
    fn passes(&mut self, now: Millis) -> Result<bool, u32> {
        match self.closed_until {
            None => Ok(false),
            // As far ahead as it never lies: the clock was set back.
            Some(until) if until > now && until.since(now) <= LEFT_ALONE || self.probed => Err(self.failures),
            Some(_) => {
                self.probed = true;
                Ok(true)
            }
        }
    }
}

impl Visit<'_> {
    /// How the call ended. `whole`: it had all the time that such a call is given.
    pub fn ended(self, outcome: &Result<OutReply, OutError>, whole: bool, now: Millis) {
        let mut health = self.host.health();
        match outcome {
            Ok(_) | Err(OutError::ReplyTooLarge { .. }) => *health = Health::default(),
            Err(error) if error.is_unanswered() && (whole || *error != OutError::Timeout) => {
                health.failures = health.failures.saturating_add(1);
                if health.failures >= FAILURES {
                    health.closed_until = Some(now.plus(LEFT_ALONE));
                }
            }
            Err(_) => {}
        }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.place = None;
        let mut known = self.hosts.known();
        let mut health = self.host.health();
        if self.probes {
            health.probed = false;
        }
        // Two hold a host that nobody else calls: this visit and the list. One that is well need not be remembered.
        if health.failures == 0 && Arc::strong_count(&self.host) <= 2 {
            known.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;
    use crate::clock::{FixedClock, SystemClock};

    fn url(host: &str) -> Url {
        Url::parse(&format!("https://{host}/x")).unwrap()
    }

    fn answered() -> Result<OutReply, OutError> {
        Ok(OutReply { status: 503, headers: HeaderMap::new(), body: Bytes::new() })
    }

    async fn call(hosts: &Hosts, clock: &FixedClock, outcome: Result<OutReply, OutError>) -> bool {
        match hosts.enter(&url("a.example"), clock).await {
            Ok(visit) => {
                visit.ended(&outcome, true, clock.now());
                true
            }
            Err(_) => false,
        }
    }

    #[tokio::test]
    async fn a_host_that_does_not_answer_is_left_alone_and_found_again() {
        let (hosts, clock) = (Hosts::default(), FixedClock::at(Millis(0)));
        for _ in 0..FAILURES {
            assert!(call(&hosts, &clock, Err(OutError::Timeout)).await);
        }
        assert!(!call(&hosts, &clock, answered()).await);
        assert!(hosts.enter(&url("b.example"), &clock).await.is_ok(), "another host is another matter");
        clock.advance(LEFT_ALONE);
        let probe = hosts.enter(&url("a.example"), &clock).await.unwrap();
        assert!(!call(&hosts, &clock, answered()).await, "one finds out for all");
        drop(probe);
        assert!(call(&hosts, &clock, Err(OutError::Timeout)).await, "the first one was cut off");
        assert!(!call(&hosts, &clock, answered()).await, "it is left alone again");
        clock.advance(LEFT_ALONE);
        assert!(call(&hosts, &clock, answered()).await && call(&hosts, &clock, answered()).await);
        assert!(hosts.known().is_empty(), "what is well is not remembered");
    }

    #[tokio::test]
    async fn what_is_answered_in_between_begins_the_count_anew() {
        let (hosts, clock) = (Hosts::default(), FixedClock::at(Millis(0)));
        for n in 0..20 {
            let outcome = if n % 5 == 4 { answered() } else { Err(OutError::Connect("refused".into())) };
            assert!(call(&hosts, &clock, outcome).await, "{n}");
        }
        for _ in 0..20 {
            let visit = hosts.enter(&url("a.example"), &clock).await.unwrap();
            visit.ended(&Err(OutError::Timeout), false, clock.now());
            assert!(
                call(&hosts, &clock, Err(OutError::NotTried(String::new()))).await,
                "its time was cut short"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_has_so_many_calls_under_way_and_no_more() {
        let hosts = Hosts::default();
        let mut under_way = Vec::new();
        for _ in 0..SHARE {
            under_way.push(hosts.enter(&url("a.example"), &SystemClock).await.unwrap());
        }
        assert!(matches!(hosts.enter(&url("a.example"), &SystemClock).await, Err(OutError::NotTried(_))));
        assert!(hosts.enter(&url("b.example"), &SystemClock).await.is_ok());
        drop(hosts.urgent(&url("a.example")));
        let busy = url("a.example");
        let waits = hosts.enter(&busy, &SystemClock);
        let ends = async {
            tokio::time::sleep(PATIENCE / 2).await;
            under_way.pop();
        };
        assert!(tokio::join!(waits, ends).0.is_ok(), "a place became free");
        under_way.clear();
        assert!(hosts.known().is_empty());
    }
}
