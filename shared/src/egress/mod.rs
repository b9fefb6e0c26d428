//! Outgoing HTTP: the port that every call to someone else's server goes through, and the guard in front of it.
//!
//! The one rule: an address is judged where it is used. Names are judged inside the connector's own resolver, so the
//! addresses that were checked *are* the addresses that are dialled, and a DNS server that changes its answer between
//! saving a URL and calling it gains nothing. [`HttpOut::check`] at save time is a courtesy to the person typing; the
//! protection is in [`HttpOut::send`].

mod address;
mod client;
mod error;
mod guard;
mod hosts;
mod resolve;

#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

pub use address::{Kind, classify};
pub use client::{Guarded, SetupError};
pub use error::{OutError, Reason, Refusal};
pub use guard::{Policy, parse_url};
pub use hosts::{Hosts, Visit};
pub use resolve::{Resolver, SystemResolver};

/// One outgoing request.
///
/// `Debug` shows no path, query, header or body: all four may carry secrets.
#[derive(Clone)]
pub struct OutRequest {
    /// Any method but `CONNECT` and `TRACE`, which are refused.
    pub method: Method,
    /// Where to; see [`parse_url`] for text that a user typed.
    pub url: Url,
    /// Sent as given, except that the headers which frame a message on its connection (`host`, `content-length`,
    /// `transfer-encoding`, `connection` …) are dropped: the transport writes its own. A `user-agent` given here
    /// replaces Baton's.
    pub headers: HeaderMap,
    /// Sent with its exact length; may be empty.
    pub body: Bytes,
    /// For the whole exchange: resolving, connecting, sending, and the last byte of the reply.
    pub timeout: Duration,
    /// The largest reply body that is read, in bytes. Reply headers have a limit of their own (some 400 KB).
    pub max_reply_bytes: usize,
}

/// What the other side answered. A redirect is an answer like any other: it is never followed.
///
/// `Debug` shows no header value and no body.
#[derive(Clone)]
pub struct OutReply {
    /// The HTTP status code.
    pub status: u16,
    /// As received.
    pub headers: HeaderMap,
    /// As received, not decompressed.
    pub body: Bytes,
}

/// The outgoing-HTTP port.
#[async_trait]
pub trait HttpOut: Send + Sync {
    /// Makes one exchange; no redirect is followed and nothing is retried that may have arrived.
    ///
    /// # Errors
    /// Any [`OutError`]; [`OutError::reached`] tells whether the outcome is unknown or the call surely did not happen.
    async fn send(&self, request: OutRequest) -> Result<OutReply, OutError>;

    /// As [`HttpOut::send`], but the body of a good answer (2xx) goes to a sink as it comes, and the reply has none. Of any other
    /// no more than a megabyte is read: it says what is wrong, and a sink's cap may be far above what memory holds.
    ///
    /// # Errors
    /// As [`HttpOut::send`]. A sink that has had enough is no error.
    async fn send_to(&self, request: OutRequest, sink: &mut dyn Sink) -> Result<OutReply, OutError> {
        let mut reply = self.send(request).await?;
        if reply.is_good() {
            sink.take(&std::mem::take(&mut reply.body)).await;
        }
        Ok(reply)
    }

    /// Judges a URL when it is saved, resolving its name, without connecting.
    ///
    /// # Errors
    /// [`OutError::Refused`] if the URL may not be called, [`OutError::Dns`] if its name does not resolve now.
    async fn check(&self, url: &Url) -> Result<(), OutError>;
}

/// Where the bytes of a body go.
#[async_trait]
pub trait Sink: Send {
    /// Takes what has come; until it has, no more comes. False when it wants no more.
    async fn take(&mut self, bytes: &[u8]) -> bool;
}

impl OutReply {
    fn is_good(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

impl fmt::Debug for OutRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutRequest")
            .field("method", &self.method)
            .field("scheme", &self.url.scheme())
            .field("host", &self.url.host_str())
            .field("port", &self.url.port_or_known_default())
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("timeout", &self.timeout)
            .field("max_reply_bytes", &self.max_reply_bytes)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OutReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutReply")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
