//! How much the local host takes on at once. In AWS that is for API Gateway and Lambda's concurrency to say.
//!
//! Its one rule: what cannot be served soon is refused at once, before anything is read or looked up, so that what was let in
//! is served as quickly as ever.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::HeaderValue;
use shared::{
    app::SharedApp,
    error::{Error, ErrorKind},
    http::{
        problem,
        routes::{self, Dialect},
    },
};
use tokio::sync::Semaphore;

/// Requests in work that need nothing but this machine. A handful keeps the disk and the processors busy; more of them only
/// wait for each other.
const OWN: usize = 64;
/// Requests in work that wait for n8n. They take no more than memory meanwhile.
const CALLING: usize = 512;
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
pub struct Gate {
    app: SharedApp,
    own: Semaphore,
    calling: Semaphore,
}

impl Gate {
    pub fn new(app: &SharedApp) -> Arc<Self> {
        Arc::new(Self { app: app.clone(), own: Semaphore::new(OWN), calling: Semaphore::new(CALLING) })
    }

    fn of(&self, path: &str) -> Option<&Semaphore> {
        lane(path).map(|lane| match lane {
            Lane::Own => &self.own,
            Lane::Calling => &self.calling,
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Lane {
    Own,
    Calling,
}

/// Which of the two numbers a path counts against. Pages and the host's health are always there to be seen.
fn lane(path: &str) -> Option<Lane> {
    match routes::dialect_of(path) {
        Dialect::House => None,
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

/// Lets a request in, or answers 503 with `Retry-After`.
pub async fn admit(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    // The gate stands in front of what puts a path in order.
    let path = routes::as_routed(request.uri().path());
    let dialect = routes::dialect_of(path);
    let held = gate.of(path).map(Semaphore::try_acquire).transpose();
    if held.is_ok() {
        return next.run(request).await;
    }
    let error = Error::new(
        ErrorKind::Unavailable,
        "overloaded",
        "More requests are being served than this machine can do at once. Try again in a second.",
    )
    .retry_after(Duration::from_secs(1));
    let mut refusal = problem::render(&error, dialect);
    if let Ok(id) = HeaderValue::from_str(&gate.app.id().prefixed("req")) {
        refusal.headers_mut().insert("x-request-id", id);
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_the_router_puts_in_order_is_counted_too() {
        for path in ["/api/payloads/list", "//api/payloads/list", "///api/payloads/list//"] {
            assert_eq!(lane(routes::as_routed(path)), Some(Lane::Own), "{path}");
        }
        assert_eq!(lane(routes::as_routed("//automation/approve/")), Some(Lane::Calling));
        for path in ["/", "//", "/docs", "//health"] {
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
}
