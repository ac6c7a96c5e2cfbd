//! The configured directory as a connector.

use crate::config::{Loaded, Protection, Source as Settings, SourceKind};
use crate::secret;
use anyhow::Context;
use lockstep_ldap::{ConnectOptions, Credentials, Endpoint, Filter};
use lockstep_sources::{LdifOptions, LdifSource, OpenLdapOptions, OpenLdapSource, Source, SourceError};
use lockstep_sync::SourceFactory;
use std::sync::Arc;

/// What makes the connectors anew for every connection, for the attributes asked: the first directory, then the further
/// ones in their order. Passwords are read once, now.
pub(crate) fn factories(loaded: &Loaded) -> anyhow::Result<Vec<SourceFactory>> {
    loaded.require_source()?;
    loaded.config.sources().map(|(section, source)| factory(&section, source)).collect()
}

fn factory(section: &str, source: &Settings) -> anyhow::Result<SourceFactory> {
    match source.kind {
        SourceKind::OpenLdap => {
            let options = openldap(section, source)?;
            // Made once to be judged; the same settings are sound each time after.
            OpenLdapSource::new(options.clone())?;
            Ok(Arc::new(move |attributes| {
                let attributes = attributes.to_vec();
                match OpenLdapSource::new(OpenLdapOptions { attributes, ..options.clone() }) {
                    Ok(source) => Box::new(source),
                    Err(error) => Box::new(Unusable(error.to_string())),
                }
            }))
        }
        SourceKind::Ldif => {
            let file = source.file.clone().unwrap_or_default();
            Ok(Arc::new(move |attributes| {
                let names: Vec<&str> = attributes.iter().map(String::as_str).collect();
                Box::new(LdifSource::new(LdifOptions::new(file.clone(), &names)))
            }))
        }
    }
}

fn openldap(section: &str, source: &Settings) -> anyhow::Result<OpenLdapOptions> {
    let url = source.url.as_deref().unwrap_or_default();
    let endpoint = Endpoint::parse(url, source.tls == Some(Protection::StartTls))?;
    let mut connect = ConnectOptions::new(endpoint);
    connect.allow_plaintext_bind = source.allow_plaintext_bind;
    if let Some(path) = &source.ca_file {
        let pem = std::fs::read(path).with_context(|| {
            format!("{section}.ca_file: {} cannot be read; check the path and its rights", path.display())
        })?;
        connect.ca_pem = Some(pem);
    }
    let credentials = match &source.bind_dn {
        None => Credentials::Anonymous,
        Some(dn) => {
            let credential = format!("{}.password", source.name.as_deref().unwrap_or("source"));
            let password =
                secret::read(source.password_file.as_deref(), &credential)?.with_context(|| {
                    format!(
                        "{section}.password_file is not set, and there is no systemd credential `{credential}`; \
                         write the password of bind_dn into a file and name it"
                    )
                })?;
            Credentials::Simple { dn: dn.clone(), password }
        }
    };
    let base = source.base_dn.as_deref().unwrap_or_default();
    let mut options = OpenLdapOptions::new(connect, credentials, &[base], &["objectClass"]);
    if let Some(filter) = &source.filter {
        options.filter = Filter::parse(filter)?;
    }
    Ok(options)
}

/// Stands where a connector cannot be made after all: says so when it is read.
#[derive(Debug)]
struct Unusable(String);

#[async_trait::async_trait]
impl Source for Unusable {
    fn describe(&self) -> String {
        "the configured directory".into()
    }

    async fn read(
        &mut self,
        _: Option<lockstep_sources::Watermark>,
        _: bool,
        _: tokio::sync::mpsc::Sender<lockstep_sources::SourceEvent>,
        _: tokio_util::sync::CancellationToken,
    ) -> Result<(), SourceError> {
        Err(SourceError::Configuration { at: self.describe(), problem: self.0.clone() })
    }

    async fn check(
        &mut self,
        _: lockstep_model::Timestamp,
    ) -> Vec<lockstep_model::provisioning::DoctorCheck> {
        Vec::new()
    }
}
