//! A request from its head to its reply.
//!
//! Its one rule: it adds nothing to what the platform says but what sockets are about: who called, whether there is room, and
//! what becomes of a body that nobody read.

use std::{net::IpAddr, sync::Arc};

use axum::{body::Body, extract::ConnectInfo, response::Response};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;
use shared::{
    app::App,
    error::Error,
    http::{
        dialect::{Voice, resolve::resolve},
        entry::Hosted,
        layers, packed, problem, routes,
    },
};
use tower::ServiceExt;

use super::{
    accept::Host,
    limits::STREAM,
    line::Line,
    reply::Outgoing,
    visit::{Head, Visit},
    who::Who,
};
use crate::gate;

const REQUEST_ID: &str = "x-request-id";

/// Answers one request that came from `socket`.
pub async fn answer(
    host: &Arc<Host>,
    line: &Arc<Line>,
    socket: IpAddr,
    request: Request<Incoming>,
) -> Response<Outgoing> {
    line.begin();
    let (mut parts, incoming) = request.into_parts();
    let peer = host.proxies.peer(socket, &parts.headers);
    // The host looks at a path before the platform has put it in order.
    let path = routes::as_routed(parts.uri.path());
    let heard = resolve(&host.app.settings.dialect_hosts, path, &parts.headers);
    let (voice, lane) = (heard.dialect.voice(path), gate::lane(path));
    let expects = parts.headers.get(header::EXPECT);
    let head = Head {
        peer: peer.address.map_or_else(Who::unknown, Who::at),
        lane,
        credential: host.known.trace(&parts.headers),
        declared: layers::declared_length(&parts.headers),
        packed: packed::is_packed(&parts.headers),
        asks_first: expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")),
    };
    let head_only = parts.method == Method::HEAD;
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let visit = Visit::begin(host, line, &head, incoming);
    let mut response = match visit.take_turn() {
        Ok(()) => {
            parts.extensions.insert(ConnectInfo(peer));
            parts.extensions.insert(Hosted(visit.clone()));
            let routed = host.routes.clone().oneshot(Request::from_parts(parts, Body::empty())).await;
            routed.unwrap_or_else(|never| match never {})
        }
        Err(error) => refusal(&host.app, &error, voice, None),
    };
    if visit.was_late() {
        *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    }
    visit.end();
    let hint = response.body().size_hint();
    // Of a reply that is made while it is sent, so much is in memory at once; to HEAD there is nothing to send.
    let made = if head_only { 0 } else { STREAM as u64 };
    let bytes = hint.exact().unwrap_or(hint.lower().max(made));
    let room = match host.replies.room(visit.caller(), bytes, safe, &host.limits).await {
        Ok(room) => room,
        Err(error) => {
            response = refusal(&host.app, &error, voice, response.headers_mut().remove(REQUEST_ID));
            None
        }
    };
    line.reply(room);
    response.map(|body| Outgoing::new(body, line.clone()))
}

fn refusal(app: &App, error: &Error, voice: Voice, id: Option<HeaderValue>) -> Response {
    let mut response = problem::render(error, voice);
    let id = id.or_else(|| HeaderValue::from_str(&app.request_id()).ok());
    response.headers_mut().extend(id.map(|id| (http::HeaderName::from_static(REQUEST_ID), id)));
    response
}
