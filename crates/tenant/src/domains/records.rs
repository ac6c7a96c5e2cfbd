//! DNS records that a domain's owner is to add: those that prove it, and those of the services chosen for it. Hosts
//! and values are the ones that Microsoft Graph gives, for they are what the services of that cloud look for.

use super::Domain;
use lockstep_model::{Fingerprint, TenantId};

/// Seconds that a record may be kept.
const TTL: u32 = 3_600;

/// One record, as Graph's `domainDnsRecord`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    /// The name it is at.
    pub label: String,
    /// Which service wants it.
    pub service: &'static str,
    /// Seconds.
    pub ttl: u32,
    /// What it says.
    pub data: RecordData,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// TXT.
    Txt {
        /// The text.
        text: String,
    },
    /// MX.
    Mx {
        /// The host.
        exchange: String,
        /// Lower comes first.
        preference: u16,
    },
    /// CNAME.
    Cname {
        /// The canonical name.
        target: String,
    },
    /// SRV.
    Srv {
        /// The host.
        target: &'static str,
        /// Port.
        port: u16,
        /// `_tls`, `_tcp`.
        protocol: &'static str,
        /// `_sip`, ...
        service: &'static str,
    },
}

/// The number that proves a domain to a tenant: eight digits, the same again for the same two.
pub fn verification_number(tenant: TenantId, domain: &str) -> u32 {
    let Fingerprint(bytes) = Fingerprint::of_text(&format!("domain {tenant} {domain}"));
    u32::try_from(u128::from_be_bytes(bytes) % 100_000_000).unwrap_or(0)
}

/// The text of the TXT record that proves.
pub fn proof_text(number: u32) -> String {
    format!("MS=ms{number:08}")
}

/// The host of the MX record that proves.
pub fn proof_host(number: u32) -> String {
    format!("ms{number:08}.msv1.invalid")
}

/// The records of which one is to be added to prove a domain.
pub fn verification_records(tenant: TenantId, domain: &Domain) -> Vec<DnsRecord> {
    let number = verification_number(tenant, &domain.id);
    let record = |data| DnsRecord { label: domain.id.clone(), service: "Email", ttl: TTL, data };
    vec![
        record(RecordData::Txt { text: proof_text(number) }),
        record(RecordData::Mx { exchange: proof_host(number), preference: 32_767 }),
    ]
}

/// The records of the services chosen for a domain.
pub fn service_records(domain: &Domain) -> Vec<DnsRecord> {
    let id = &domain.id;
    let mut records = Vec::new();
    let has = |name: &str| domain.details.supported_services.iter().any(|service| service == name);
    let cname = |host: &str, service, target: &str| DnsRecord {
        label: format!("{host}.{id}"),
        service,
        ttl: TTL,
        data: RecordData::Cname { target: target.to_owned() },
    };
    let srv = |service, protocol, port, target| DnsRecord {
        label: format!("{service}.{protocol}.{id}"),
        service: "OfficeCommunicationsOnline",
        ttl: TTL,
        data: RecordData::Srv { target, port, protocol, service },
    };
    if has("Email") {
        let at = |data| DnsRecord { label: id.clone(), service: "Email", ttl: TTL, data };
        let host = format!("{}.mail.protection.outlook.com", id.replace('.', "-"));
        records.push(at(RecordData::Mx { exchange: host, preference: 0 }));
        records.push(at(RecordData::Txt { text: "v=spf1 include:spf.protection.outlook.com -all".into() }));
        records.push(cname("autodiscover", "Email", "autodiscover.outlook.com"));
    }
    if has("OfficeCommunicationsOnline") {
        let service = "OfficeCommunicationsOnline";
        records.push(cname("sip", service, "sipdir.online.lync.com"));
        records.push(cname("lyncdiscover", service, "webdir.online.lync.com"));
        records.push(srv("_sip", "_tls", 443, "sipdir.online.lync.com"));
        records.push(srv("_sipfederationtls", "_tcp", 5061, "sipfed.online.lync.com"));
    }
    if has("Intune") {
        records.push(cname("enterpriseregistration", "Intune", "enterpriseregistration.windows.net"));
        records.push(cname("enterpriseenrollment", "Intune", "enterpriseenrollment.manage.microsoft.com"));
    }
    records
}
