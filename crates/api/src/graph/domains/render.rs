//! Domains and DNS records as Graph shows them.

use super::super::answer::{map, time};
use lockstep_model::{Fingerprint, TenantId};
use lockstep_tenant::Domain;
use lockstep_tenant::domains::{DnsRecord, RecordData, authentication_of, is_root};
use serde_json::{Map, Value, json};

/// Graph's `domain`.
pub(super) fn domain(domains: &[Domain], domain: &Domain) -> Value {
    let state = domain.state.map(|state| {
        json!({
            "operation": if state.force_delete { "ForceDelete" } else { "Verification" },
            "status": "InProgress",
            "lastActionDateTime": time(state.since),
        })
    });
    json!({
        "id": domain.id,
        "authenticationType": authentication_of(domains, domain).as_str(),
        "availabilityStatus": null,
        "isAdminManaged": true,
        "isDefault": domain.is_default,
        "isInitial": domain.is_initial,
        "isRoot": is_root(domains, domain),
        "isVerified": domain.is_verified,
        "manufacturer": null,
        "model": null,
        "passwordNotificationWindowInDays": domain.details.password_notification_days,
        "passwordValidityPeriodInDays": domain.details.password_validity_days,
        "state": state,
        "supportedServices": domain.details.supported_services,
    })
}

/// Graph's `domainDnsRecord` of a kind.
pub(super) fn record(tenant: TenantId, record: &DnsRecord) -> Map<String, Value> {
    let (kind, mut value) = match &record.data {
        RecordData::Txt { text } => ("Txt", json!({"text": text})),
        RecordData::Mx { exchange, preference } => {
            ("Mx", json!({"mailExchange": exchange, "preference": preference}))
        }
        RecordData::Cname { target } => ("CName", json!({"canonicalName": target})),
        RecordData::Srv { target, port, protocol, service } => (
            "Srv",
            json!({"nameTarget": target, "port": port, "protocol": protocol, "service": service, "priority": 100, "weight": 1}),
        ),
    };
    let class = if kind == "CName" { "Cname" } else { kind };
    // The same record has the same id again, whoever asks.
    let said = format!("record {tenant} {} {kind} {value}", record.label);
    let Fingerprint(bytes) = Fingerprint::of_text(&said);
    if let Value::Object(fields) = &mut value {
        fields.insert("@odata.type".into(), format!("#microsoft.graph.domainDns{class}Record").into());
        fields.insert("id".into(), uuid::Uuid::from_bytes(bytes).to_string().into());
        fields.insert("isOptional".into(), false.into());
        fields.insert("label".into(), record.label.clone().into());
        fields.insert("recordType".into(), kind.into());
        fields.insert("supportedService".into(), record.service.into());
        fields.insert("ttl".into(), record.ttl.into());
    }
    map(value)
}
