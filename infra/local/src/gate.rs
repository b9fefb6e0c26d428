//! How much the local host takes on at once, and how much of that for one caller. In AWS that is for API Gateway and Lambda's
//! concurrency to say.
//!
//! Its one rule: what cannot be served soon is refused at once, so that what was let in is served as quickly as ever.

use std::{sync::Arc, time::Duration};

use shared::{
    error::{Error, ErrorKind},
    http::{problem, routes},
};

use crate::sockets::{
    limits::Limits,
    shares::{Share, Shares},
    who::Who,
};

/// One caller may have so many times the turns that are left for the others: two thirds of them when alone.
const TIMES: usize = 2;

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

/// Which of the two a path counts against, as its routes say. What is no route counts too: it is answered by this machine.
pub fn lane(path: &str) -> Option<Lane> {
    let (mut known, mut calls_out, mut always_there) = (false, false, true);
    for route in routes::at(path) {
        known = true;
        calls_out |= route.calls_out;
        always_there &= route.always_there;
    }
    match (known && always_there, calls_out) {
        (true, _) => None,
        (false, true) => Some(Lane::Calling),
        (false, false) => Some(Lane::Own),
    }
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
        for path in ["/", "//", "/docs", "/docs/x", "//health", "/api/v1/health", "/files/x"] {
            assert_eq!(lane(routes::as_routed(path)), None, "{path}");
        }
    }

    #[test]
    fn what_waits_for_n8n_is_counted_apart() {
        for path in ["/api/trigger-webhook", "/automation/approve", "/api/n8n/nodes/leads"] {
            assert_eq!(lane(path), Some(Lane::Calling), "{path}");
        }
        for path in ["/api/trigger-webhooks", "/automation/payload/create", "/api/n8n", "/v1/workflows"] {
            assert_eq!(lane(path), Some(Lane::Own), "{path}");
        }
    }

    #[test]
    fn what_nobody_knows_is_counted() {
        for path in ["/nothing", "/v1", "/v1/nothing", "/docs/a/b", "/health/x", "/wp-login.php"] {
            assert_eq!(lane(path), Some(Lane::Own), "{path}");
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
