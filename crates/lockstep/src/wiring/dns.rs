//! Asks DNS for the proof of a domain: by the resolvers that the configuration names, else by the system's.

use crate::config::Dns as Settings;
use anyhow::Context;
use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;
use lockstep_tenant::domains::{Dns, DnsAnswer, DnsFindings};
use std::net::SocketAddr;

/// Records of an answer that are read.
const MAX_RECORDS: usize = 100;

/// The resolver.
pub(crate) struct Resolver {
    resolver: TokioResolver,
    /// Who is asked, for people.
    named: String,
}

impl Resolver {
    /// A resolver by these settings.
    ///
    /// # Errors
    /// The system's settings cannot be read.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let mut builder = if settings.resolvers.is_empty() {
            TokioResolver::builder_tokio().context(
                "the system's DNS settings cannot be read; mend /etc/resolv.conf, or set [server.dns] resolvers",
            )?
        } else {
            let mut servers = Vec::with_capacity(settings.resolvers.len());
            for text in &settings.resolvers {
                let address = address_of(text)
                    .with_context(|| format!("[server.dns] resolvers: \"{text}\" is no IP address"))?;
                let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
                connections.iter_mut().for_each(|connection| connection.port = address.port());
                servers.push(NameServerConfig::new(address.ip(), true, connections));
            }
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.timeout = settings.timeout.0;
        options.attempts = 2;
        // What was published a moment ago is what is asked for.
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        let resolver = builder.build().context("the DNS resolver cannot be made")?;
        let named = if settings.resolvers.is_empty() {
            "of the system (/etc/resolv.conf)".to_owned()
        } else {
            settings.resolvers.join(", ")
        };
        Ok(Self { resolver, named })
    }
}

/// `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::1]:53`, `2001:db8::1`.
pub(crate) fn address_of(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| text.parse().ok().map(|ip| SocketAddr::new(ip, 53)))
}

#[async_trait]
impl Dns for Resolver {
    async fn ask(&self, domain: &str) -> DnsFindings {
        // Absolute: no search list of the machine is to be tried.
        let name = format!("{domain}.");
        let (txt, mx) =
            tokio::join!(self.resolver.txt_lookup(name.as_str()), self.resolver.mx_lookup(name.as_str()));
        let txt = answer(txt.map(|found| {
            let texts = found.answers().iter().filter_map(|record| match &record.data {
                RData::TXT(txt) => {
                    let bytes: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
                    Some(String::from_utf8_lossy(&bytes).into_owned())
                }
                _ => None,
            });
            texts.take(MAX_RECORDS).collect()
        }));
        let mx = answer(mx.map(|found| {
            let hosts = found.answers().iter().filter_map(|record| match &record.data {
                RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii())),
                _ => None,
            });
            hosts.take(MAX_RECORDS).collect()
        }));
        DnsFindings { resolver: self.named.clone(), txt, mx }
    }
}

fn answer<T>(result: Result<Vec<T>, NetError>) -> DnsAnswer<T> {
    match result {
        Ok(records) if records.is_empty() => DnsAnswer::NoRecords,
        Ok(records) => DnsAnswer::Records(records),
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
            ResponseCode::NXDomain => DnsAnswer::NoName,
            ResponseCode::NoError => DnsAnswer::NoRecords,
            other => DnsAnswer::Failed(other.to_string()),
        },
        Err(NetError::Dns(DnsError::ResponseCode(ResponseCode::NXDomain))) => DnsAnswer::NoName,
        Err(error) => DnsAnswer::Failed(error.to_string()),
    }
}
