//! The route table: what each route asks of its caller, in one place. The router, the API document, the SAM template
//! and the tests are compared with it; a route that is not here is refused by `layers::admit`.
//!
//! Its one rule: all rights stand here. They are looked at before a reply is repeated, and no handler is asked then.

use http::Method;

use crate::{
    config::Settings,
    domain::n8n_credential,
    error::ErrorKind::{self, *},
};

/// How a family of routes talks: its envelope and its status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Document 000's token-usage, trigger and poll routes: `{"status":"error","message"}`.
    Tokens,
    /// The rest of document 000: `{"success":false,"code","error","message"}`.
    Invokati,
    /// Document 002: `{"error","message","errors"}`.
    DripPulse,
    /// Routes that belong to no document, or to all.
    House,
}

/// What a route asks for before its handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    Public,
    /// Somebody who holds the scope, by an API key or by a session.
    Scope(&'static str),
    /// Somebody who logged in, whatever the role: what concerns the user's own credentials is no business of a key.
    Session,
}

/// Which limit a route counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateClass {
    None,
    /// What starts workflows: 60 requests a minute per API key, or per user for sessions, together for all routes of the class.
    Trigger,
    /// What asks how they are doing, as many and apart from those: a dashboard that polls uses up no triggers.
    Poll,
}

impl RateClass {
    /// Its name, and what it allows in a minute; none where nothing is counted.
    pub fn limit(self, settings: &Settings) -> Option<(&'static str, u32)> {
        match self {
            Self::None => None,
            Self::Trigger => Some(("trigger", settings.trigger_limit)),
            Self::Poll => Some(("poll", settings.poll_limit)),
        }
    }
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub method: Verb,
    pub path: &'static str,
    /// Also the `operationId`.
    pub operation: &'static str,
    pub dialect: Dialect,
    pub auth: Auth,
    /// Scopes that the route hands on to somebody else. Its caller must hold them too: nobody gives what he lacks.
    pub passes_on: &'static [&'static str],
    pub rate: RateClass,
    /// The function under `functions/` that serves it.
    pub function: &'static str,
    /// What it can answer besides success and what [`Route::errors`] adds for its class.
    pub errors: &'static [ErrorKind],
}

/// The methods in use, as a value that can stand in a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Patch,
    Put,
    Delete,
}

impl Verb {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// What a route that deletes can be asked to do first, and the scope that this needs.
const DECIDE: (&str, &str) = ("decide", "reviews:decide");
const DECIDING: [&str; 5] =
    ["delete_payload", "delete_lead", "delete_invoice", "delete_media", "change_leads"];

impl Route {
    /// A scope that the request needs by its query, beside that of its route.
    pub fn asked_for(&self, query: Option<&str>) -> Option<&'static str> {
        let (parameter, scope) = DECIDE;
        let mut sent = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let asks = DECIDING.contains(&self.operation)
            && sent.any(|(name, value)| name == parameter && !value.trim().is_empty());
        asks.then_some(scope)
    }

    /// Whether the route honours an `Idempotency-Key`. Logging in and the user's own credentials do not: their requests
    /// and replies hold secrets, which must not be stored, and a repeat of them does no harm.
    pub fn remembers(&self) -> bool {
        self.method == Verb::Post && matches!(self.auth, Auth::Scope(_))
    }

    /// Whether the route reads its body as it comes: a file is larger than what is kept in memory for a request.
    pub fn streams(&self) -> bool {
        self.method == Verb::Put && self.path == "/files/{token}"
    }

    /// Every kind of error that the route can answer with.
    pub fn errors(&self) -> Vec<ErrorKind> {
        let mut kinds = self.errors.to_vec();
        kinds.push(Internal);
        if self.auth != Auth::Public {
            kinds.extend([Unauthenticated, CredentialRejected, Forbidden, Unavailable]);
        }
        if matches!(self.method, Verb::Post | Verb::Patch | Verb::Put) {
            kinds.extend([Malformed, Invalid, TooLarge, UnsupportedMedia]);
        }
        if self.remembers() {
            kinds.push(Conflict);
        }
        if self.rate != RateClass::None {
            kinds.push(RateLimited);
        }
        kinds.sort_by_key(|kind| *kind as u8);
        kinds.dedup();
        kinds
    }
}

macro_rules! routes {
    (@passes_on) => { &[] };
    (@passes_on $more:path) => { &$more };
    ($($method:ident $path:literal $operation:literal $dialect:ident $auth:expr, $rate:ident, $function:literal, [$($error:ident),*] $(, passes_on $more:path)?;)*) => {
        /// Every route of the product.
        pub const ROUTES: &[Route] = &[$(Route {
            method: Verb::$method,
            path: $path,
            operation: $operation,
            dialect: Dialect::$dialect,
            auth: $auth,
            passes_on: routes!(@passes_on $($more)?),
            rate: RateClass::$rate,
            function: $function,
            errors: &[$($error),*],
        }),*];
    };
}

use Auth::{Public, Scope, Session};

routes! {
    Get "/" "home" House Public, None, "meta", [];
    Get "/health" "health" House Public, None, "meta", [Unavailable];
    Get "/api/v1/health" "health_v1" DripPulse Public, None, "meta", [Unavailable];
    Get "/openapi.json" "openapi" House Public, None, "meta", [];
    Get "/docs" "docs" House Public, None, "meta", [];
    Get "/docs/{file}" "docs_file" House Public, None, "meta", [NotFound];
    Get "/api" "test_credential" Invokati Scope("*:test"), None, "meta", [];
    Get "/api/auth/test" "test_credential_auth" Invokati Scope("*:test"), None, "meta", [];
    Post "/api/token-usage" "record_token_usage" Tokens Scope("token_usage:write"), None, "token-usage", [NotFound];
    Get "/api/token-usage/{workflow_id}/stats" "get_token_usage_stats" Tokens Scope("token_usage:read"), None, "token-usage", [NotFound, Invalid];
    Get "/api/token-usage/{workflow_id}/records" "list_token_usage_records" Tokens Scope("token_usage:read"), None, "token-usage", [NotFound, Invalid];
    Post "/api/token-usage/reprice" "reprice_token_usage" Tokens Scope("prices:write"), None, "token-usage", [];
    Get "/api/model-prices" "list_model_prices" Invokati Scope("prices:read"), None, "token-usage", [];
    Put "/api/model-prices" "set_model_price" Invokati Scope("prices:write"), None, "token-usage", [WrongState];
    Delete "/api/model-prices" "delete_model_price" Invokati Scope("prices:write"), None, "token-usage", [NotFound, Invalid];
    Get "/api/budgets" "list_budgets" Invokati Scope("budgets:read"), None, "token-usage", [];
    Post "/api/budgets" "create_budget" Invokati Scope("budgets:write"), None, "token-usage", [Forbidden, WrongState];
    Get "/api/budgets/{id}" "get_budget" Invokati Scope("budgets:read"), None, "token-usage", [NotFound];
    Patch "/api/budgets/{id}" "update_budget" Invokati Scope("budgets:write"), None, "token-usage", [NotFound];
    Delete "/api/budgets/{id}" "delete_budget" Invokati Scope("budgets:write"), None, "token-usage", [NotFound];
    Post "/api/trigger-webhook" "trigger_webhook" Tokens Scope("workflows:execute"), Trigger, "triggers", [NotFound, Upstream, UpstreamTimeout];
    Post "/api/poll-execution" "poll_execution" Tokens Scope("workflows:read"), Poll, "triggers", [NotFound];
    Post "/api/payloads" "create_payload" Invokati Scope("payloads:write"), None, "payloads", [NotFound, Forbidden];
    Get "/api/payloads/list" "list_payloads" Invokati Scope("payloads:read"), None, "payloads", [Invalid, Forbidden];
    Get "/api/payloads/{id}" "get_payload" Invokati Scope("payloads:read"), None, "payloads", [NotFound];
    Patch "/api/payloads/{id}" "update_payload" Invokati Scope("payloads:write"), None, "payloads", [NotFound, Conflict];
    Delete "/api/payloads/{id}" "delete_payload" Invokati Scope("payloads:write"), None, "payloads", [NotFound, Conflict, Invalid];
    Post "/automation/payload/create" "create_payload_for_review" Invokati Scope("payloads:write"), None, "payloads", [NotFound, Forbidden];
    Post "/automation/approve" "approve" Invokati Scope("reviews:decide"), None, "reviews", [NotFound, WrongState];
    Post "/automation/deny" "deny" Invokati Scope("reviews:decide"), None, "reviews", [NotFound, WrongState];
    Post "/automation/regenerate" "regenerate" Invokati Scope("reviews:decide"), None, "reviews", [NotFound, WrongState];
    Get "/api/lead-statuses" "list_lead_statuses" Invokati Scope("pipeline:read"), None, "lead-setup", [];
    Post "/api/lead-statuses" "create_lead_status" Invokati Scope("pipeline:write"), None, "lead-setup", [WrongState];
    Post "/api/lead-statuses/reorder" "reorder_lead_statuses" Invokati Scope("pipeline:write"), None, "lead-setup", [];
    Patch "/api/lead-statuses/{id}" "update_lead_status" Invokati Scope("pipeline:write"), None, "lead-setup", [NotFound, Conflict];
    Delete "/api/lead-statuses/{id}" "delete_lead_status" Invokati Scope("pipeline:write"), None, "lead-setup", [NotFound, Invalid];
    Get "/api/lead-custom-fields" "list_lead_custom_fields" Invokati Scope("pipeline:read"), None, "lead-setup", [];
    Post "/api/lead-custom-fields" "create_lead_custom_field" Invokati Scope("pipeline:write"), None, "lead-setup", [WrongState];
    Patch "/api/lead-custom-fields/{id}" "update_lead_custom_field" Invokati Scope("pipeline:write"), None, "lead-setup", [NotFound];
    Delete "/api/lead-custom-fields/{id}" "delete_lead_custom_field" Invokati Scope("pipeline:write"), None, "lead-setup", [NotFound];
    Get "/api/leads/view-config" "get_lead_view" Invokati Scope("leads:read"), None, "lead-setup", [];
    Put "/api/leads/view-config" "set_lead_view" Invokati Scope("leads:read"), None, "lead-setup", [];
    Post "/api/installs/register" "register_installation" Invokati Scope("installations:write"), None, "installations", [];
    Get "/api/installs" "list_installations" Invokati Scope("installations:read"), None, "installations", [Invalid];
    Get "/api/installs/{id}" "get_installation" Invokati Scope("installations:read"), None, "installations", [NotFound];
    Delete "/api/installs/{id}" "delete_installation" Invokati Scope("installations:write"), None, "installations", [NotFound, Conflict];
    Get "/api/alerts" "list_alerts" Invokati Scope("alerts:read"), None, "installations", [];
    Post "/api/alerts" "create_alert" Invokati Scope("alerts:write"), None, "installations", [NotFound, WrongState];
    Patch "/api/alerts/{id}" "update_alert" Invokati Scope("alerts:write"), None, "installations", [NotFound];
    Delete "/api/alerts/{id}" "delete_alert" Invokati Scope("alerts:write"), None, "installations", [NotFound];
    Post "/api/push/executions" "push_execution" Invokati Scope("executions:write"), None, "installations", [NotFound];
    Post "/api/leads" "create_lead" Invokati Scope("leads:write"), None, "leads", [NotFound, Forbidden, WrongState];
    Get "/api/leads/recent" "list_recent_leads" Invokati Scope("leads:read"), None, "leads", [Invalid];
    Get "/api/leads/list" "list_leads" Invokati Scope("leads:read"), None, "leads", [Invalid, Forbidden];
    Post "/api/leads/bulk" "change_leads" Invokati Scope("leads:write"), None, "leads", [];
    Get "/api/leads/{id}" "get_lead" Invokati Scope("leads:read"), None, "leads", [NotFound];
    Patch "/api/leads/{id}" "update_lead" Invokati Scope("leads:write"), None, "leads", [NotFound, Forbidden, Conflict];
    Delete "/api/leads/{id}" "delete_lead" Invokati Scope("leads:write"), None, "leads", [NotFound, Conflict, Invalid];
    Get "/api/installed/{installation_id}" "list_installed_workflows" Invokati Scope("installations:read"), None, "installations", [NotFound];
    Post "/api/v1/admin/login" "admin_login" DripPulse Public, None, "sessions", [CredentialRejected, Forbidden, RateLimited, Unavailable, Internal];
    Post "/api/v1/sessions/admin" "create_admin_session" DripPulse Public, None, "sessions", [CredentialRejected, Forbidden, RateLimited, Unavailable, Internal];
    Post "/api/v1/auth/login" "log_in" DripPulse Public, None, "sessions", [CredentialRejected, Forbidden, RateLimited, Unavailable, Internal];
    Get "/api/v1/admin/verify" "verify_session" DripPulse Scope("*:test"), None, "sessions", [];
    Post "/api/auth/logout" "log_out" Invokati Session, None, "sessions", [];
    Post "/api/user/password" "change_password" Invokati Session, None, "sessions", [Conflict, RateLimited];
    Get "/api/user/api-key" "get_own_api_key" Invokati Session, None, "sessions", [NotFound];
    Post "/api/user/api-key/copy" "copy_own_api_key" Invokati Session, None, "sessions", [NotFound, WrongState];
    Post "/api/user/api-key/regenerate" "regenerate_own_api_key" Invokati Session, None, "sessions", [Conflict];
    Post "/api/notifications" "create_notification" Invokati Scope("notifications:write"), None, "records", [Forbidden];
    Get "/api/notifications/list" "list_notifications" Invokati Scope("notifications:read"), None, "records", [Invalid, Forbidden];
    Patch "/api/notifications/{id}" "mark_notification" Invokati Scope("notifications:write"), None, "records", [NotFound];
    Post "/api/invoices" "create_invoice" Invokati Scope("invoices:write"), None, "records", [NotFound, Forbidden];
    Get "/api/invoices/list" "list_invoices" Invokati Scope("invoices:read"), None, "records", [Invalid, Forbidden];
    Get "/api/invoices/{id}" "get_invoice" Invokati Scope("invoices:read"), None, "records", [NotFound];
    Patch "/api/invoices/{id}" "update_invoice" Invokati Scope("invoices:write"), None, "records", [NotFound, Conflict];
    Delete "/api/invoices/{id}" "delete_invoice" Invokati Scope("invoices:write"), None, "records", [NotFound, Conflict, Invalid];
    Patch "/api/invoices/{id}/status" "set_invoice_status" Invokati Scope("invoices:write"), None, "records", [NotFound, Conflict];
    Post "/api/chats/message" "log_chat_message" Invokati Scope("chats:write"), None, "records", [NotFound, Forbidden];
    Get "/api/chats/list" "list_chats" Invokati Scope("chats:read"), None, "records", [Invalid, Forbidden];
    Get "/api/chats/stats" "get_chat_stats" Invokati Scope("chats:read"), None, "records", [Invalid, Forbidden];
    Get "/api/chats/{id}" "get_chat" Invokati Scope("chats:read"), None, "records", [NotFound, Invalid];
    Patch "/api/chats/{id}" "update_chat" Invokati Scope("chats:write"), None, "records", [NotFound];
    Delete "/api/chats/{id}" "delete_chat" Invokati Scope("chats:write"), None, "records", [NotFound];
    Delete "/api/chats/{id}/messages/{message_id}" "delete_chat_message" Invokati Scope("chats:write"), None, "records", [NotFound];
    Get "/api/n8n/nodes" "list_n8n_nodes" Invokati Scope("nodes:read"), None, "n8n-nodes", [];
    Get "/api/n8n/nodes/{kind}" "get_n8n_node" Invokati Scope("nodes:read"), None, "n8n-nodes", [NotFound, Invalid];
    Post "/api/n8n/nodes/{kind}" "connect_n8n_node" Invokati Scope("nodes:write"), None, "n8n-nodes", [NotFound], passes_on n8n_credential::SCOPES;
    Post "/api/media" "create_media" Invokati Scope("media:write"), None, "media", [NotFound, Forbidden];
    Post "/api/media/uploads" "create_media_upload" Invokati Scope("media:write"), None, "media", [];
    Put "/files/{token}" "put_file" House Public, None, "media", [NotFound, Unavailable];
    Get "/files/{token}" "get_file" House Public, None, "media", [NotFound, Unavailable];
    Get "/api/media/list" "list_media" Invokati Scope("media:read"), None, "media", [Invalid, Forbidden];
    Get "/api/media/stats" "get_media_stats" Invokati Scope("media:read"), None, "media", [Invalid, Forbidden];
    Get "/api/media/{id}" "get_media" Invokati Scope("media:read"), None, "media", [NotFound];
    Patch "/api/media/{id}" "update_media" Invokati Scope("media:write"), None, "media", [NotFound, Conflict];
    Delete "/api/media/{id}" "delete_media" Invokati Scope("media:write"), None, "media", [NotFound, Conflict, Invalid];
    Post "/automation/media/create" "create_media_for_review" Invokati Scope("media:write"), None, "media", [NotFound, Forbidden];
    Get "/api/collections" "list_collections" Invokati Scope("collections:read"), None, "media", [Invalid, Forbidden];
    Post "/api/collections" "create_collection" Invokati Scope("collections:write"), None, "media", [Forbidden];
    Get "/api/collections/{id}" "get_collection" Invokati Scope("collections:read"), None, "media", [NotFound];
    Put "/api/collections/{id}" "update_collection" Invokati Scope("collections:write"), None, "media", [NotFound, Conflict];
    Delete "/api/collections/{id}" "delete_collection" Invokati Scope("collections:write"), None, "media", [NotFound, Conflict];
}

/// The scope that everybody holds: it only tells that the credential works.
pub const TEST_SCOPE: &str = "*:test";

/// The route behind a method and the path pattern that the router matched. `HEAD` is answered by `GET`.
pub fn find(method: &Method, path: &str) -> Option<&'static Route> {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    ROUTES.iter().find(|route| route.path == path && route.method.as_str() == method)
}

/// The methods that a path answers, as its `Allow` header names them.
pub fn methods(path: &str) -> Vec<&'static str> {
    let routes = ROUTES.iter().filter(|route| route.path == path);
    routes
        .flat_map(|route| match route.method {
            Verb::Get => vec!["GET", "HEAD"],
            other => vec![other.as_str()],
        })
        .collect()
}

/// A path as the router will read it: one slash in front and none behind, however many were sent. For what looks at a path
/// before [`super::layers::platform`] has put it in order.
pub fn as_routed(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let in_front = path.len() - path.trim_start_matches('/').len();
    match path.get(in_front.saturating_sub(1)..) {
        None | Some("") => "/",
        Some(path) => path,
    }
}

/// The dialect of a path that may not be a route at all.
pub fn dialect_of(path: &str) -> Dialect {
    let under =
        |prefix: &str| path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    if ["/api/token-usage", "/api/trigger-webhook", "/api/poll-execution"].into_iter().any(under) {
        Dialect::Tokens
    } else if under("/api/v1") {
        Dialect::DripPulse
    } else if under("/api") || under("/automation") {
        Dialect::Invokati
    } else {
        Dialect::House
    }
}
