//! The one place where HTTP clients are made: time-outs, TLS roots and the user agent are set here.

use crate::error::TargetError;
use std::path::Path;
use std::time::Duration;

/// How an HTTP client is made.
#[derive(Clone, Copy, Debug)]
pub struct HttpSettings<'a> {
    /// A PEM file of authorities to trust beside the platform's.
    pub ca_file: Option<&'a Path>,
    /// Longest time to connect, TLS included.
    pub connect_timeout: Duration,
    /// Longest time without a byte of the answer.
    pub read_timeout: Duration,
}

impl Default for HttpSettings<'_> {
    fn default() -> Self {
        Self {
            ca_file: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
        }
    }
}

/// Bytes a file of certificates may have.
const MAX_CA_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// An HTTP client: rustls, the platform's roots and those of `ca_file`, keep-alive, no redirects (an API does
/// not redirect, and a token must not follow one), no proxy from the environment for loopback addresses,
/// user agent `lockstep/<version>`.
///
/// # Errors
/// [`TargetError::CaFile`] where the file cannot be read; [`TargetError::Settings`] where TLS cannot be set up.
pub fn http_client(settings: HttpSettings<'_>) -> Result<reqwest::Client, TargetError> {
    let extra = settings.ca_file.map(read_certificates).transpose()?.unwrap_or_default();
    let base = || {
        reqwest::Client::builder()
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(8)
            .tls_backend_rustls()
    };
    // A machine without a certificate store (a bare container) can still use plain HTTP on loopback, and TLS with
    // an authority of its own.
    base().tls_certs_merge(extra.iter().cloned()).build().or_else(|error| {
        tracing::warn!(error = %error, "the platform's certificate authorities cannot be loaded; only those of ca_file are trusted");
        base().tls_certs_only(extra).build().map_err(|error| TargetError::Settings {
            what: format!("TLS cannot be set up ({error})"),
            remedy: "install the package ca-certificates or set `ca_file`",
        })
    })
}

fn read_certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, TargetError> {
    let failed =
        |source: crate::error::Cause| TargetError::CaFile { path: path.display().to_string(), source };
    let size = std::fs::metadata(path).map_err(|e| failed(e.into()))?.len();
    if size > MAX_CA_FILE_BYTES {
        return Err(failed(
            format!("the file has {size} bytes, at most {MAX_CA_FILE_BYTES} are read").into(),
        ));
    }
    let pem = std::fs::read(path).map_err(|e| failed(e.into()))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| failed(e.into()))?;
    if certificates.is_empty() {
        return Err(failed("it holds no certificate in PEM form".into()));
    }
    Ok(certificates)
}
