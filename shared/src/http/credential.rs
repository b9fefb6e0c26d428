//! What a request proves its caller with: a header, or a browser's cookie.
//!
//! Its one rule: a header goes before the cookie, and a cookie alone changes nothing: browsers send it whoever made them.

use std::fmt;

use http::{HeaderMap, Method};

use super::{cookies, peer::Peer, routes::Auth};
use crate::{
    accounts::Presented,
    error::{Error, ErrorKind, Result},
};

/// What a caller without a credential reads.
pub const NO_KEY: &str = "An API key is needed: send it as X-API-Key, or as Authorization: Bearer.";

/// The text of a credential, and how it came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sent<'a> {
    Header(&'a str),
    Cookie(&'a str),
}

/// How it came, without the text.
impl fmt::Debug for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header(_) => "Header",
            Self::Cookie(_) => "Cookie",
        })
    }
}

/// `X-API-Key`, `Authorization: Bearer`, the session's cookie: the first that is there.
pub fn sent(headers: &HeaderMap, peer: Peer) -> Option<Sent<'_>> {
    let header = api_key(headers).or_else(|| bearer(headers)).map(Sent::Header);
    header.or_else(|| cookies::session(headers, peer).map(Sent::Cookie))
}

/// What `X-API-Key` holds. A blank one is none.
pub(super) fn api_key(headers: &HeaderMap) -> Option<&str> {
    given(headers, "x-api-key")
}

/// What `Authorization: Bearer` holds. Another scheme is none.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = given(headers, "authorization")?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

fn given<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// The refusal of a request without a credential.
pub(super) fn missing(auth: Auth) -> Error {
    match auth {
        Auth::Session => Error::new(
            ErrorKind::Unauthenticated,
            "missing_session",
            "Log in first: send the session's token as Authorization: Bearer, or its cookie.",
        ),
        Auth::Scope(_) | Auth::Public => Error::new(ErrorKind::Unauthenticated, "missing_api_key", NO_KEY),
    }
}

/// What came by cookie may change something only with the session's own token in a header, which no other site can know.
pub(super) fn check_csrf(method: &Method, headers: &HeaderMap, session: &Presented) -> Result<()> {
    if method.is_safe() {
        return Ok(());
    }
    let refused = |code, message: &str| Err(Error::new(ErrorKind::Forbidden, code, message));
    match headers.get("x-csrf-token").and_then(|value| value.to_str().ok()) {
        Some(token) if session.has_csrf_token(token) => Ok(()),
        Some(_) => refused("csrf_token_invalid", "X-CSRF-Token does not belong to this session."),
        None => refused(
            "csrf_token_missing",
            "A request with the session's cookie needs the header X-CSRF-Token, with the token of the login.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs =
            list.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn headers_go_before_the_cookie() {
        let (key, bearer, cookie) =
            (("x-api-key", "k"), ("authorization", "Bearer b"), ("cookie", "baton_session=c"));
        for (list, expected) in [
            (&[cookie, bearer, key][..], Some(Sent::Header("k"))),
            (&[cookie, bearer], Some(Sent::Header("b"))),
            (&[cookie, ("x-api-key", " "), ("authorization", "Basic x")], Some(Sent::Cookie("c"))),
            (&[cookie], Some(Sent::Cookie("c"))),
            (&[("x-api-key", ""), ("authorization", "Bearer ")], None),
            (&[("authorization", "k")], None),
            (&[], None),
        ] {
            assert_eq!(sent(&headers(list), Peer::default()), expected, "{list:?}");
        }
    }

    #[test]
    fn a_credential_is_not_shown() {
        let both = (Sent::Header("hunter2"), Sent::Cookie("hunter2"));
        assert_eq!(format!("{both:?}"), "(Header, Cookie)");
    }
}
