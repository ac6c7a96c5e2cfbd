//! Several sync clients of one source, side by side: which of them writes, and in which settings they differ.
//!
//! **Invariant:** pure.

use crate::lease::Lease;
use crate::records::ClientRecord;
use jiff::{SignedDuration, Timestamp};
use lockstep_model::ClientId;
use lockstep_model::provisioning::ClientState;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A client that was not heard for longer could not take over now.
pub const READY_WITHIN: SignedDuration = SignedDuration::from_secs(45);
/// A client that was not heard for longer is not compared with the others: it may be one that was taken away.
pub const COMPARED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// What a client is among those of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientRole {
    /// It holds the lease and writes.
    Active,
    /// It follows in staging and writes nothing.
    Standby,
}

/// A setting in which clients of one source differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The lease that they share.
    pub lease: String,
    /// The setting: `mapping.user_name_attribute`; `version` for the program's.
    pub setting: String,
    /// The value of each client, by service account.
    pub values: Vec<ValueOf>,
}

/// What a client says of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueOf {
    /// The client.
    pub client: ClientId,
    /// Its service account.
    pub service_account: String,
    /// Its machine.
    pub machine: String,
    /// The value; absent where the client has no such setting.
    pub value: Option<String>,
}

/// The role of a client; none where it takes part in no lease.
pub fn role(client: &ClientRecord, leases: &[Lease], now: Timestamp) -> Option<ClientRole> {
    if leases.iter().any(|lease| lease.client == client.id && lease.is_held(now)) {
        return Some(ClientRole::Active);
    }
    client.report.as_ref().filter(|report| report.standby).map(|_| ClientRole::Standby)
}

/// The newest lease that a client has or had.
pub fn lease_of(client: ClientId, leases: &[Lease]) -> Option<&Lease> {
    leases.iter().filter(|lease| lease.client == client).max_by_key(|lease| lease.epoch)
}

/// Whether a client follows the source of this lease in staging, and could take over now.
pub fn is_ready(client: &ClientRecord, lease: &str, now: Timestamp) -> bool {
    let heard = client.last_contact.is_some_and(|at| now.duration_since(at) <= READY_WITHIN);
    heard
        && client.report.as_ref().is_some_and(|report| {
            report.standby && report.state == ClientState::Standby && report.lease.as_deref() == Some(lease)
        })
}

/// The settings in which clients of one source differ, by lease and name.
pub fn differences(clients: &[ClientRecord], now: Timestamp) -> Vec<Difference> {
    let mut by_lease: BTreeMap<&str, Vec<&ClientRecord>> = BTreeMap::new();
    for client in clients {
        let heard = client.last_contact.is_some_and(|at| now.duration_since(at) <= COMPARED_WITHIN);
        if let Some(lease) = client.report.as_ref().and_then(|report| report.lease.as_deref())
            && heard
        {
            by_lease.entry(lease).or_default().push(client);
        }
    }
    let mut found = Vec::new();
    for (lease, mut clients) in by_lease {
        clients.sort_by(|a, b| a.service_account.cmp(&b.service_account));
        let reports: Vec<_> =
            clients.iter().filter_map(|client| Some((client, client.report.as_ref()?))).collect();
        let settings: BTreeSet<&str> =
            reports.iter().flat_map(|(_, report)| report.configuration.keys().map(String::as_str)).collect();
        for setting in settings.into_iter().chain(["version"]) {
            let values: Vec<ValueOf> = reports
                .iter()
                .map(|(client, report)| ValueOf {
                    client: client.id,
                    service_account: client.service_account.clone(),
                    machine: report.machine.clone(),
                    value: match setting {
                        "version" => Some(report.version.clone()),
                        _ => report.configuration.get(setting).cloned(),
                    },
                })
                .collect();
            let distinct: BTreeSet<_> = values.iter().map(|value| &value.value).collect();
            if distinct.len() > 1 {
                found.push(Difference { lease: lease.to_owned(), setting: setting.to_owned(), values });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::provisioning::{ClientReport, PendingCounts};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn client(n: u8, lease: &str, settings: &[(&str, &str)]) -> ClientRecord {
        ClientRecord {
            id: ClientId(uuid::Uuid::from_bytes([n; 16])),
            service_account: format!("Sync_{n}"),
            report: Some(ClientReport {
                version: "1.0.0".into(),
                machine: format!("sync{n}"),
                source: "ldap://host".into(),
                state: ClientState::Standby,
                detail: None,
                last_import: None,
                last_export: None,
                next_cycle: None,
                cycle_seconds: 1_800,
                connector_space_objects: 0,
                pending: PendingCounts::default(),
                held_plan: None,
                timetable: Default::default(),
                standby: true,
                lease: Some(lease.into()),
                configuration: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            }),
            last_contact: Some(at(0)),
        }
    }

    #[test]
    fn settings_that_differ_are_named_with_both_values() {
        let mut clients = [
            client(2, "a", &[("guard.count", "500"), ("source.filter", "(uid=*)")]),
            client(1, "a", &[("guard.count", "7")]),
            client(3, "b", &[("guard.count", "1")]),
        ];
        let found = differences(&clients, at(10));
        let told: Vec<_> = found
            .iter()
            .map(|one| {
                let values: Vec<_> =
                    one.values.iter().map(|v| (v.machine.as_str(), v.value.as_deref())).collect();
                (one.lease.as_str(), one.setting.as_str(), values)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a", "guard.count", vec![("sync1", Some("7")), ("sync2", Some("500"))]),
                ("a", "source.filter", vec![("sync1", None), ("sync2", Some("(uid=*)"))]),
            ],
            "a client of another source is not compared"
        );
        clients[0].report.as_mut().unwrap().version = "1.1.0".into();
        assert_eq!(differences(&clients, at(10)).last().unwrap().setting, "version");
        assert_eq!(differences(&clients, at(100_000)), [], "who was not heard for a day is not compared");
    }

    #[test]
    fn who_is_heard_and_in_step_could_take_over() {
        let mut other = client(1, "a", &[]);
        assert!(is_ready(&other, "a", at(45)) && !is_ready(&other, "a", at(46)));
        assert!(!is_ready(&other, "b", at(0)));
        other.report.as_mut().unwrap().state = ClientState::Failed;
        assert!(!is_ready(&other, "a", at(0)), "one that cannot read the directory would be no help");
    }
}
