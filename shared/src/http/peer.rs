//! The other end of the connection, as whoever hosts the routes saw it.
//!
//! Its one rule: it never comes from a header that the caller may have written. API Gateway tells a function who called, the
//! socket a laptop; where that is a proxy that the operator trusts, the proxy does ([`super::proxies`]).

use std::{convert::Infallible, net::IpAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{Extensions, request::Parts};

/// Travels with the request as `ConnectInfo<Peer>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Peer {
    /// None where nobody said.
    pub address: Option<IpAddr>,
    /// Whether the caller came by https.
    pub https: bool,
}

impl Peer {
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get::<ConnectInfo<Self>>().map(|info| info.0).unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}
