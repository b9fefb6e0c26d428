//! The layers around every router, outside in: trailing slash → dialect → HEAD → request id, trace and error rendering → end in time → panic
//! → CORS → admission (credential, scope, the host's word, rate, idempotency) → router.

mod admit;
mod body;
mod hear;
mod observe;
mod remember;
mod until;

use std::{any::Any, convert::Infallible};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures::stream;
use http::{HeaderValue, Method, header};
use http_body::Body as _;
use tower::{Layer, ServiceBuilder};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowHeaders, AllowOrigin, Any as AnyHeader, CorsLayer},
    normalize_path::{NormalizePath, NormalizePathLayer},
};

use self::{admit::admit, hear::Hear, observe::observe};
use crate::{
    app::SharedApp,
    error::{Error, ErrorKind, Result},
};

pub(super) use body::read_body;
pub use body::{broken_off, came_wrong, declared_length, too_large};
pub use observe::RequestId;
#[cfg(test)]
pub(super) use remember::hash;
pub use until::Until;

/// What a function serves: its routes inside the platform.
pub type Platform = NormalizePath<Hear>;

/// Wraps a function's routes in the platform.
pub fn platform(router: Router<SharedApp>, app: SharedApp) -> Platform {
    let cors = cors(&app.settings.cors_origins);
    // As one: a router boxes what each layer makes of a route, and clones it for each request.
    let layers = ServiceBuilder::new()
        .layer(from_fn(limit_head))
        .layer(from_fn_with_state(app.clone(), observe))
        .layer(from_fn_with_state(app.clone(), until::in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors)
        .layer(from_fn_with_state(app.clone(), admit));
    let router = router.fallback(|| async { no_such_route() }).layer(layers).with_state(app.clone());
    // Around the router and not inside it: a path is matched before an inner layer could change it.
    NormalizePathLayer::trim_trailing_slash().layer(Hear::new(router, app))
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
                "x-next-cursor",
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

fn no_such_route() -> Error {
    Error::new(ErrorKind::NotFound, "no_such_route", "There is no such address. GET /docs lists them.")
}
