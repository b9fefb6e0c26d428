//! TLS for every call that leaves, to AWS as to n8n. The one rule: the roots are compiled in, as what rustls compares with
//! and not as certificates, so that a start neither scans a directory nor parses anything, and what is trusted does not
//! depend on the machine.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::TrustAnchor};

/// Mozilla's roots as of the `webpki-roots` release in use.
pub(crate) fn public_roots() -> Vec<TrustAnchor<'static>> {
    webpki_roots::TLS_SERVER_ROOTS.to_vec()
}

/// TLS 1.2 and 1.3 over ring, named explicitly: no process-wide default provider is needed or touched.
pub(crate) fn client_config(roots: Vec<TrustAnchor<'static>>) -> Result<ClientConfig, rustls::Error> {
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore { roots })
        .with_no_client_auth())
}
