//! How a group lists its routes: for the API document with all that is said of them, for a function with their addresses.
//!
//! Its one rule: what nobody asks for is not made. The document of a group is made together with its router, every schema
//! of every reply; in a function that is a third of the start, and code that no request runs.

use axum::{Router, handler::Handler, routing::MethodRouter};
use utoipa_axum::{
    PathItemExt,
    router::{OpenApiRouter, UtoipaMethodRouter},
};

use crate::app::SharedApp;

#[doc(hidden)]
pub use {pastey::paste, utoipa_axum};

/// What a group's `router()` gives: an `OpenApiRouter` to those who want the document, a plain `Router` to a function.
pub trait Routes: Sized {
    fn new() -> Self;

    /// Takes what [`handler!`](crate::handler) makes of a handler.
    #[must_use]
    fn mount<D, P>(self, handler: Mounted<D, P>) -> Self
    where
        D: FnOnce() -> UtoipaMethodRouter<SharedApp>,
        P: FnOnce() -> (String, MethodRouter<SharedApp>);

    #[must_use]
    fn merge(self, others: Self) -> Self;
}

/// The two things that can be made of a handler.
pub struct Mounted<D, P> {
    pub documented: D,
    pub plain: P,
}

impl Routes for OpenApiRouter<SharedApp> {
    fn new() -> Self {
        OpenApiRouter::new()
    }

    fn mount<D, P>(self, handler: Mounted<D, P>) -> Self
    where
        D: FnOnce() -> UtoipaMethodRouter<SharedApp>,
        P: FnOnce() -> (String, MethodRouter<SharedApp>),
    {
        OpenApiRouter::routes(self, (handler.documented)())
    }

    fn merge(self, others: Self) -> Self {
        OpenApiRouter::merge(self, others)
    }
}

impl Routes for Router<SharedApp> {
    fn new() -> Self {
        Router::new()
    }

    fn mount<D, P>(self, handler: Mounted<D, P>) -> Self
    where
        D: FnOnce() -> UtoipaMethodRouter<SharedApp>,
        P: FnOnce() -> (String, MethodRouter<SharedApp>),
    {
        let (path, methods) = (handler.plain)();
        self.route(&path, methods)
    }

    fn merge(self, others: Self) -> Self {
        Router::merge(self, others)
    }
}

/// Where a handler answers. `P` is what `#[utoipa::path]` has made of it.
pub fn place<P, H, T>(handler: &H) -> (String, MethodRouter<SharedApp>)
where
    P: utoipa::Path,
    H: Handler<T, SharedApp>,
    T: 'static,
{
    let on = |place: MethodRouter<SharedApp>, method: &utoipa::openapi::HttpMethod| {
        place.on(method.to_method_filter(), handler.clone())
    };
    (P::path(), P::methods().iter().fold(MethodRouter::new(), on))
}

/// A handler with `#[utoipa::path]`, named by its path: `handler!(create::handler)`.
#[macro_export]
macro_rules! handler {
    ($module:ident :: $handler:ident) => {
        $crate::http::group::Mounted {
            documented: || $crate::http::group::utoipa_axum::routes!($module::$handler),
            plain: || $crate::http::group::paste! {
                $crate::http::group::place::<$module::[<__path_ $handler>], _, _>(&$module::$handler)
            },
        }
    };
    ($group:ident :: $module:ident :: $handler:ident) => {
        $crate::http::group::Mounted {
            documented: || $crate::http::group::utoipa_axum::routes!($group::$module::$handler),
            plain: || $crate::http::group::paste! {
                $crate::http::group::place::<$group::$module::[<__path_ $handler>], _, _>(&$group::$module::$handler)
            },
        }
    };
}
pub use handler;
