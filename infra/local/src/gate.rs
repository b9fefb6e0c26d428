//! How much the local host takes on at once, and how much of that for one caller. In AWS that is for API Gateway and Lambda's
//! concurrency to say.
//!
//! Its one rule: what cannot be served soon is refused at once, so that what was let in is served as quickly as ever.

use std::{sync::Arc, time::Duration};

use shared::{
    error::{Error, ErrorKind},
    http::{
        problem,
        routes::{self, Dialect},
    },
};

use crate::sockets::{
    limits::Limits,
    shares::{Share, Shares},
    who::Who,
};

/// One caller may have so many times the turns that are left for the others: two thirds of them when alone.
const TIMES: usize = 2;
/// Paths whose handlers call n8n.
const CALLS: [&str; 6] = [
    "/api/trigger-webhook",
    "/api/installs/register",
    "/api/n8n/nodes",
    "/automation/approve",
    "/automation/deny",
    "/automation/regenerate",
];

/// The gate of one host.
#[derive(Debug)]
pub struct Gate {
    own: Arc<Shares<Who>>,
    calling: Arc<Shares<Who>>,
}

/// The turn of one request, until it is dropped.
pub type Turn = Share<Who>;

impl Gate {
    pub fn new(limits: &Limits) -> Self {
        Self { own: Shares::new(limits.own, TIMES), calling: Shares::new(limits.calling, TIMES) }
    }

    /// A turn for one more request of somebody.
    ///
    /// # Errors
    /// When there is none: 503 with `Retry-After`.
    pub fn enter(&self, lane: Lane, who: Who) -> Result<Turn, Error> {
        let shares = match lane {
            Lane::Own => &self.own,
            Lane::Calling => &self.calling,
        };
        shares.take(who, 1).ok_or_else(|| {
            overloaded(
                "More requests are being served than this machine can do at once. Try again in a second.",
            )
        })
    }
}

/// The refusal of what there is no room for.
pub fn overloaded(message: &str) -> Error {
    Error::new(ErrorKind::Unavailable, problem::OVERLOADED, message).retry_after(Duration::from_secs(1))
}

/// What a request keeps busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// This machine.
    Own,
    /// n8n, mostly.
    Calling,
}

/// Which of the two a path counts against. Pages and the host's health are always there to be seen.
pub fn lane(path: &str) -> Option<Lane> {
    match routes::dialect_of(path) {
        Dialect::House => None,
        _ if path == "/api/v1/health" => None,
        _ if calls(path) => Some(Lane::Calling),
        _ => Some(Lane::Own),
    }
}

/// Whether a request of this path may wait for n8n.
pub fn calls(path: &str) -> bool {
    CALLS
        .iter()
        .any(|known| path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::tenant::TenantId;

    #[test]
    fn a_path_that_the_router_puts_in_order_is_counted_too() {
        for path in ["/api/payloads/list", "//api/payloads/list", "///api/payloads/list//"] {
            assert_eq!(lane(routes::as_routed(path)), Some(Lane::Own), "{path}");
        }
        assert_eq!(lane(routes::as_routed("//automation/approve/")), Some(Lane::Calling));
        for path in ["/", "//", "/docs", "//health", "/api/v1/health"] {
            assert_eq!(lane(routes::as_routed(path)), None, "{path}");
        }
    }

    #[test]
    fn what_waits_for_n8n_is_counted_apart() {
        for path in ["/api/trigger-webhook", "/automation/approve", "/api/n8n/nodes/leads"] {
            assert!(calls(path), "{path}");
        }
        for path in ["/api/trigger-webhooks", "/automation/payload/create", "/api/n8n", "/"] {
            assert!(!calls(path), "{path}");
        }
    }

    #[test]
    fn whatever_one_caller_does_another_has_its_turn() {
        let gate = Gate::new(&Limits::default());
        for lane in [Lane::Own, Lane::Calling] {
            let greedy = Who::Tenant(TenantId(1));
            let turns: Vec<_> = std::iter::from_fn(|| gate.enter(lane, greedy).ok()).collect();
            assert!(turns.len() >= 64, "alone, one has most of them");
            let refused = gate.enter(lane, greedy).unwrap_err();
            assert_eq!((refused.code, refused.retry_after.is_some()), ("overloaded", true));
            let other: Vec<_> =
                (0..10).map(|_| gate.enter(lane, Who::Tenant(TenantId(2))).unwrap()).collect();
            let strangers = gate.enter(lane, Who::unknown());
            assert!(strangers.is_ok() && other.len() == 10);
        }
    }
}
