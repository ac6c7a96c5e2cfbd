//! TLS of the server: certificate and key from PEM files, rustls with aws-lc-rs, TLS 1.2 and 1.3.

use crate::state::ApiState;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Says that a request came over TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverTls;

/// Whether the browser reached this server over TLS: directly, or through a proxy that ends it.
pub(crate) fn is_tls(state: &ApiState, extensions: &http::Extensions) -> bool {
    state.settings.is_tls() || extensions.get::<OverTls>().is_some()
}

/// A certificate with its key, ready to serve.
#[derive(Clone, Debug)]
pub struct TlsSettings(Arc<ServerConfig>);

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the certificate cannot be used.
    #[error(
        "{path}: no certificate can be read; set `tls_cert_file` to a PEM file, the server's own certificate first"
    )]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why, where the file was read.
        #[source]
        source: Option<rustls_pki_types::pem::Error>,
    },
    /// The file of the key cannot be used.
    #[error(
        "{path}: no private key can be read; set `tls_key_file` to a PEM file that this account may read"
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// Certificate and key do not fit.
    #[error("the certificate in {path} and its key cannot be used together; check that they belong together")]
    Unfit {
        /// The file of the certificate.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

impl TlsSettings {
    /// Reads a chain of certificates and its key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let unreadable = |source| TlsError::Certificate { path: certificate.to_owned(), source };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|source| unreadable(Some(source)))?;
        if chain.is_empty() {
            return Err(unreadable(None));
        }
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|source| TlsError::Key { path: key.to_owned(), source })?;
        let unfit = |source| TlsError::Unfit { path: certificate.to_owned(), source };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unfit)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn acceptor(self) -> TlsAcceptor {
        TlsAcceptor::from(self.0)
    }
}
