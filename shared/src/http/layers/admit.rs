//! The innermost layer: lets a request in. Who is it, may it, has the host room for it, is it too much, was it answered before.
//!
//! Its one rule: nothing runs that the route table does not know, be it routed or not.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, Uri, header};

use super::{
    super::{
        cookies,
        credential::{self, Sent},
        ctx::Ctx,
        dialect::{Dialect, resolve},
        entry, once,
        peer::Peer,
        rate::{self, Counted, counts_plan},
        routes::{self, Auth, Route, TEST_SCOPE},
    },
    Until,
    body::read_body,
    hear, no_such_route,
    observe::{Learned, RequestId},
    remember::{Remembered, remember},
};
use crate::{
    accounts::{Authenticated, Presented},
    app::SharedApp,
    domain::principal::{Credential, Principal, covers},
    error::{Error, ErrorKind, Result},
};

/// Lets a request in, or says why not.
pub(super) async fn admit(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    if let Err(error) = once::check(request.headers()).and_then(|()| resolve::check(request.headers())) {
        return error.into_response();
    }
    let Some(path) = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
        return next.run(request).await;
    };
    let heard = hear::of(&app, &request);
    let Some(route) = routes::find(heard.dialect, request.method(), &path) else {
        return unlisted(heard.dialect, &path);
    };
    let admitted = match route.auth {
        Auth::Public => match entry::enter(request, None, route).await {
            Ok(request) => Ok(next.run(with_route(request, route)).await),
            Err(error) => Err(error),
        },
        _ => admitted(&app, Asked { heard, route, path: &path }, request, next).await,
    };
    admitted.unwrap_or_else(IntoResponse::into_response)
}

/// Nothing runs that the table does not know: a forgotten row must not open a door.
fn unlisted(dialect: &'static Dialect, path: &str) -> Response {
    let methods = routes::methods(dialect, path);
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

/// What is asked for, as far as the request tells without its caller.
struct Asked<'a> {
    heard: resolve::Resolved,
    route: &'static Route,
    /// The pattern that the router matched.
    path: &'a str,
}

impl Asked<'_> {
    fn in_dialect(&self, dialect: &'static Dialect, method: &Method) -> Option<&'static Route> {
        routes::find(dialect, method, self.path)
    }

    /// The same in the dialect that the caller's key pins, if it does and the dialect has the route.
    fn by_key(self, method: &Method, caller: &Principal) -> Self {
        let has = |dialect: &'static Dialect| self.in_dialect(dialect, method).is_some();
        let heard = self.heard.with_key(caller.dialect, has);
        if heard.dialect == self.heard.dialect {
            return Self { heard, ..self };
        }
        Self { route: self.in_dialect(heard.dialect, method).unwrap_or(self.route), heard, ..self }
    }

    /// The same in the dialect that the body looks like, where nothing else has told. It reads the body.
    async fn by_body(self, app: &SharedApp, request: Request) -> Result<(Self, Request)> {
        if self.heard.by != resolve::By::Guess || *request.method() != Method::POST {
            return Ok((self, request));
        }
        let (mut parts, body) = request.into_parts();
        let body = read_body(app, &parts.headers, body).await?;
        // What they say of the body was true before it was read.
        for name in [header::CONTENT_ENCODING, header::CONTENT_LENGTH] {
            parts.headers.remove(name);
        }
        let heard = self.heard.with_body(&body);
        let route = self.in_dialect(heard.dialect, &parts.method).unwrap_or(self.route);
        Ok((Self { route, heard, ..self }, Request::from_parts(parts, body.into())))
    }
}

/// For whoever reads the request: which route it is, and with that how its caller talks.
fn with_route(mut request: Request, route: &'static Route) -> Request {
    request.extensions_mut().insert(route);
    request
}

async fn admitted(app: &SharedApp, asked: Asked<'_>, request: Request, next: Next) -> Result<Response> {
    let peer = Peer::of(request.extensions());
    let headers = request.headers();
    let sent = credential::sent(headers, peer).ok_or_else(|| credential::missing(asked.route.auth))?;
    let Authenticated { principal: caller, session } = match sent {
        Sent::Header(text) => app.accounts().authenticate(text).await?,
        // Nothing but a session: an API key in a cookie would be a credential that forged requests carry along.
        Sent::Cookie(text) => app.accounts().verify_session(text).await?.into(),
    };
    tracing::Span::current().record("tenant", caller.tenant.0);
    let learned = request.extensions().get::<Learned>().cloned().unwrap_or_default();
    learned.belongs_to(caller.tenant);
    let asked = asked.by_key(request.method(), &caller);
    learned.speaks(asked.heard);
    // Who is refused here is not counted: whoever has stolen a key, or made a page forge a request, uses up nobody's plan.
    admits(&caller, peer)?;
    app.accounts().count_use(&caller);
    rate::of_tenant(app, &caller, app.now()).await?;
    let mut renewed = None;
    if let (Sent::Cookie(_), Some(session)) = (sent, &session) {
        credential::check_csrf(request.method(), request.headers(), session)?;
        renewed = app.accounts().renew(session)?;
    }
    let mut counted = Counted::default();
    let known = Known { caller, session, learned };
    let answered = answered(app, asked, request, next, (known, &mut counted)).await;
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    if let Some(standing) = counted.standing() {
        standing.write(response.headers_mut());
    }
    // Where the handler has set the cookies itself, it ended the session.
    if let Some(token) = renewed.filter(|_| !response.headers().contains_key(header::SET_COOKIE)) {
        cookies::set(response.headers_mut(), &token, peer, app.now())?;
    }
    Ok(response)
}

/// Who calls, and what the reply's layers are told of it.
struct Known {
    caller: Arc<Principal>,
    session: Option<Presented>,
    learned: Learned,
}

/// Answers somebody who is known.
async fn answered(
    app: &SharedApp,
    asked: Asked<'_>,
    request: Request,
    next: Next,
    (known, counted): (Known, &mut Counted),
) -> Result<Response> {
    let Known { caller, session, learned } = known;
    // A plan counts also what is refused, and each reply tells how it stands.
    let by_plan = counts_plan(asked.route);
    let allowed = may(asked.route, request.uri(), &caller, session.as_ref());
    if by_plan {
        counted.spend(app, asked.route, (&caller, allowed.is_ok()), app.now()).await?;
    }
    allowed?;
    let request = entry::enter(request, Some(caller.tenant), asked.route).await?;
    let (asked, mut request) = asked.by_body(app, request).await?;
    let route = asked.route;
    // Its body may have taken half a minute.
    let now = app.now();
    if asked.heard.by == resolve::By::Body {
        learned.speaks(asked.heard);
        let allowed = may(route, request.uri(), &caller, session.as_ref());
        if counts_plan(route) && !by_plan {
            counted.spend(app, route, (&caller, allowed.is_ok()), now).await?;
        }
        allowed?;
    }
    if !counts_plan(route) {
        counted.spend(app, route, (&caller, true), now).await?;
    }
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
    let request_id = request_id.ok_or_else(|| Error::internal("a request without an id"))?;
    let until = request.extensions().get::<Until>().copied();
    let mut ctx = Ctx::new(app.clone(), caller, session, request_id, now).until(until);
    match remember(route, &mut ctx, request).await? {
        Remembered::Answered(reply) => Ok(reply.into_response()),
        Remembered::New(restored) => {
            request = with_route(*restored, route);
            request.extensions_mut().insert(ctx);
            Ok(next.run(request).await)
        }
    }
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

/// Whether the key that calls is the one that the path names.
fn is_itself(route: &Route, path: &str, caller: &Principal) -> bool {
    let named = routes::parameter(route.path, path, "{id}").and_then(|text| text.parse().ok());
    named.is_some_and(|id| caller.credential == Credential::ApiKey(id))
}

/// Whether the caller may use the route.
fn may(route: &Route, uri: &Uri, caller: &Principal, session: Option<&Presented>) -> Result<()> {
    let refused = |code, message: String| Err(Error::new(ErrorKind::Forbidden, code, message));
    let in_session = session.is_some();
    if session.is_some_and(Presented::must_enrol) && !route.enrols {
        let message = "The organization demands a second factor: begin with POST /api/v1/second_factor.";
        return refused("second_factor_needed", message.into());
    }
    match route.auth {
        Auth::Scope(_) if route.own_key && is_itself(route, uri.path(), caller) => Ok(()),
        Auth::Scope(scope) => {
            let asked_for = route.asked_for(uri.query());
            let needed = std::iter::once(&scope).chain(route.passes_on).chain(&asked_for);
            let missing: Vec<_> =
                needed.copied().filter(|scope| *scope != TEST_SCOPE && !caller.allows(scope)).collect();
            let what = if in_session { "Your role" } else { "This key" };
            let held = |scope: &&str| caller.scopes.iter().any(|held| covers(held, scope));
            match missing.as_slice() {
                [] => Ok(()),
                all if all.iter().all(held) => refused(
                    "bound_to_groups",
                    format!(
                        "This is the whole organization's, and {} bound to client groups.",
                        if in_session { "you are" } else { "this key is" }
                    ),
                ),
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
