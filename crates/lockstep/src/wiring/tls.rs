//! The server's certificate and key.

use crate::config::Loaded;
use anyhow::Context;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// What answers TLS handshakes; none where no certificate is configured.
pub(crate) fn acceptor(loaded: &Loaded) -> anyhow::Result<Option<TlsAcceptor>> {
    let server = &loaded.config.server;
    let (Some(certificates), Some(key)) = (&server.tls_cert_file, &server.tls_key_file) else {
        return Ok(None);
    };
    let mut config = read(certificates, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn read(certificates: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(|items| items.collect::<Result<Vec<_>, _>>())
        .with_context(|| {
            format!("server.tls_cert_file: {} holds no certificates in PEM form", certificates.display())
        })?;
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| {
        format!("server.tls_key_file: {} holds no private key in PEM form", key.display())
    })?;
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| format!("{} and {} do not belong together", certificates.display(), key.display()))
}
