//! One row of the route table, and how it is written: by names, in a constant.
//!
//! Its one rule: who may come is said of every row. A row without it is no row, and does not compile.

use crate::{
    config::Settings,
    error::ErrorKind::{self, *},
    http::dialect::Dialect,
};

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

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub dialect: &'static Dialect,
    pub method: Verb,
    pub path: &'static str,
    /// Also the `operationId`. No two routes of all dialects share one.
    pub operation: &'static str,
    /// The function under `functions/` that serves it.
    pub function: &'static str,
    /// The group of operations that the API document shows it in.
    pub tag: &'static str,
    pub auth: Auth,
    /// Scopes that the route hands on to somebody else. Its caller must hold them too: nobody gives what he lacks.
    pub passes_on: &'static [&'static str],
    pub rate: RateClass,
    /// What it can answer besides success and what [`Route::error_kinds`] adds for its class.
    pub errors: &'static [ErrorKind],
    /// Whether its handler may wait for somebody outside, mostly n8n.
    pub calls_out: bool,
    /// Whether it reads its body as it comes: a file is larger than what is kept in memory for a request.
    pub streams: bool,
    /// Whether a host that is full answers it all the same: pages and the host's own health.
    pub always_there: bool,
    /// What a body may be wrapped in where the dialect knows wrappers: `lead` for `{"lead": {…}}`.
    pub singular: Option<&'static str>,
    /// Whether an API key may do it to itself, which is its `{id}`, whatever its scopes are.
    pub own_key: bool,
    /// Whether a session may use it that must choose a second factor before it does anything else.
    pub enrols: bool,
    /// A query parameter that asks for more than the route does by itself, and the scope that this needs.
    asks: Option<(&'static str, &'static str)>,
}

/// A route of which nobody has said yet who may come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unguarded(Route);

const fn unguarded(method: Verb, path: &'static str, operation: &'static str) -> Unguarded {
    Unguarded(Route {
        dialect: &crate::http::dialect::HOUSE,
        method,
        path,
        operation,
        function: "",
        tag: "",
        auth: Auth::Session,
        passes_on: &[],
        rate: RateClass::None,
        errors: &[],
        calls_out: false,
        streams: false,
        always_there: false,
        singular: None,
        own_key: false,
        enrols: false,
        asks: None,
    })
}

pub(super) const fn get(path: &'static str, operation: &'static str) -> Unguarded {
    unguarded(Verb::Get, path, operation)
}

pub(super) const fn post(path: &'static str, operation: &'static str) -> Unguarded {
    unguarded(Verb::Post, path, operation)
}

pub(super) const fn patch(path: &'static str, operation: &'static str) -> Unguarded {
    unguarded(Verb::Patch, path, operation)
}

pub(super) const fn put(path: &'static str, operation: &'static str) -> Unguarded {
    unguarded(Verb::Put, path, operation)
}

pub(super) const fn delete(path: &'static str, operation: &'static str) -> Unguarded {
    unguarded(Verb::Delete, path, operation)
}

/// The routes of one group: whose they are, which function serves them, and what the API document calls them.
pub(super) const fn block<const N: usize>(
    dialect: &'static Dialect,
    function: &'static str,
    tag: &'static str,
    mut routes: [Route; N],
) -> [Route; N] {
    let mut at = 0;
    while at < N {
        routes[at].dialect = dialect;
        routes[at].function = function;
        routes[at].tag = tag;
        at += 1;
    }
    routes
}

impl Unguarded {
    /// Anybody may come.
    pub(super) const fn public(self) -> Route {
        Route { auth: Auth::Public, ..self.0 }
    }

    /// Whoever holds the scope may come, by an API key or by a session.
    pub(super) const fn scope(self, scope: &'static str) -> Route {
        Route { auth: Auth::Scope(scope), ..self.0 }
    }

    /// Whoever has logged in may come.
    pub(super) const fn session(self) -> Route {
        Route { auth: Auth::Session, ..self.0 }
    }
}

/// How a row goes on.
impl Route {
    /// What it can answer besides success and what its class adds.
    pub(super) const fn errors(self, errors: &'static [ErrorKind]) -> Self {
        Self { errors, ..self }
    }

    pub(super) const fn rate(self, rate: RateClass) -> Self {
        Self { rate, ..self }
    }

    pub(super) const fn passes_on(self, passes_on: &'static [&'static str]) -> Self {
        Self { passes_on, ..self }
    }

    /// With `parameter` in the query, its caller must hold `scope` as well.
    pub(super) const fn asks(self, parameter: &'static str, scope: &'static str) -> Self {
        Self { asks: Some((parameter, scope)), ..self }
    }

    /// Its handler may wait for somebody outside.
    pub(super) const fn calls_out(self) -> Self {
        Self { calls_out: true, ..self }
    }

    pub(super) const fn streams(self) -> Self {
        Self { streams: true, ..self }
    }

    pub(super) const fn always_there(self) -> Self {
        Self { always_there: true, ..self }
    }

    /// An API key may do it to itself, whatever its scopes are.
    pub(super) const fn or_own_key(self) -> Self {
        Self { own_key: true, ..self }
    }

    /// A session may use it that must choose a second factor first.
    pub(super) const fn enrols(self) -> Self {
        Self { enrols: true, ..self }
    }

    /// Its body may be wrapped in this singular, where the dialect knows wrappers.
    pub(super) const fn wrapped_in(self, singular: &'static str) -> Self {
        Self { singular: Some(singular), ..self }
    }
}

impl Route {
    /// A scope that the request needs by its query, beside that of its route.
    pub fn asked_for(&self, query: Option<&str>) -> Option<&'static str> {
        let (parameter, scope) = self.asks?;
        let mut sent = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        sent.any(|(name, value)| name == parameter && !value.trim().is_empty()).then_some(scope)
    }

    /// Every scope that it may ask for.
    pub(super) fn scopes(&self) -> impl Iterator<Item = &'static str> {
        let own = match self.auth {
            Auth::Scope(scope) => Some(scope),
            Auth::Public | Auth::Session => None,
        };
        own.into_iter().chain(self.passes_on.iter().copied()).chain(self.asks.map(|(_, scope)| scope))
    }

    /// Whether the route honours an `Idempotency-Key`. Logging in and the user's own credentials do not: their requests
    /// and replies hold secrets, which must not be stored, and a repeat of them does no harm.
    pub fn remembers(&self) -> bool {
        self.method == Verb::Post && matches!(self.auth, Auth::Scope(_))
    }

    /// Every kind of error that the route can answer with.
    pub fn error_kinds(&self) -> Vec<ErrorKind> {
        let mut kinds = self.errors.to_vec();
        kinds.push(Internal);
        if self.auth != Auth::Public {
            // An API key may have limits of its own, which count every route.
            kinds.extend([Unauthenticated, CredentialRejected, Forbidden, RateLimited, Unavailable]);
        }
        if matches!(self.method, Verb::Post | Verb::Patch | Verb::Put) {
            kinds.extend([Malformed, Invalid, TooLarge, UnsupportedMedia]);
        }
        if self.remembers() {
            kinds.push(Conflict);
        }
        kinds.sort_by_key(|kind| *kind as u8);
        kinds.dedup();
        kinds
    }

    /// The methods that it answers.
    pub(super) fn methods(&self, has_put: bool) -> &'static [&'static str] {
        match self.method {
            Verb::Get => &["GET", "HEAD"],
            Verb::Post => &["POST"],
            Verb::Patch if self.dialect.put_is_patch && !has_put => &["PATCH", "PUT"],
            Verb::Patch => &["PATCH"],
            Verb::Put => &["PUT"],
            Verb::Delete => &["DELETE"],
        }
    }
}
