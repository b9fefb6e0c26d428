//! Document 002.

use super::{
    TEST_SCOPE,
    route::{Route, block, delete, get, patch, post},
};
use crate::{
    error::ErrorKind::{
        CredentialRejected, Forbidden, Internal, Invalid, NotFound, RateLimited, Unavailable, WrongState,
    },
    http::dialect::C,
};

pub(super) const BLOCKS: &[&[Route]] = &[SERVICE, SESSIONS, API_KEYS, ACCOUNT, PROJECTS, AUDIT];

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

/// For admins: the other roles have no scope of these actions.
const INSPECT: &str = "api_keys:inspect";
const MANAGE: &str = "api_keys:manage";

const API_KEYS: &[Route] = &block(
    &C,
    "api-keys",
    "api keys",
    [
        get("/api/v1/api_keys", "list_api_keys").scope(INSPECT).errors(&[Invalid]),
        post("/api/v1/api_keys", "create_api_key").scope(MANAGE).wrapped_in("api_key"),
        get("/api/v1/api_keys/usage", "get_api_key_usage").scope(INSPECT),
        get("/api/v1/api_keys/{id}", "get_api_key").scope(INSPECT).errors(&[NotFound]),
        delete("/api/v1/api_keys/{id}/revoke", "revoke_api_key")
            .scope(MANAGE)
            .or_own_key()
            .errors(&[NotFound]),
        post("/api/v1/api_keys/{id}/rotate", "rotate_api_key")
            .scope(MANAGE)
            .wrapped_in("api_key")
            .errors(&[NotFound, WrongState]),
    ],
);

const ACCOUNT: &[Route] = &block(
    &C,
    "account",
    "account",
    [
        get("/api/v1/account", "get_account").scope("account:read"),
        patch("/api/v1/account", "update_account").scope("account:manage").wrapped_in("account"),
        get("/api/v1/account/billing", "get_billing").scope("account:read"),
        patch("/api/v1/account/billing", "update_billing").scope("account:manage").wrapped_in("billing"),
    ],
);

const PROJECTS: &[Route] = &block(
    &C,
    "account",
    "projects",
    [
        get("/api/v1/projects", "list_projects").scope("projects:read").errors(&[Invalid]),
        post("/api/v1/projects", "create_project").scope("projects:write").wrapped_in("project"),
        get("/api/v1/projects/{id}", "get_project").scope("projects:read").errors(&[NotFound]),
        patch("/api/v1/projects/{id}", "update_project")
            .scope("projects:write")
            .wrapped_in("project")
            .errors(&[NotFound]),
        delete("/api/v1/projects/{id}", "delete_project").scope("projects:write").errors(&[NotFound]),
    ],
);

/// For admins.
const AUDIT_INSPECT: &str = "audit:inspect";

const AUDIT: &[Route] = &block(
    &C,
    "events",
    "audit log",
    [
        get("/api/v1/audit_log", "list_audit_log").scope(AUDIT_INSPECT).errors(&[Invalid]),
        get("/api/v1/audit_log/export", "export_audit_log").scope(AUDIT_INSPECT).errors(&[Invalid]),
    ],
);
