//! Certificates of an authority of one's own, for servers on 127.0.0.1.

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An authority, and a certificate that it gave to `localhost` and 127.0.0.1, as PEM files in a folder.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority's own.
    pub authority: PathBuf,
    /// The server's.
    pub certificate: PathBuf,
    /// The server's key, for its owner alone.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn make(folder: &Path) -> Result<Self> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Authority of a test");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let mut server = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        server.is_ca = IsCa::ExplicitNoCa;
        server.extended_key_usages.push(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
        let server = server.signed_by(&key, &authority)?;
        let write = |name: &str, text: String| -> Result<PathBuf> {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| path.display().to_string())?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            Ok(path)
        };
        Ok(Self {
            authority: write("authority.pem", authority.pem())?,
            certificate: write("server.pem", server.pem())?,
            key: write("server.key", key.serialize_pem())?,
        })
    }
}
