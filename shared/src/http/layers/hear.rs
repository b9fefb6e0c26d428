//! Outside the router: which dialect a request speaks, and what its dialect wants to be read otherwise than it was sent.
//!
//! Its one rule: what the router goes by (method and path) is put in order before it looks.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{Router, extract::Request, response::Response, routing::future::RouteFuture};
use http::Method;
use tower::Service;

use super::super::{
    dialect::{
        Dialect,
        resolve::{self, Resolved},
    },
    routes::{self, Verb},
};
use crate::app::SharedApp;

/// The router behind an ear for dialects.
#[derive(Clone)]
pub struct Hear {
    router: Router,
    app: SharedApp,
}

impl Hear {
    pub(super) fn new(router: Router, app: SharedApp) -> Self {
        Self { router, app }
    }
}

impl<B> Service<http::Request<B>> for Hear
where
    Router:
        Service<http::Request<B>, Response = Response, Error = Infallible, Future = RouteFuture<Infallible>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<http::Request<B>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> RouteFuture<Infallible> {
        let heard = listen(&self.app, &request);
        if let Some(method) = meant(heard.dialect, request.method(), request.uri().path()) {
            *request.method_mut() = method;
        }
        request.extensions_mut().insert(heard);
        self.router.call(request)
    }
}

fn listen<B>(app: &SharedApp, request: &http::Request<B>) -> Resolved {
    resolve::resolve(&app.settings.dialect_hosts, request.uri().path(), request.headers())
}

/// What was heard of a request, or is now.
pub(super) fn of(app: &SharedApp, request: &Request) -> Resolved {
    request.extensions().get::<Resolved>().copied().unwrap_or_else(|| listen(app, request))
}

/// `PATCH` where a `PUT` was sent that means it.
fn meant(dialect: &'static Dialect, method: &Method, path: &str) -> Option<Method> {
    if !dialect.put_is_patch || *method != Method::PUT {
        return None;
    }
    let has = |verb| routes::at(path).any(|route| route.dialect == dialect && route.method == verb);
    (has(Verb::Patch) && !has(Verb::Put)).then_some(Method::PATCH)
}
