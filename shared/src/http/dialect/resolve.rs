//! Which dialect a request speaks (CONFLICTS §1): host, `X-Api-Dialect`, path, the key's own, the header of the credential,
//! and as a last resort the body.
//!
//! Its one rule: what is said goes before what is guessed, and a wrong word fails loudly: a dialect answers for its own routes
//! alone, so that whoever names one that does not have an address reads in its words that there is no such address.

use std::collections::BTreeMap;

use http::{HeaderMap, header};

use super::{A, B, C, D, Dialect, E, HOUSE, is_under};
use crate::{
    domain::dialect::Letter,
    error::{Error, ErrorKind, Result},
    http::{credential, routes},
    json::{self, Part},
};

/// The header that names a dialect by its letter.
pub const HEADER: &str = "x-api-dialect";

/// Custom domains that speak one dialect (`BATON_DIALECT_HOSTS`), in lower case and without a port.
pub type Hosts = BTreeMap<String, Letter>;

/// What told the dialect, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Host,
    Header,
    /// No other dialect has the path.
    Path,
    /// The key of the request has a dialect of its own.
    Key,
    /// How the credential was sent, or that there is none.
    Credential,
    Body,
    /// Nothing: two credentials were sent that speak for two dialects.
    Guess,
}

/// The dialect of a request, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    pub dialect: &'static Dialect,
    pub by: By,
}

impl Resolved {
    /// The same once it is known whose credential it is. `has` says whether a dialect has the route; a key's dialect counts
    /// on the paths alone that several have.
    #[must_use]
    pub fn with_key(self, letter: Option<Letter>, has: impl Fn(&'static Dialect) -> bool) -> Self {
        match letter.map(Dialect::of) {
            Some(dialect) if self.is_open() && has(dialect) => Self { dialect, by: By::Key },
            _ => self,
        }
    }

    /// The same once the body was read, where nothing else told: `title` and no `name` is D's way to call a workflow.
    #[must_use]
    pub fn with_body(self, body: &[u8]) -> Self {
        let Ok(text) = json::text(body) else { return self };
        let has = |name: &str| Part::get(text.root(), name).is_some();
        match (self.by, has("title"), has("name")) {
            (By::Guess, true, false) => Self { dialect: &D, by: By::Body },
            (By::Guess, false, true) => Self { dialect: &B, by: By::Body },
            _ => self,
        }
    }

    /// Whether the key's own dialect goes before it.
    pub fn is_open(self) -> bool {
        matches!(self.by, By::Credential | By::Guess)
    }
}

/// What can be told before the credential was looked up. A path need not be a route.
pub fn resolve(hosts: &Hosts, path: &str, headers: &HeaderMap) -> Resolved {
    // Where no host has a dialect, none is looked at.
    let host = if hosts.is_empty() { None } else { host(headers) };
    if let Some(letter) = host.and_then(|host| hosts.get(&host)) {
        return Resolved { dialect: Dialect::of(*letter), by: By::Host };
    }
    // What is no letter is refused later (`check`), in the words of the path.
    if let Some(Ok(letter)) = named(headers) {
        return Resolved { dialect: Dialect::of(letter), by: By::Header };
    }
    match of_path(path) {
        Some(dialect) => Resolved { dialect, by: By::Path },
        None => of_credential(headers),
    }
}

/// What a path alone tells: for a request of which nothing else was read.
pub fn by_path(path: &str) -> Resolved {
    resolve(&Hosts::new(), path, &HeaderMap::new())
}

/// Refuses an `X-Api-Dialect` that names none.
pub(crate) fn check(headers: &HeaderMap) -> Result<()> {
    match named(headers) {
        Some(Err(())) => Err(Error::new(
            ErrorKind::Malformed,
            "unknown_dialect",
            "X-Api-Dialect must be one of a, b, c, d, e.",
        )),
        _ => Ok(()),
    }
}

fn named(headers: &HeaderMap) -> Option<Result<Letter, ()>> {
    let sent = headers.get(HEADER)?.to_str().map(str::trim);
    match sent {
        Ok("") => None,
        Ok(text) => Some(text.parse().map_err(|_| ())),
        Err(_) => Some(Err(())),
    }
}

/// The host that the request is for, without its port.
fn host(headers: &HeaderMap) -> Option<String> {
    let sent = headers.get(header::HOST)?.to_str().ok()?.trim();
    let host = match sent.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => sent,
    };
    Some(host.trim_end_matches('.').to_ascii_lowercase())
}

/// The dialect that alone has a path; none where several do, or where nobody does and it might be anybody's.
fn of_path(path: &str) -> Option<&'static Dialect> {
    if path == "/api/workflows" {
        // B's own sample calls its list by this name.
        Some(&B)
    } else if is_under(path, "/api/v1") {
        Some(&C)
    } else if is_under(path, "/api") || is_under(path, "/automation") {
        Some(&A)
    } else if is_under(path, "/v1") {
        below_v1(path)
    } else {
        Some(&HOUSE)
    }
}

/// The route table knows what there is. What is no route is told by the words that one document alone has below `/v1`.
fn below_v1(path: &str) -> Option<&'static Dialect> {
    let mut rows = routes::at(path).map(|route| route.dialect);
    if let Some(first) = rows.next() {
        return rows.all(|other| other == first).then_some(first);
    }
    let mut words = path.split('/').skip(2);
    match (words.next()?, words.next(), words.next()) {
        ("executions" | "forms" | "credentials" | "integrations" | "webhooks", ..) => Some(&B),
        ("tasks" | "hitl", ..) => Some(&E),
        ("workflows", Some("jobs" | "schedule"), _) => Some(&D),
        ("workflows", Some(_), Some("execute" | "executions")) => Some(&B),
        ("workflows", Some(_), Some("run" | "jobs" | "cancel" | "summary")) => Some(&D),
        ("workflows", Some(_), Some("invoke")) => Some(&E),
        _ => None,
    }
}

/// Bearer is B's way to send a key, and X-API-Key is D's. A browser's session is no client of D, and where there is no credential
/// at all, its absence is told in B's words.
fn of_credential(headers: &HeaderMap) -> Resolved {
    match (credential::api_key(headers), credential::bearer(headers)) {
        // The key is the one that is looked up.
        (Some(_), Some(_)) => Resolved { dialect: &D, by: By::Guess },
        (Some(_), None) => Resolved { dialect: &D, by: By::Credential },
        (None, _) => Resolved { dialect: &B, by: By::Credential },
    }
}
