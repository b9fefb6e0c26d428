//! The HTTP client of the AWS engines: hyper with rustls, HTTP/1.1, the house's roots.
//!
//! Its one rule: to make it costs nothing. The SDK's own client takes roots as PEM only and reads them again for every
//! service and every set of time-outs: some 150 certificates each, most of what a cold start did.

use std::{error::Error as StdError, fmt, time::Duration};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        connection::{CaptureSmithyConnection, ConnectionMetadata},
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        retries::ErrorKind,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::body::SdkBody;
use http::Uri;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{
        self, Client,
        connect::{Connect, HttpConnector as Tcp, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::error::Elapsed;
use tower::{Service, ServiceExt, service_fn};

use crate::tls;

/// A client whose connections, handshake included, stand within `connect` or not at all. The time-outs of single calls
/// are the SDK's business; so all services share one pool whatever their settings.
///
/// # Errors
/// If the TLS configuration does not fit the version of rustls.
pub(super) fn client(connect: Duration) -> Result<SharedHttpClient, rustls::Error> {
    Ok(SharedHttpClient::new(pool(connect)?))
}

fn pool(connect: Duration) -> Result<Pool<impl Connect + Clone + Send + Sync + 'static>, rustls::Error> {
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls::client_config(tls::public_roots())?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    let timed = service_fn(move |uri: Uri| {
        let connecting = https.clone().oneshot(uri);
        Box::pin(async move { tokio::time::timeout(connect, connecting).await? })
    });
    Ok(Pool(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(timed)))
}

#[derive(Clone)]
struct Pool<C>(Client<C, SdkBody>);

impl<C> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> HttpClient for Pool<C> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> HttpConnector for Pool<C> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let used = capture_connection(&mut request);
        // After a transient failure the SDK asks that the connection be used no more.
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || {
                let connected = used.connection_metadata().is_some();
                let used = used.clone();
                let close = move || {
                    if let Some(connection) = used.connection_metadata().as_ref() {
                        connection.poison();
                    }
                };
                connected.then(|| ConnectionMetadata::builder().proxied(false).poison_fn(close).build())
            });
        }
        let mut pool = self.0.clone();
        HttpConnectorFuture::new(async move {
            let reply = pool.call(request).await.map_err(explain)?;
            HttpResponse::try_from(reply.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// What went wrong, in the words by which the SDK decides whether to try again.
fn explain(error: legacy::Error) -> ConnectorError {
    let kind = if cause::<Elapsed>(&error).is_some() {
        ConnectorError::timeout
    } else if error.is_connect() {
        ConnectorError::io
    } else {
        match cause::<hyper::Error>(&error) {
            Some(hyper) if hyper.is_user() => ConnectorError::user,
            Some(hyper) if hyper.is_timeout() => ConnectorError::timeout,
            Some(hyper) if hyper.is_closed() || hyper.is_canceled() => ConnectorError::io,
            // The service closed the connection while the request was on its way.
            Some(hyper) if hyper.is_incomplete_message() => transient,
            _ if cause::<std::io::Error>(&error).is_some() => ConnectorError::io,
            _ => unknown,
        }
    };
    kind(error.into())
}

fn transient(error: BoxError) -> ConnectorError {
    ConnectorError::other(error, Some(ErrorKind::TransientError))
}

fn unknown(error: BoxError) -> ConnectorError {
    ConnectorError::other(error, None)
}

fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    const SOON: Duration = Duration::from_millis(100);

    async fn get(url: &str) -> Result<HttpResponse, ConnectorError> {
        let request = http::Request::get(url).body(SdkBody::empty()).unwrap();
        pool(SOON).unwrap().call(HttpRequest::try_from(request).unwrap()).await
    }

    /// A server for one request, which it answers with this, or not at all.
    async fn answering(answer: &'static str) -> (String, impl Future<Output = String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut heard = vec![0; 4096];
            let length = connection.read(&mut heard).await.unwrap();
            connection.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&heard[..length]).into_owned()
        };
        (address, serve)
    }

    #[tokio::test]
    async fn an_address_leaves_as_it_was_signed() {
        let (address, server) = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        let url = format!("http://{address}/a%2Fb/../c//d?x=%20");
        let (reply, heard) = tokio::join!(get(&url), server);
        assert!(heard.starts_with("GET /a%2Fb/../c//d?x=%20 HTTP/1.1\r\n"), "{heard}");
        let reply = reply.unwrap();
        assert_eq!(reply.status().as_u16(), 200);
        assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), "ok");
    }

    #[tokio::test]
    async fn what_may_be_tried_again_is_told_apart() {
        let (address, server) = answering("").await;
        let url = format!("http://{address}/");
        let (hung_up, _) = tokio::join!(get(&url), server);
        assert_eq!(hung_up.unwrap_err().as_other(), Some(ErrorKind::TransientError));
        let nobody_listens = get(&url).await.unwrap_err();
        assert!(nobody_listens.is_io(), "{nobody_listens:?}");
    }

    #[tokio::test]
    async fn a_handshake_that_hangs_is_a_connection_that_does_not_stand() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hung = get(&format!("https://{}/", silent.local_addr().unwrap())).await.unwrap_err();
        assert!(hung.is_timeout(), "{hung:?}");
    }
}
