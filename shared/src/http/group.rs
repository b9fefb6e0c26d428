//! How a group lists its routes: for the API documents with all that is said of them, for a function with their addresses.
//!
//! Its one rule: what nobody asks for is not made. The document of a group is made together with its router, every schema
//! of every reply; in a function that is a third of the start, and code that no request runs.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{Request, State},
    handler::Handler,
    routing::MethodRouter,
};
use utoipa::openapi::{Components, OpenApi, OpenApiBuilder, PathItem};
use utoipa_axum::{PathItemExt, router::UtoipaMethodRouter};

use super::routes::{self, Route};
use crate::{app::SharedApp, domain::dialect::Letter};

#[doc(hidden)]
pub use {pastey::paste, utoipa_axum};

/// What a group's `router()` gives: a [`Documented`] to those who want the documents, a plain `Router` to a function.
pub trait Routes: Sized {
    fn new() -> Self;

    /// Takes what [`handler!`](crate::handler) makes of a handler, or of the handlers of two dialects that share a path.
    #[must_use]
    fn mount<D, P>(self, handler: Mounted<D, P>) -> Self
    where
        D: FnOnce() -> Vec<UtoipaMethodRouter<SharedApp>>,
        P: FnOnce() -> (String, MethodRouter<SharedApp>);

    #[must_use]
    fn merge(self, others: Self) -> Self;
}

/// The two things that can be made of a handler.
pub struct Mounted<D, P> {
    pub documented: D,
    pub plain: P,
}

/// A router, and the documents of the dialects that its routes speak.
#[derive(Default)]
pub struct Documented {
    router: Router<SharedApp>,
    /// Under none those of the house's own routes.
    documents: BTreeMap<Option<Letter>, OpenApi>,
}

impl Documented {
    /// The document of a dialect. The house's own routes stand in A's.
    pub fn document(&self, letter: Letter) -> OpenApi {
        let mut document = self.document_of(Some(letter));
        if letter == Letter::A {
            document.merge(self.document_of(None));
        }
        document
    }

    /// What was written of the routes of one dialect, or of the house's own.
    pub fn document_of(&self, letter: Option<Letter>) -> OpenApi {
        self.documents.get(&letter).cloned().unwrap_or_else(|| OpenApiBuilder::new().build())
    }

    fn document_mut(&mut self, letter: Option<Letter>) -> &mut OpenApi {
        self.documents.entry(letter).or_insert_with(|| OpenApiBuilder::new().build())
    }
}

impl From<Documented> for Router<SharedApp> {
    fn from(documented: Documented) -> Self {
        documented.router
    }
}

impl Routes for Documented {
    fn new() -> Self {
        Self::default()
    }

    fn mount<D, P>(mut self, handler: Mounted<D, P>) -> Self
    where
        D: FnOnce() -> Vec<UtoipaMethodRouter<SharedApp>>,
        P: FnOnce() -> (String, MethodRouter<SharedApp>),
    {
        for (schemas, paths, _) in (handler.documented)() {
            for (path, item) in paths.paths {
                let document = self.document_mut(letter_of(&item));
                document.components.get_or_insert_with(Components::new).schemas.extend(schemas.clone());
                match document.paths.paths.get_mut(&path) {
                    Some(known) => known.merge_operations(item),
                    None => {
                        document.paths.paths.insert(path, item);
                    }
                }
            }
        }
        let (path, methods) = (handler.plain)();
        Self { router: self.router.route(&path, methods), ..self }
    }

    fn merge(mut self, others: Self) -> Self {
        for (letter, document) in others.documents {
            self.document_mut(letter).merge(document);
        }
        Self { router: self.router.merge(others.router), ..self }
    }
}

/// Whose operation it is. The route table knows it by its name; what is in no table is the house's, and a test finds it.
fn letter_of(item: &PathItem) -> Option<Letter> {
    let operations = [&item.get, &item.post, &item.put, &item.patch, &item.delete];
    let mut names =
        operations.into_iter().flatten().filter_map(|operation| operation.operation_id.as_deref());
    names.next().and_then(routes::named).and_then(|route| route.dialect.letter)
}

impl Routes for Router<SharedApp> {
    fn new() -> Self {
        Router::new()
    }

    fn mount<D, P>(self, handler: Mounted<D, P>) -> Self
    where
        D: FnOnce() -> Vec<UtoipaMethodRouter<SharedApp>>,
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

/// Where the handlers of two dialects answer that share a path: the second where its dialect was resolved, the first
/// otherwise. `folder` is the second one's, which is called like its dialect.
pub fn shared_place<P, H, T, G, U>(
    handler: &H,
    other: &G,
    folder: &'static str,
) -> (String, MethodRouter<SharedApp>)
where
    P: utoipa::Path,
    H: Handler<T, SharedApp>,
    T: 'static,
    G: Handler<U, SharedApp>,
    U: 'static,
{
    let (handler, other) = (handler.clone(), other.clone());
    place::<P, _, _>(&move |State(app): State<SharedApp>, request: Request| async move {
        let route = request.extensions().get::<&'static Route>();
        match route.is_some_and(|route| route.dialect.as_str() == folder) {
            true => other.call(request, app).await,
            false => handler.call(request, app).await,
        }
    })
}

/// A handler with `#[utoipa::path]`, named by its path: `handler!(create::handler)`. Two handlers with a comma between them
/// answer one method of one path in two dialects, each in the folder of its letter: `handler!(b::list::handler,
/// d::list::handler)`.
#[macro_export]
macro_rules! handler {
    ($module:ident :: $handler:ident) => {
        $crate::http::group::Mounted {
            documented: || vec![$crate::http::group::utoipa_axum::routes!($module::$handler)],
            plain: || $crate::http::group::paste! {
                $crate::http::group::place::<$module::[<__path_ $handler>], _, _>(&$module::$handler)
            },
        }
    };
    ($group:ident :: $module:ident :: $handler:ident) => {
        $crate::http::group::Mounted {
            documented: || vec![$crate::http::group::utoipa_axum::routes!($group::$module::$handler)],
            plain: || $crate::http::group::paste! {
                $crate::http::group::place::<$group::$module::[<__path_ $handler>], _, _>(&$group::$module::$handler)
            },
        }
    };
    ($one:ident :: $module:ident :: $handler:ident, $two:ident :: $second:ident :: $other:ident) => {
        $crate::http::group::Mounted {
            documented: || vec![
                $crate::http::group::utoipa_axum::routes!($one::$module::$handler),
                $crate::http::group::utoipa_axum::routes!($two::$second::$other),
            ],
            plain: || $crate::http::group::paste! {
                $crate::http::group::shared_place::<$one::$module::[<__path_ $handler>], _, _, _, _>(
                    &$one::$module::$handler,
                    &$two::$second::$other,
                    stringify!($two),
                )
            },
        }
    };
}
pub use handler;
