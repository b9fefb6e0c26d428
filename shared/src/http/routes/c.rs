//! Document 002.

use super::{
    TEST_SCOPE,
    route::{Route, block, get, post},
};
use crate::{
    error::ErrorKind::{CredentialRejected, Forbidden, Internal, RateLimited, Unavailable},
    http::dialect::C,
};

pub(super) const BLOCKS: &[&[Route]] = &[SERVICE, SESSIONS];

const SERVICE: &[Route] = &block(
    &C,
    "meta",
    "service",
    [get("/api/v1/health", "health_v1").public().always_there().errors(&[Unavailable])],
);

const SESSIONS: &[Route] = &block(
    &C,
    "sessions",
    "sessions",
    [
        post("/api/v1/admin/login", "admin_login").public().wrapped_in("session").errors(&[
            CredentialRejected,
            Forbidden,
            RateLimited,
            Unavailable,
            Internal,
        ]),
        post("/api/v1/sessions/admin", "create_admin_session").public().wrapped_in("session").errors(&[
            CredentialRejected,
            Forbidden,
            RateLimited,
            Unavailable,
            Internal,
        ]),
        post("/api/v1/auth/login", "log_in").public().wrapped_in("session").errors(&[
            CredentialRejected,
            Forbidden,
            RateLimited,
            Unavailable,
            Internal,
        ]),
        get("/api/v1/admin/verify", "verify_session").scope(TEST_SCOPE),
    ],
);
