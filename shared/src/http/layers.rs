//! The layers around every router, outside in: request id, trace and error rendering → panic → CORS → trailing slash →
//! admission (credential, scope, the host's word, rate, idempotency) → router.

use std::{
    any::Any,
    convert::Infallible,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures::stream;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body::Body as _;
use sha2::{Digest, Sha256};
use tower::{Layer, ServiceBuilder};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowHeaders, AllowOrigin, Any as AnyHeader, CorsLayer},
    normalize_path::{NormalizePath, NormalizePathLayer},
};
use tracing::Instrument;

use super::{
    cookies,
    credential::{self, Sent},
    ctx::Ctx,
    entry, form, once, packed,
    peer::Peer,
    problem::{self, Unrendered},
    rate,
    reply::Reply,
    routes::{self, Auth, Route, TEST_SCOPE},
};
use crate::{
    accounts::Authenticated,
    app::SharedApp,
    domain::{api_key::hex, principal::Principal},
    error::{Error, ErrorKind, Result},
    metrics::Answered,
    ops::act::{self, HeldKey},
    repo::idempotency::{self, Stage},
    store::{Key, meter::measured},
    tenant::TenantId,
};

/// Longest `Idempotency-Key`.
const MAX_IDEMPOTENCY_KEY: usize = 255;

/// Wraps a function's routes in the platform.
pub fn platform(router: Router<SharedApp>, app: SharedApp) -> NormalizePath<Router> {
    let cors = cors(&app.settings.cors_origins);
    // As one: a router boxes what each layer makes of a route, and clones it for each request.
    let layers = ServiceBuilder::new()
        .layer(from_fn(limit_head))
        .layer(from_fn_with_state(app.clone(), observe))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors)
        .layer(from_fn_with_state(app.clone(), admit));
    let router = router.fallback(|| async { no_such_route() }).layer(layers).with_state(app);
    // Around the router and not inside it: a path is matched before an inner layer could change it.
    NormalizePathLayer::trim_trailing_slash().layer(router)
}

/// A reply to `HEAD` keeps its headers and loses its body, also when an error was rendered. Its length is the one that `GET`
/// would have, or none where that is not known: never the length of nothing (RFC 9110 §8.6).
async fn limit_head(request: Request, next: Next) -> Response {
    let head = request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    if !head {
        return response;
    }
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    // Of a body of no known length, so that nobody works a length out of it.
    response.map(|_| Body::from_stream(stream::empty::<Result<Bytes, Infallible>>()))
}

fn cors(origins: &[String]) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AnyHeader)
        .expose_headers(
            [
                "retry-after",
                "x-request-id",
                "idempotent-replayed",
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
            ]
            .map(http::HeaderName::from_static),
        );
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(AnyHeader);
    }
    // Listed origins may use a person's session; with any origin allowed, that would be everybody's.
    layer.allow_credentials(true).allow_headers(AllowHeaders::mirror_request()).allow_origin(
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(format!("panic: {}", text.unwrap_or("of unknown kind"))).into_response()
}

/// Gives the request its id, its span and, on the way out, its error's words.
async fn observe(State(app): State<SharedApp>, mut request: Request, next: Next) -> Response {
    let request_id: Arc<str> = request_id(&app, request.headers()).into();
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let dialect = routes::dialect_of(request.uri().path());
    let method = request.method().clone();
    // The pattern, not the path: ids and tokens in paths stay out of the log.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let caller = Tenant::default();
    request.extensions_mut().insert(caller.clone());
    let span =
        tracing::info_span!("request", id = %request_id, %method, route, tenant = tracing::field::Empty);
    let started = app.clock.monotonic();
    let answer = async {
        let (mut response, spent) = measured(next.run(request)).await;
        if let Some(Unrendered(error)) = response.extensions_mut().remove::<Unrendered>() {
            problem::log(&error);
            let allow = response.headers_mut().remove(header::ALLOW);
            let kept = std::mem::take(response.headers_mut());
            response = problem::render(&error, dialect);
            for (name, value) in kept.into_iter().filter_map(|(name, value)| Some((name?, value))) {
                response.headers_mut().entry(name).or_insert(value);
            }
            if let Some(allow) = allow {
                response.headers_mut().insert(header::ALLOW, allow);
            }
        }
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert("x-request-id", id);
        }
        (response, spent)
    };
    let (response, spent) = answer.instrument(span).await;
    let answered = Answered {
        id: &request_id,
        method: &method,
        route: &route,
        tenant: caller.0.get().copied(),
        status: response.status().as_u16(),
        took: app.clock.monotonic().saturating_sub(started),
        spent,
    };
    answered.log();
    response
}

/// Whose request it is, once that is known: for the line that counts it, which is written also when it was refused.
#[derive(Debug, Clone, Default)]
struct Tenant(Arc<OnceLock<TenantId>>);

/// Id of a request, for handlers and for the tasks they cause.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// The caller's own id when it is short and plain, else a new one.
fn request_id(app: &SharedApp, headers: &HeaderMap) -> String {
    let plain = |text: &&str| {
        (8..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let sent = headers.get("x-request-id").and_then(|value| value.to_str().ok()).filter(plain);
    sent.map_or_else(|| app.request_id(), str::to_owned)
}

/// Lets a request in: who is it, may it, has the host room for it, is it too much, was it answered before.
async fn admit(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    if let Err(error) = once::check(request.headers()) {
        return error.into_response();
    }
    let Some(path) = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
        return next.run(request).await;
    };
    let Some(route) = routes::find(request.method(), &path) else {
        return unlisted(&path);
    };
    if route.auth == Auth::Public {
        return match entry::enter(request, None, route).await {
            Ok(request) => next.run(request).await,
            Err(error) => error.into_response(),
        };
    }
    match admitted(&app, route, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

/// Nothing runs that the table does not know, be it routed or not: a forgotten row must not open a door.
fn unlisted(path: &str) -> Response {
    let methods = routes::methods(path);
    if methods.is_empty() {
        return no_such_route().into_response();
    }
    let error = Error::new(
        ErrorKind::MethodNotAllowed,
        "method_not_allowed",
        "This address does not answer that method.",
    );
    let mut response = error.into_response();
    if let Ok(allow) = HeaderValue::from_str(&methods.join(",")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn no_such_route() -> Error {
    Error::new(ErrorKind::NotFound, "no_such_route", "There is no such address. GET /docs lists them.")
}

async fn admitted(
    app: &SharedApp,
    route: &'static Route,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    let peer = Peer::of(request.extensions());
    let sent = credential::sent(request.headers(), peer).ok_or_else(|| credential::missing(route.auth))?;
    let Authenticated { principal: caller, session } = match sent {
        Sent::Header(text) => app.authenticate(text).await?,
        // Nothing but a session: an API key in a cookie would be a credential that forged requests carry along.
        Sent::Cookie(text) => app.verify_session(text).await?.into(),
    };
    tracing::Span::current().record("tenant", caller.tenant.0);
    if let Some(tenant) = request.extensions().get::<Tenant>() {
        let _ = tenant.0.set(caller.tenant);
    }
    admits(&caller, peer)?;
    app.count_use(&caller);
    let mut renewed = None;
    if let (Sent::Cookie(_), Some(session)) = (sent, &session) {
        credential::check_csrf(request.method(), request.headers(), session)?;
        renewed = app.renew(session)?;
    }
    may(route, request.uri().query(), &caller, session.is_some())?;
    request = entry::enter(request, Some(caller.tenant), route).await?;
    // Its body may have taken half a minute.
    let now = app.now();
    let limits = rate::limits(route.rate, &app.settings, &caller);
    let counted = (caller.tenant, caller.counted_as());
    let standing = app.limiter.spend(&*app.store, counted, &limits, now).await?;
    let mut response = match standing.filter(|standing| !standing.allowed) {
        Some(standing) => standing.refusal(now).into_response(),
        None => {
            let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
            let request_id = request_id.ok_or_else(|| Error::internal("a request without an id"))?;
            let mut ctx = Ctx::new(app.clone(), caller, session, request_id, now);
            match remember(route, &mut ctx, request).await? {
                Remembered::Answered(reply) => reply.into_response(),
                Remembered::New(restored) => {
                    request = *restored;
                    request.extensions_mut().insert(ctx);
                    next.run(request).await
                }
            }
        }
    };
    if let Some(standing) = standing {
        standing.write(response.headers_mut());
    }
    // Where the handler has set the cookies itself, it ended the session.
    if let Some(token) = renewed.filter(|_| !response.headers().contains_key(header::SET_COOKIE)) {
        cookies::set(response.headers_mut(), &token, peer, now)?;
    }
    Ok(response)
}

/// Whether the key may be used from where the request comes from. Who may not is told from where that is, and not from where
/// he might.
fn admits(caller: &Principal, peer: Peer) -> Result<()> {
    if caller.terms.admits(peer.address) {
        return Ok(());
    }
    let from = peer
        .address
        .map_or_else(|| "an unknown address".to_owned(), |address| address.to_canonical().to_string());
    let message = format!("This key may not be used from {from}.");
    Err(Error::new(ErrorKind::Forbidden, "ip_not_allowed", message))
}

/// Whether the caller may use the route.
fn may(route: &Route, query: Option<&str>, caller: &Principal, in_session: bool) -> Result<()> {
    let refused = |code, message: String| Err(Error::new(ErrorKind::Forbidden, code, message));
    match route.auth {
        Auth::Scope(scope) => {
            let asked_for = route.asked_for(query);
            let needed = std::iter::once(&scope).chain(route.passes_on).chain(&asked_for);
            let missing: Vec<_> =
                needed.copied().filter(|scope| *scope != TEST_SCOPE && !caller.allows(scope)).collect();
            let what = if in_session { "Your role" } else { "This key" };
            match missing.as_slice() {
                [] => Ok(()),
                [one] => refused("missing_scope", format!("{what} lacks the scope {one}.")),
                several => {
                    refused("missing_scope", format!("{what} lacks the scopes {}.", several.join(", ")))
                }
            }
        }
        Auth::Session if !in_session => {
            refused("session_needed", "An API key cannot do this: log in, and use the session.".into())
        }
        _ => Ok(()),
    }
}

enum Remembered {
    New(Box<Request>),
    Answered(Reply),
}

/// Looks an `Idempotency-Key` up.
async fn remember(route: &Route, ctx: &mut Ctx, request: Request) -> Result<Remembered> {
    if !route.remembers() {
        return Ok(Remembered::New(Box::new(request)));
    }
    let Some(sent) = request.headers().get("idempotency-key") else {
        return Ok(Remembered::New(Box::new(request)));
    };
    let sent =
        sent.to_str().ok().map(str::trim).filter(|text| (1..=MAX_IDEMPOTENCY_KEY).contains(&text.len()));
    let sent = sent.map(str::to_owned).ok_or_else(|| {
        Error::invalid(
            "Idempotency-Key",
            format!("must have 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters"),
        )
    })?;
    let (mut parts, body) = request.into_parts();
    let body = read_body(&ctx.app, &parts.headers, body).await?;
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let form = form::without_boundary(&parts.headers, &body);
    let fingerprint = hash(&[target.as_bytes(), form.as_deref().unwrap_or(&body)]);
    let key = remembered_as(&ctx.caller, route, parts.uri.path(), &sent);
    let mut begun = None;
    if let Some(record) = idempotency::find(&*ctx.app.store, &key, ctx.now).await? {
        if let Stage::Begun { id, .. } = record.outcome {
            begun = Some(id);
        }
        if let Some(answer) = act::settle(record, &fingerprint, ctx.now)? {
            return Ok(Remembered::Answered(Reply::replay(answer.status, answer.body)?));
        }
    }
    ctx.with_key(HeldKey::new(key, fingerprint, begun), route.dialect);
    // What they say of the body was true before it was read.
    for name in [header::CONTENT_ENCODING, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    Ok(Remembered::New(Box::new(Request::from_parts(parts, Body::from(body)))))
}

/// Where the reply is kept. A key belongs to its user: who has changed the API key finds it again, and two users who chose the
/// same text do not meet. The first part tells these apart from records of a key that all users of an organization shared.
fn remembered_as(caller: &Principal, route: &Route, path: &str, sent: &str) -> Key {
    let user = caller.user_id.get().to_be_bytes();
    let parts: [&[u8]; 5] = [b"user", &user, route.operation.as_bytes(), path.as_bytes(), sent.as_bytes()];
    idempotency::key(caller.tenant, &hash(&parts))
}

/// Reads a body up to the limit, and unpacks it up to the same. A declared length over it is refused before a byte is read. A
/// body that is there as a whole is handed on without a copy.
pub(super) async fn read_body(app: &SharedApp, headers: &HeaderMap, body: Body) -> Result<Bytes> {
    let limit = app.settings.max_body_bytes;
    if declared_length(headers).is_some_and(|declared| declared > limit) {
        return Err(too_large(limit));
    }
    match axum::body::to_bytes(body, limit).await {
        Ok(body) => packed::unpack(headers, body, limit, || too_large(limit)),
        Err(error) if is_length_limit(&error) => Err(too_large(limit)),
        Err(error) => Err(broken_off(error)),
    }
}

/// What the request says of its body's length.
pub fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// The refusal of a body over the limit.
pub fn too_large(limit: usize) -> Error {
    Error::new(ErrorKind::TooLarge, "body_too_large", format!("The body is larger than {limit} bytes."))
}

/// The refusal of a body that came in pieces and not to its end: the host's own, where it gave one.
pub fn came_wrong(cause: axum::Error) -> Error {
    match cause.into_inner().downcast::<Error>() {
        Ok(refusal) => *refusal,
        Err(cause) => broken_off(cause),
    }
}

/// The refusal of a body that did not come to its end.
pub fn broken_off(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Malformed, "body_unreadable", "The body ended too early.").caused_by(cause)
}

fn is_length_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}

/// SHA-256 over parts, each with its length in front so that no two lists of parts read alike.
pub(super) fn hash(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize())
}
