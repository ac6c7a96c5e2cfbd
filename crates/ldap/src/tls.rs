//! TLS by rustls: whom to trust, and the client's own certificate.

use crate::error::LdapError;
use crate::options::ConnectOptions;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// What a handshake needs.
pub(crate) fn client(
    options: &ConnectOptions,
) -> Result<(Arc<ClientConfig>, ServerName<'static>), LdapError> {
    let fail = |problem: String| LdapError::TlsSettings { problem };
    let name = ServerName::try_from(options.endpoint.host.clone())
        .map_err(|_| fail(format!("'{}' is no name a certificate could have", options.endpoint.host)))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| fail(e.to_string()))?;
    let builder = match &options.ca_pem {
        Some(pem) => builder.with_root_certificates(roots(pem)?),
        None => builder
            .with_platform_verifier()
            .map_err(|e| fail(format!("the system's certificate authorities cannot be read: {e}")))?,
    };
    let config = match &options.client_identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain: Vec<_> = CertificateDer::pem_slice_iter(&identity.certificates_pem)
                .collect::<Result<_, _>>()
                .map_err(|e| fail(format!("the client certificate is no PEM file: {e}")))?;
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.expose_secret().as_bytes())
                .map_err(|e| fail(format!("the client's key is no PEM file: {e}")))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| fail(format!("client certificate and key do not work together: {e}")))?
        }
    };
    Ok((Arc::new(config), name))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, LdapError> {
    let fail = |problem: String| LdapError::TlsSettings { problem };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|e| fail(format!("the CA file is no PEM file: {e}")))?;
        roots.add(certificate).map_err(|e| fail(format!("the CA file has an unusable certificate: {e}")))?;
    }
    if roots.is_empty() {
        return Err(fail("the CA file has no certificate in it".to_owned()));
    }
    Ok(roots)
}
