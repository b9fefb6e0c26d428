//! The outermost layer of the router: request id, span, and on the way out the words of an error and the line that counts
//! the request.
//!
//! Its one rule: an error is rendered here and nowhere else, because only here every error of a request comes by.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderValue, header};
use tracing::Instrument;

use super::{
    super::{
        dialect::{
            Dialect, Voice,
            resolve::{By, Resolved},
        },
        problem::{self, Unrendered},
    },
    hear,
};
use crate::{app::SharedApp, metrics::Answered, store::meter::measured, tenant::TenantId};

/// Gives the request its id, its span and, on the way out, its error's words.
pub(super) async fn observe(State(app): State<SharedApp>, mut request: Request, next: Next) -> Response {
    let request_id: Arc<str> = request_id(&app, request.headers()).into();
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let heard = hear::of(&app, &request);
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    // The pattern, not the path: ids and tokens in paths stay out of the log.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let learned = Learned::default();
    request.extensions_mut().insert(learned.clone());
    let span =
        tracing::info_span!("request", id = %request_id, %method, route, tenant = tracing::field::Empty);
    let started = app.clock.monotonic();
    let answer = async {
        let (mut response, spent) = measured(next.run(request)).await;
        if let Some(Unrendered(error)) = response.extensions_mut().remove::<Unrendered>() {
            response = told(&error, learned.voice(heard, &path), response);
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
        tenant: learned.tenant(),
        status: response.status().as_u16(),
        took: app.clock.monotonic().saturating_sub(started),
        spent,
    };
    answered.log();
    response
}

/// The error in the caller's words, with the headers that came with it.
fn told(error: &crate::error::Error, voice: Voice, mut unrendered: Response) -> Response {
    problem::log(error);
    let allow = unrendered.headers_mut().remove(header::ALLOW);
    let kept = std::mem::take(unrendered.headers_mut());
    let mut response = problem::render(error, voice);
    for (name, value) in kept.into_iter().filter_map(|(name, value)| Some((name?, value))) {
        response.headers_mut().entry(name).or_insert(value);
    }
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// What is learned of a request on its way in and needed on its way out, also when it was refused or its handler panicked:
/// whose it is, and how its caller talks.
#[derive(Debug, Clone, Default)]
pub(super) struct Learned(Arc<Facts>);

#[derive(Debug, Default)]
struct Facts {
    tenant: OnceLock<TenantId>,
    dialect: OnceLock<&'static Dialect>,
}

impl Learned {
    pub(super) fn belongs_to(&self, tenant: TenantId) {
        let _ = self.0.tenant.set(tenant);
    }

    /// A guess is not learned yet.
    pub(super) fn speaks(&self, resolved: Resolved) {
        if resolved.by != By::Guess {
            let _ = self.0.dialect.set(resolved.dialect);
        }
    }

    fn tenant(&self) -> Option<TenantId> {
        self.0.tenant.get().copied()
    }

    fn voice(&self, heard: Resolved, path: &str) -> Voice {
        self.0.dialect.get().copied().unwrap_or(heard.dialect).voice(path)
    }
}

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
