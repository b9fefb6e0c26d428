//! TLS stands on the compiled-in roots and nothing else.

use std::{io::Write, net::TcpListener, sync::Arc, thread};

use rustls::{
    RootCertStore, ServerConfig, ServerConnection, Stream,
    crypto::ring,
    pki_types::{PrivateKeyDer, TrustAnchor},
};

use super::fakes::{FakeDns, get, local_client, loopback_allowed, post, read_request};
use crate::egress::{Guarded, HttpOut, OutError};

/// A TLS server for `names` on loopback: its port, and its certificate as a root. It takes any protocol that the client
/// offers, HTTP/2 first, and says in its reply which one it was.
fn tls_server(names: impl Into<Vec<String>>) -> (u16, Vec<TrustAnchor<'static>>) {
    let own = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = Stream::new(&mut tls, &mut tcp);
            if read_request(&mut stream).is_some() {
                let spoken = stream.conn.alpn_protocol().map(<[u8]>::to_vec).unwrap_or_default();
                let body = String::from_utf8(spoken).unwrap();
                let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(reply.as_bytes()).unwrap();
            }
        }
    });
    (port, roots.roots)
}

#[tokio::test]
async fn a_trusted_peer_is_spoken_to_over_http_1() {
    let (port, roots) = tls_server(["localhost".to_owned()]);
    let client = Guarded::with_roots(loopback_allowed(), FakeDns::new(&[]), roots).unwrap();
    let reply = client.send(get(&format!("https://localhost:{port}/"))).await.unwrap();
    assert_eq!(reply.status, 200);
    assert_ne!(&reply.body[..], b"h2");
}

#[tokio::test]
async fn a_peer_outside_the_roots_never_sees_the_request() {
    let (port, _) = tls_server(["localhost".to_owned()]);
    let error = local_client().send(post(&format!("https://localhost:{port}/"), "body")).await.unwrap_err();
    assert!(matches!(&error, OutError::Connect(text) if text.contains("certificate")), "{error:?}");
    assert!(!error.reached());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_enough() {
    let (port, roots) = tls_server((0..200).map(|n| format!("other{n}.example")).collect::<Vec<_>>());
    let client = Guarded::with_roots(loopback_allowed(), FakeDns::new(&[]), roots).unwrap();
    let error = client.send(post(&format!("https://localhost:{port}/"), "body")).await.unwrap_err();
    assert!(matches!(&error, OutError::Connect(text) if (200..250).contains(&text.len())), "{error:?}");
    assert!(!error.reached());
}

#[test]
fn the_public_roots_are_there() {
    assert!(crate::tls::public_roots().len() > 100);
}
