//! The port over reqwest. The one rule: reqwest is told everything, so that no feature which another crate switches on
//! in the same build (proxies, HTTP/2, decompression, cookies) changes what leaves here.

use std::{
    error::Error as StdError,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Method, header};
use http_body::{Body, Frame, SizeHint};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::TrustAnchor;
use thiserror::Error;
use url::Url;

use super::{HttpOut, OutError, OutReply, OutRequest, Policy, Reason, Resolver, Sink, guard::Guard};
use crate::tls;

const USER_AGENT: &str = concat!("Baton/", env!("CARGO_PKG_VERSION"));

/// For resolving, TCP and TLS together; a request's own timeout may be shorter.
const CONNECT_BUDGET: Duration = Duration::from_secs(10);

/// Below the 5 s after which a Node server, as n8n is one, closes an idle connection by default: a request written
/// into a closing connection has an unknown outcome.
/// <https://nodejs.org/api/http.html#serverkeepalivetimeout>
const IDLE_BUDGET: Duration = Duration::from_secs(4);

/// Of an answer that is none, beside a sink.
const MAX_REFUSAL_BYTES: usize = 1024 * 1024;

const MAX_CAUSE_CHARS: usize = 200;

const IDLE_CONNECTIONS_PER_HOST: usize = 8;

/// The headers that frame a message or govern its connection. Connections are shared between tenants, and a header
/// that contradicts the framing would let one of them write into another's exchange.
const TRANSPORT_HEADERS: [HeaderName; 10] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
];

/// The outgoing-HTTP port behind the guard. One per process: its connections are shared by all callers.
pub struct Guarded {
    guard: Arc<Guard>,
    http: reqwest::Client,
}

/// The client could not be set up: a fault of the build, not of any request.
#[derive(Debug, Error)]
#[error("the HTTP client could not be set up: {0}")]
pub struct SetupError(pub(crate) String);

impl Guarded {
    /// # Errors
    /// [`SetupError`] if the TLS configuration does not fit the HTTP client's version of rustls.
    pub fn new(policy: Policy, resolver: Arc<dyn Resolver>) -> Result<Self, SetupError> {
        Self::with_roots(policy, resolver, tls::public_roots())
    }

    /// As [`Guarded::new`], trusting these certificate authorities and no others.
    ///
    /// # Errors
    /// As [`Guarded::new`].
    pub fn with_roots(
        policy: Policy,
        resolver: Arc<dyn Resolver>,
        roots: Vec<TrustAnchor<'static>>,
    ) -> Result<Self, SetupError> {
        let guard = Arc::new(Guard::new(policy, resolver));
        let tls = tls::client_config(roots).map_err(|error| SetupError(error.to_string()))?;
        #[expect(clippy::disallowed_methods, reason = "this is the guard itself")]
        let http = reqwest::Client::builder()
            .dns_resolver(Arc::new(GuardedDns(Arc::clone(&guard))))
            .tls_backend_preconfigured(tls)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .referer(false)
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_BUDGET)
            .pool_idle_timeout(IDLE_BUDGET)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
            .build()
            .map_err(|error| SetupError(innermost(&error)))?;
        Ok(Self { guard, http })
    }

    async fn exchange(
        &self,
        request: OutRequest,
        taken_up: Arc<AtomicBool>,
        sink: Option<&mut dyn Sink>,
    ) -> Result<OutReply, OutError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let explain = |error: reqwest::Error| explain(&host, &error, taken_up.load(Ordering::Acquire));
        let body = Watched { bytes: Some(request.body), taken_up: Arc::clone(&taken_up) };
        let mut reply = self
            .http
            .request(request.method, request.url)
            .headers(without_transport_headers(request.headers))
            .body(reqwest::Body::wrap(body))
            .send()
            .await
            .map_err(explain)?;

        let status = reply.status().as_u16();
        let is_good = matches!(status, 200..=299);
        let cap = match sink {
            Some(_) if !is_good => request.max_reply_bytes.min(MAX_REFUSAL_BYTES),
            _ => request.max_reply_bytes,
        };
        let announced = reply.content_length().unwrap_or_default();
        if usize::try_from(announced).map_or(true, |bytes| bytes > cap) {
            return Err(OutError::ReplyTooLarge { status });
        }
        let mut sink = sink.filter(|_| is_good);
        let (mut body, mut bytes) = (BytesMut::new(), 0);
        while let Some(chunk) = reply.chunk().await.map_err(explain)? {
            if chunk.len() > cap - bytes {
                return Err(OutError::ReplyTooLarge { status });
            }
            bytes += chunk.len();
            let more = match &mut sink {
                Some(sink) => sink.take(&chunk).await,
                None => {
                    body.extend_from_slice(&chunk);
                    true
                }
            };
            if !more {
                break;
            }
        }
        let headers = std::mem::take(reply.headers_mut());
        Ok(OutReply { status, headers, body: body.freeze() })
    }

    async fn begin(&self, request: OutRequest, sink: Option<&mut dyn Sink>) -> Result<OutReply, OutError> {
        // A name is judged inside the connector, where its addresses are used.
        self.guard.judge_url(&request.url)?;
        let host = request.url.host_str().unwrap_or_default().to_owned();
        if matches!(request.method, Method::CONNECT | Method::TRACE) {
            return Err(OutError::refused(&host, Reason::Method));
        }
        let taken_up = Arc::new(AtomicBool::new(false));
        let budget = request.timeout;
        match tokio::time::timeout(budget, self.exchange(request, Arc::clone(&taken_up), sink)).await {
            Ok(outcome) => outcome,
            Err(_) if taken_up.load(Ordering::Acquire) => Err(OutError::Timeout),
            Err(_) => Err(OutError::Connect(format!("{host}: no connection in the time given"))),
        }
    }
}

#[async_trait]
impl HttpOut for Guarded {
    async fn send(&self, request: OutRequest) -> Result<OutReply, OutError> {
        self.begin(request, None).await
    }

    async fn send_to(&self, request: OutRequest, sink: &mut dyn Sink) -> Result<OutReply, OutError> {
        self.begin(request, Some(sink)).await
    }

    async fn check(&self, url: &Url) -> Result<(), OutError> {
        if let Some(name) = self.guard.judge_url(url)? {
            self.guard.addresses(name).await?;
        }
        Ok(())
    }
}

/// The connector's resolver: asks the guard, so that what is dialled is what was judged.
struct GuardedDns(Arc<Guard>);

impl Resolve for GuardedDns {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let found = guard.addresses(name.as_str()).await?;
            // Port 0 stands for the URL's port.
            let dialled: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(dialled)
        })
    }
}

/// A request body that notes when a connection takes the request up to write it. Before that, no byte of the request
/// can have left, which is what separates "did not happen" from "may have happened" when time runs out. The HTTP/1
/// writer asks a body whether it is empty, or for its first frame, right before it writes the head and never sooner;
/// were a later version to ask sooner, the verdict would err to "may have happened".
struct Watched {
    bytes: Option<Bytes>,
    taken_up: Arc<AtomicBool>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.taken_up.store(true, Ordering::Release);
        Poll::Ready(self.bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.taken_up.store(true, Ordering::Release);
        self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

fn without_transport_headers(mut headers: HeaderMap) -> HeaderMap {
    for name in &TRANSPORT_HEADERS {
        headers.remove(name);
    }
    headers
}

/// Translates reqwest's error, whose own text would repeat the URL.
fn explain(host: &str, error: &reqwest::Error, taken_up: bool) -> OutError {
    if let Some(verdict) = causes(error).find_map(|cause| cause.downcast_ref::<OutError>()) {
        return verdict.clone();
    }
    let why = if error.is_timeout() { "took too long".to_owned() } else { innermost(error) };
    if taken_up {
        OutError::Broken(format!("{host}: {why}"))
    } else {
        OutError::Connect(format!("{host}: {why}"))
    }
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

/// The first cause: an I/O, TLS or HTTP parser error. Of the chain, only reqwest's own links know the URL. Cut short,
/// because a certificate error lists the names of the peer's certificate, and the peer chooses how many.
fn innermost(error: &reqwest::Error) -> String {
    match causes(error).last() {
        Some(cause) if !cause.is::<reqwest::Error>() => {
            cause.to_string().chars().take(MAX_CAUSE_CHARS).collect()
        }
        _ => "unknown cause".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of reqwest's own links names the URL.
    #[test]
    fn a_cause_that_is_reqwests_own_is_not_repeated() {
        let reply = http::Response::builder().status(500).body("").unwrap();
        let error = reqwest::Response::from(reply).error_for_status().unwrap_err();
        assert!(error.to_string().contains("http"), "{error}");
        assert_eq!(innermost(&error), "unknown cause");
        assert_eq!(
            explain("example.com", &error, false),
            OutError::Connect("example.com: unknown cause".to_owned())
        );
    }
}
