//! Document 000.

use super::{
    TEST_SCOPE,
    route::{RateClass, Route, block, delete, get, patch, post, put},
};
use crate::{
    domain::n8n_credential,
    error::ErrorKind::{
        Conflict, Forbidden, Invalid, NotFound, RateLimited, Upstream, UpstreamTimeout, WrongState,
    },
    http::dialect::A,
};

/// What a route that deletes can be asked to do first, and the scope that this needs.
const DECIDE: (&str, &str) = ("decide", "reviews:decide");

pub(super) const BLOCKS: &[&[Route]] = &[
    SERVICE,
    TOKEN_USAGE,
    PRICES_AND_BUDGETS,
    TRIGGERS,
    PAYLOADS,
    REVIEWS,
    PIPELINE,
    INSTALLATIONS,
    ALERTS,
    LEADS,
    SESSIONS,
    NOTIFICATIONS,
    INVOICES,
    CHATS,
    N8N_NODES,
    MEDIA,
    COLLECTIONS,
    GROUPS,
];

const SERVICE: &[Route] = &block(
    &A,
    "meta",
    "service",
    [
        get("/api", "test_credential").scope(TEST_SCOPE),
        get("/api/auth/test", "test_credential_auth").scope(TEST_SCOPE),
    ],
);

const TOKEN_USAGE: &[Route] = &block(
    &A,
    "token-usage",
    "token usage",
    [
        post("/api/token-usage", "record_token_usage").scope("token_usage:write").errors(&[NotFound]),
        get("/api/token-usage/{workflow_id}/stats", "get_token_usage_stats")
            .scope("token_usage:read")
            .errors(&[NotFound, Invalid]),
        get("/api/token-usage/{workflow_id}/records", "list_token_usage_records")
            .scope("token_usage:read")
            .errors(&[NotFound, Invalid]),
        post("/api/token-usage/reprice", "reprice_token_usage").scope("prices:write"),
    ],
);

const PRICES_AND_BUDGETS: &[Route] = &block(
    &A,
    "token-usage",
    "prices and budgets",
    [
        get("/api/model-prices", "list_model_prices").scope("prices:read"),
        put("/api/model-prices", "set_model_price").scope("prices:write").errors(&[WrongState]),
        delete("/api/model-prices", "delete_model_price").scope("prices:write").errors(&[NotFound, Invalid]),
        get("/api/budgets", "list_budgets").scope("budgets:read"),
        post("/api/budgets", "create_budget").scope("budgets:write").errors(&[Forbidden, WrongState]),
        get("/api/budgets/{id}", "get_budget").scope("budgets:read").errors(&[NotFound]),
        patch("/api/budgets/{id}", "update_budget").scope("budgets:write").errors(&[NotFound]),
        delete("/api/budgets/{id}", "delete_budget").scope("budgets:write").errors(&[NotFound]),
    ],
);

const TRIGGERS: &[Route] = &block(
    &A,
    "triggers",
    "triggers",
    [
        post("/api/trigger-webhook", "trigger_webhook")
            .scope("workflows:execute")
            .rate(RateClass::Trigger)
            .calls_out()
            .errors(&[NotFound, Upstream, UpstreamTimeout]),
        post("/api/poll-execution", "poll_execution")
            .scope("workflows:read")
            .rate(RateClass::Poll)
            .errors(&[NotFound]),
    ],
);

const PAYLOADS: &[Route] = &block(
    &A,
    "payloads",
    "payloads",
    [
        post("/api/payloads", "create_payload").scope("payloads:write").errors(&[NotFound, Forbidden]),
        get("/api/payloads/list", "list_payloads").scope("payloads:read").errors(&[Invalid, Forbidden]),
        get("/api/payloads/{id}", "get_payload").scope("payloads:read").errors(&[NotFound]),
        patch("/api/payloads/{id}", "update_payload").scope("payloads:write").errors(&[NotFound, Conflict]),
        delete("/api/payloads/{id}", "delete_payload")
            .scope("payloads:write")
            .asks(DECIDE.0, DECIDE.1)
            .errors(&[NotFound, Conflict, Invalid]),
        post("/automation/payload/create", "create_payload_for_review")
            .scope("payloads:write")
            .errors(&[NotFound, Forbidden]),
    ],
);

const REVIEWS: &[Route] = &block(
    &A,
    "reviews",
    "reviews",
    [
        post("/automation/approve", "approve")
            .scope("reviews:decide")
            .calls_out()
            .errors(&[NotFound, WrongState]),
        post("/automation/deny", "deny").scope("reviews:decide").calls_out().errors(&[NotFound, WrongState]),
        post("/automation/regenerate", "regenerate")
            .scope("reviews:decide")
            .calls_out()
            .errors(&[NotFound, WrongState]),
    ],
);

const PIPELINE: &[Route] = &block(
    &A,
    "lead-setup",
    "pipeline",
    [
        get("/api/lead-statuses", "list_lead_statuses").scope("pipeline:read"),
        post("/api/lead-statuses", "create_lead_status").scope("pipeline:write").errors(&[WrongState]),
        post("/api/lead-statuses/reorder", "reorder_lead_statuses").scope("pipeline:write"),
        patch("/api/lead-statuses/{id}", "update_lead_status")
            .scope("pipeline:write")
            .errors(&[NotFound, Conflict]),
        delete("/api/lead-statuses/{id}", "delete_lead_status")
            .scope("pipeline:write")
            .errors(&[NotFound, Invalid]),
        get("/api/lead-custom-fields", "list_lead_custom_fields").scope("pipeline:read"),
        post("/api/lead-custom-fields", "create_lead_custom_field")
            .scope("pipeline:write")
            .errors(&[WrongState]),
        patch("/api/lead-custom-fields/{id}", "update_lead_custom_field")
            .scope("pipeline:write")
            .errors(&[NotFound]),
        delete("/api/lead-custom-fields/{id}", "delete_lead_custom_field")
            .scope("pipeline:write")
            .errors(&[NotFound]),
        get("/api/leads/view-config", "get_lead_view").scope("leads:read"),
        put("/api/leads/view-config", "set_lead_view").scope("leads:read"),
    ],
);

const INSTALLATIONS: &[Route] = &block(
    &A,
    "installations",
    "installations",
    [
        post("/api/installs/register", "register_installation").scope("installations:write").calls_out(),
        get("/api/installs", "list_installations").scope("installations:read").errors(&[Invalid]),
        get("/api/installs/{id}", "get_installation").scope("installations:read").errors(&[NotFound]),
        delete("/api/installs/{id}", "delete_installation")
            .scope("installations:write")
            .errors(&[NotFound, Conflict]),
        post("/api/push/executions", "push_execution").scope("executions:write").errors(&[NotFound]),
        get("/api/installed/{installation_id}", "list_installed_workflows")
            .scope("installations:read")
            .errors(&[NotFound]),
    ],
);

const ALERTS: &[Route] = &block(
    &A,
    "installations",
    "alerts",
    [
        get("/api/alerts", "list_alerts").scope("alerts:read"),
        post("/api/alerts", "create_alert").scope("alerts:write").errors(&[NotFound, WrongState]),
        patch("/api/alerts/{id}", "update_alert").scope("alerts:write").errors(&[NotFound]),
        delete("/api/alerts/{id}", "delete_alert").scope("alerts:write").errors(&[NotFound]),
    ],
);

const LEADS: &[Route] = &block(
    &A,
    "leads",
    "leads",
    [
        post("/api/leads", "create_lead").scope("leads:write").errors(&[NotFound, Forbidden, WrongState]),
        get("/api/leads/recent", "list_recent_leads").scope("leads:read").errors(&[Invalid]),
        get("/api/leads/list", "list_leads").scope("leads:read").errors(&[Invalid, Forbidden]),
        post("/api/leads/bulk", "change_leads").scope("leads:write").asks(DECIDE.0, DECIDE.1),
        get("/api/leads/{id}", "get_lead").scope("leads:read").errors(&[NotFound]),
        patch("/api/leads/{id}", "update_lead").scope("leads:write").errors(&[NotFound, Forbidden, Conflict]),
        delete("/api/leads/{id}", "delete_lead")
            .scope("leads:write")
            .asks(DECIDE.0, DECIDE.1)
            .errors(&[NotFound, Conflict, Invalid]),
    ],
);

const SESSIONS: &[Route] = &block(
    &A,
    "sessions",
    "sessions",
    [
        post("/api/auth/logout", "log_out").session().enrols(),
        post("/api/user/password", "change_password").session().errors(&[Conflict, RateLimited]),
        get("/api/user/api-key", "get_own_api_key").session().errors(&[NotFound]),
        post("/api/user/api-key/copy", "copy_own_api_key").session().errors(&[NotFound, WrongState]),
        post("/api/user/api-key/regenerate", "regenerate_own_api_key").session().errors(&[Conflict]),
    ],
);

const NOTIFICATIONS: &[Route] = &block(
    &A,
    "records",
    "notifications",
    [
        post("/api/notifications", "create_notification").scope("notifications:write").errors(&[Forbidden]),
        get("/api/notifications/list", "list_notifications")
            .scope("notifications:read")
            .errors(&[Invalid, Forbidden]),
        patch("/api/notifications/{id}", "mark_notification")
            .scope("notifications:write")
            .errors(&[NotFound]),
    ],
);

const INVOICES: &[Route] = &block(
    &A,
    "records",
    "invoices",
    [
        post("/api/invoices", "create_invoice").scope("invoices:write").errors(&[NotFound, Forbidden]),
        get("/api/invoices/list", "list_invoices").scope("invoices:read").errors(&[Invalid, Forbidden]),
        get("/api/invoices/{id}", "get_invoice").scope("invoices:read").errors(&[NotFound]),
        patch("/api/invoices/{id}", "update_invoice").scope("invoices:write").errors(&[NotFound, Conflict]),
        delete("/api/invoices/{id}", "delete_invoice")
            .scope("invoices:write")
            .asks(DECIDE.0, DECIDE.1)
            .errors(&[NotFound, Conflict, Invalid]),
        patch("/api/invoices/{id}/status", "set_invoice_status")
            .scope("invoices:write")
            .errors(&[NotFound, Conflict]),
    ],
);

const CHATS: &[Route] = &block(
    &A,
    "records",
    "chats",
    [
        post("/api/chats/message", "log_chat_message").scope("chats:write").errors(&[NotFound, Forbidden]),
        get("/api/chats/list", "list_chats").scope("chats:read").errors(&[Invalid, Forbidden]),
        get("/api/chats/stats", "get_chat_stats").scope("chats:read").errors(&[Invalid, Forbidden]),
        get("/api/chats/{id}", "get_chat").scope("chats:read").errors(&[NotFound, Invalid]),
        patch("/api/chats/{id}", "update_chat").scope("chats:write").errors(&[NotFound]),
        delete("/api/chats/{id}", "delete_chat").scope("chats:write").errors(&[NotFound]),
        delete("/api/chats/{id}/messages/{message_id}", "delete_chat_message")
            .scope("chats:write")
            .errors(&[NotFound]),
    ],
);

const N8N_NODES: &[Route] = &block(
    &A,
    "n8n-nodes",
    "n8n nodes",
    [
        get("/api/n8n/nodes", "list_n8n_nodes").scope("nodes:read").calls_out(),
        get("/api/n8n/nodes/{kind}", "get_n8n_node")
            .scope("nodes:read")
            .calls_out()
            .errors(&[NotFound, Invalid]),
        post("/api/n8n/nodes/{kind}", "connect_n8n_node")
            .scope("nodes:write")
            .passes_on(&n8n_credential::SCOPES)
            .calls_out()
            .errors(&[NotFound]),
    ],
);

const MEDIA: &[Route] = &block(
    &A,
    "media",
    "media",
    [
        post("/api/media", "create_media").scope("media:write").errors(&[NotFound, Forbidden]),
        post("/api/media/uploads", "create_media_upload").scope("media:write"),
        get("/api/media/list", "list_media").scope("media:read").errors(&[Invalid, Forbidden]),
        get("/api/media/stats", "get_media_stats").scope("media:read").errors(&[Invalid, Forbidden]),
        get("/api/media/{id}", "get_media").scope("media:read").errors(&[NotFound]),
        patch("/api/media/{id}", "update_media").scope("media:write").errors(&[NotFound, Conflict]),
        delete("/api/media/{id}", "delete_media")
            .scope("media:write")
            .asks(DECIDE.0, DECIDE.1)
            .errors(&[NotFound, Conflict, Invalid]),
        post("/automation/media/create", "create_media_for_review")
            .scope("media:write")
            .errors(&[NotFound, Forbidden]),
    ],
);

const COLLECTIONS: &[Route] = &block(
    &A,
    "media",
    "collections",
    [
        get("/api/collections", "list_collections").scope("collections:read").errors(&[Invalid, Forbidden]),
        post("/api/collections", "create_collection").scope("collections:write").errors(&[Forbidden]),
        get("/api/collections/{id}", "get_collection").scope("collections:read").errors(&[NotFound]),
        put("/api/collections/{id}", "update_collection")
            .scope("collections:write")
            .errors(&[NotFound, Conflict]),
        delete("/api/collections/{id}", "delete_collection")
            .scope("collections:write")
            .errors(&[NotFound, Conflict]),
    ],
);

const GROUPS: &[Route] = &block(
    &A,
    "account",
    "client groups",
    [
        get("/api/groups", "list_groups").scope("groups:read"),
        post("/api/groups", "create_group").scope("groups:manage").errors(&[WrongState]),
        patch("/api/groups/{id}", "update_group").scope("groups:manage").errors(&[NotFound, Conflict]),
        delete("/api/groups/{id}", "delete_group")
            .scope("groups:manage")
            .errors(&[NotFound, Conflict, WrongState, Invalid]),
    ],
);
