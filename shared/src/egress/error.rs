//! Why an outgoing call did not bring a reply. The one rule: of the URL, only the host is ever shown. The rest can
//! hold a secret, and these messages end in logs and in replies to clients.

use thiserror::Error;

use super::Kind;

/// Why there is no reply. The texts name the host and the cause, never userinfo, path, query, headers or body.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OutError {
    /// The guard said no; nothing was sent. Final, until the URL or its DNS changes.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The name did not resolve within the budget.
    #[error("name resolution failed: {0}")]
    Dns(String),
    /// No connection stood, TLS included, so the request never left.
    #[error("connection failed: {0}")]
    Connect(String),
    /// The request was under way and its time ran out.
    #[error("the reply did not arrive in time")]
    Timeout,
    /// The reply had this status and a body beyond the cap. The peer has acted on the request.
    #[error("the reply (status {status}) is larger than allowed")]
    ReplyTooLarge {
        /// The HTTP status code, known although the body was given up.
        status: u16,
    },
    /// It was not tried: its host has not answered lately, has its share of calls under way, or no time was left for it.
    #[error("not called: {0}")]
    NotTried(String),
    /// The connection broke, or spoke something other than HTTP, after the request was under way.
    #[error("the exchange broke off: {0}")]
    Broken(String),
}

impl OutError {
    /// Whether the guard said no: retrying is pointless, and the URL's owner should be told.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Whether the host itself is to blame: it cannot be found, refuses connections, hangs or breaks off.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Connect(_) | Self::Timeout | Self::Broken(_))
    }

    /// Whether any byte of the request may have reached the peer. If true, the peer may have acted on it, and only a
    /// request with a stable idempotency key may be repeated; if false, it surely did not.
    #[must_use]
    pub fn reached(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Dns(_) | Self::Connect(_) | Self::NotTried(_) => false,
            Self::Timeout | Self::ReplyTooLarge { .. } | Self::Broken(_) => true,
        }
    }
}

/// The guard's no, in words fit for the person who typed the URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} may not be called: {reason}{}", shown(.host), .opened_by.map(|name| format!("; the setting {name} opens private networks")).unwrap_or_default())]
pub struct Refusal {
    /// The URL's host as parsed; empty if there is none.
    pub host: String,
    /// What stands against it.
    pub reason: Reason,
    /// The setting with which the operator may let it be called, where there is one.
    pub opened_by: Option<&'static str>,
}

fn shown(host: &str) -> String {
    if host.is_empty() { "the URL".into() } else { format!("{host:?}") }
}

/// What stands against calling a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// It does not parse, or is longer than allowed.
    #[error("not a valid absolute URL")]
    Malformed,
    /// Neither `http` nor `https`.
    #[error("only http and https are allowed")]
    Scheme,
    /// Credentials before the host; they belong in a header.
    #[error("user name and password are not allowed in a URL")]
    UserInfo,
    /// No host, or not a DNS name or an IP address.
    #[error("not a valid host name")]
    Host,
    /// Port 0, which nothing listens on.
    #[error("port 0 is not allowed")]
    Port,
    /// `CONNECT` and `TRACE` are not calls.
    #[error("this method is not allowed")]
    Method,
    /// It is, or one of the addresses it resolves to is, of a kind that is not called.
    #[error("it leads to an address that is not public ({0})")]
    Address(Kind),
}

impl OutError {
    pub(super) fn refused(host: &str, reason: Reason) -> Self {
        Self::Refused(Refusal { host: host.to_owned(), reason, opened_by: None })
    }

    /// What happened to a call of somebody, as a sentence without its full stop.
    #[must_use]
    pub fn of(&self, whom: &str) -> String {
        match self {
            Self::Refused(_) | Self::Dns(_) | Self::Connect(_) => format!("{whom} cannot be reached: {self}"),
            Self::NotTried(cause) => format!("{whom} was not called: {cause}"),
            Self::Timeout => format!("{whom} did not answer in time"),
            Self::ReplyTooLarge { status } => format!("{whom} answered {status} with more than is read"),
            Self::Broken(_) => format!("{whom}'s answer was lost: {self}"),
        }
    }
}
