//! Document 002.

use super::{
    TEST_SCOPE,
    route::{Route, block, delete, get, patch, post},
};
use crate::{
    error::ErrorKind::{
        Conflict, CredentialRejected, Forbidden, Internal, Invalid, Malformed, NotFound, RateLimited,
        TooLarge, Unavailable, UnsupportedMedia, WrongState,
    },
    http::dialect::C,
};

pub(super) const BLOCKS: &[&[Route]] =
    &[SERVICE, SESSIONS, PASSWORDS, SECOND_FACTOR, TEAM, API_KEYS, ACCOUNT, PROJECTS, AUDIT];

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
        get("/api/v1/admin/verify", "verify_session").scope(TEST_SCOPE).enrols(),
    ],
);

/// For those who cannot log in yet, or not any more.
const PASSWORDS: &[Route] = &block(
    &C,
    "sessions",
    "sessions",
    [
        post("/api/v1/invitations/accept", "accept_invitation").public().errors(&[
            Forbidden,
            RateLimited,
            Unavailable,
        ]),
        post("/api/v1/password_resets", "request_password_reset").public().errors(&[
            Forbidden,
            RateLimited,
            Unavailable,
        ]),
        post("/api/v1/password_resets/confirm", "confirm_password_reset").public().errors(&[
            Forbidden,
            RateLimited,
            Unavailable,
        ]),
    ],
);

const SECOND_FACTOR: &[Route] = &block(
    &C,
    "sessions",
    "sessions",
    [
        get("/api/v1/second_factor", "get_second_factor").session().enrols(),
        post("/api/v1/second_factor", "begin_second_factor").session().enrols().errors(&[WrongState]),
        post("/api/v1/second_factor/confirm", "confirm_second_factor")
            .session()
            .enrols()
            .errors(&[WrongState]),
        delete("/api/v1/second_factor", "delete_second_factor").session().enrols().errors(&[
            Malformed,
            Invalid,
            TooLarge,
            UnsupportedMedia,
            WrongState,
        ]),
    ],
);

/// For admins, as those of API keys are.
const INSPECT_TEAM: &str = "team:inspect";
const MANAGE_TEAM: &str = "team:manage";

const TEAM: &[Route] = &block(
    &C,
    "team",
    "team members",
    [
        get("/api/v1/team_members", "list_team_members").scope(INSPECT_TEAM).errors(&[Invalid]),
        post("/api/v1/team_members", "invite_team_member").scope(MANAGE_TEAM).wrapped_in("team_member"),
        get("/api/v1/team_members/{id}", "get_team_member").scope(INSPECT_TEAM).errors(&[NotFound]),
        patch("/api/v1/team_members/{id}", "update_team_member")
            .scope(MANAGE_TEAM)
            .wrapped_in("team_member")
            .errors(&[NotFound, Conflict]),
        delete("/api/v1/team_members/{id}", "remove_team_member")
            .scope(MANAGE_TEAM)
            .errors(&[NotFound, Invalid, Conflict]),
        post("/api/v1/team_members/{id}/invite", "invite_team_member_again")
            .scope(MANAGE_TEAM)
            .errors(&[NotFound, WrongState]),
        post("/api/v1/team_members/{id}/password_reset", "reset_password_of_team_member")
            .scope(MANAGE_TEAM)
            .errors(&[NotFound, WrongState]),
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
