//! `GET /api/v1/status`: everything the status page shows, in one answer. From counters and a handful of rows,
//! however many objects there are.

use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use lockstep_model::plan::PlanSummary;
use lockstep_model::provisioning::{ClientReport, ClientState, PendingCounts, Timetable};
use lockstep_model::{ClientId, ErrorCategory, TenantId, Timestamp};
use lockstep_tenant::standby::{differences, lease_of, role};
use lockstep_tenant::status::{SILENT_AFTER, Summary, is_stale, last_sync, summarize};
use lockstep_tenant::{ClientRecord, ClientRole, Difference, Domain, Lease, ObjectCounts, Organization};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    now: Timestamp,
    tenant: Tenant,
    summary: Summary,
    sync: Sync,
    domains: DomainCounts,
    objects: Objects,
    errors: Errors,
    clients: Vec<Client>,
    /// Settings in which clients of one source differ.
    configuration_differences: Vec<Difference>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tenant {
    id: TenantId,
    display_name: String,
    initial_domain: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sync {
    enabled: Option<bool>,
    last_sync: Option<Timestamp>,
    last_import: Option<Timestamp>,
    last_export: Option<Timestamp>,
    last_contact: Option<Timestamp>,
    stale_after_seconds: i64,
    stale: bool,
    /// Password hashes are not synchronized yet: false, and no time.
    password_sync_enabled: bool,
    last_password_sync: Option<Timestamp>,
    password_stale: bool,
    client_version: Option<String>,
    latest_version: String,
    update_available: bool,
    download_url: Option<&'static str>,
    service_account: Option<String>,
    machine: Option<String>,
    source: Option<String>,
    client_state: Option<ClientState>,
    client_detail: Option<String>,
    client_connected: bool,
    cycle_seconds: Option<u64>,
    next_cycle: Option<Timestamp>,
    timetable: Timetable,
    connector_space_objects: Option<u64>,
    pending: PendingCounts,
    held_plan: Option<PlanSummary>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DomainCounts {
    verified: usize,
    not_verified: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Objects {
    users: u64,
    synced_users: u64,
    groups: u64,
    synced_groups: u64,
    memberships: u64,
    deleted: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Errors {
    total: u64,
    users_with_errors: u64,
    by_category: BTreeMap<ErrorCategory, u64>,
    /// Left out of the others.
    ignored: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    id: ClientId,
    service_account: String,
    machine: Option<String>,
    version: Option<String>,
    state: Option<ClientState>,
    last_contact: Option<Timestamp>,
    connected: bool,
    source: Option<String>,
    detail: Option<String>,
    pending: Option<PendingCounts>,
    /// Active or stand-by; null for a client that takes part in no lease.
    role: Option<ClientRole>,
    /// The newest lease it had.
    lease: Option<ClientLease>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientLease {
    name: String,
    epoch: u64,
    taken_at: Timestamp,
    renewed_at: Timestamp,
    age_seconds: i64,
    ended_at: Option<Timestamp>,
}

/// The status.
pub(crate) async fn show(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let organization = state.store.organization().await?;
    let domains = state.store.domains().await?;
    let counts = state.store.counts().await?;
    let clients = state.store.clients().await?;
    let leases = state.store.leases(super::orders::LEASES).await?;
    body::json(&status(&state, organization, &domains, counts, &clients, &leases))
}

fn status(
    state: &ApiState,
    organization: Organization,
    domains: &[Domain],
    counts: ObjectCounts,
    clients: &[ClientRecord],
    leases: &[Lease],
) -> Status {
    let now = state.now();
    let verified = domains.iter().filter(|domain| domain.is_verified).count();
    Status {
        now,
        summary: summarize(&organization, clients, &counts, now, state.settings.stale_after),
        sync: sync(state, &organization, clients, now),
        tenant: Tenant {
            id: organization.id,
            display_name: organization.display_name,
            initial_domain: domains.iter().find(|domain| domain.is_initial).map(|domain| domain.id.clone()),
        },
        domains: DomainCounts { verified, not_verified: domains.len() - verified },
        objects: Objects {
            users: counts.users,
            synced_users: counts.synced_users,
            groups: counts.groups,
            synced_groups: counts.synced_groups,
            memberships: counts.memberships,
            deleted: counts.deleted,
        },
        errors: Errors {
            total: counts.errors.values().sum(),
            users_with_errors: counts.users_with_errors,
            by_category: counts.errors,
            ignored: counts.ignored_errors,
        },
        clients: clients
            .iter()
            .map(|client| {
                let report = client.report.as_ref();
                Client {
                    id: client.id,
                    service_account: client.service_account.clone(),
                    machine: report.map(|report| report.machine.clone()),
                    version: report.map(|report| report.version.clone()),
                    state: report.map(|report| report.state),
                    last_contact: client.last_contact,
                    connected: state.orders.is_connected(client.id),
                    source: report.map(|report| report.source.clone()),
                    detail: report.and_then(|report| report.detail.clone()),
                    pending: report.map(|report| report.pending),
                    role: role(client, leases, now),
                    lease: lease_of(client.id, leases).map(|lease| ClientLease {
                        name: lease.name.clone(),
                        epoch: lease.epoch,
                        taken_at: lease.taken_at,
                        renewed_at: lease.renewed_at,
                        age_seconds: now.duration_since(lease.renewed_at).as_secs().max(0),
                        ended_at: lease.ended_at,
                    }),
                }
            })
            .collect(),
        configuration_differences: differences(clients, now),
    }
}

/// The client that the page shows in full: the one heard last; of those heard about as late, one that writes.
pub(crate) fn newest(clients: &[ClientRecord]) -> Option<(&ClientRecord, &ClientReport)> {
    let heard = clients.iter().filter_map(|client| client.last_contact).max()?;
    clients.iter().filter_map(|client| Some((client, client.report.as_ref()?))).max_by_key(
        |(client, report)| {
            let late = client.last_contact.is_some_and(|at| heard.duration_since(at) <= SILENT_AFTER);
            (late && !report.standby, client.last_contact)
        },
    )
}

/// The newest of a time over all clients.
pub(crate) fn newest_time(
    clients: &[ClientRecord],
    time: impl Fn(&ClientReport) -> Option<Timestamp>,
) -> Option<Timestamp> {
    clients.iter().filter_map(|client| time(client.report.as_ref()?)).max()
}

fn sync(state: &ApiState, organization: &Organization, clients: &[ClientRecord], now: Timestamp) -> Sync {
    let settings = &state.settings;
    let shown = newest(clients);
    let report = shown.map(|(_, report)| report);
    let synced = last_sync(clients);
    let version = report.map(|report| report.version.clone());
    Sync {
        enabled: organization.sync_enabled,
        last_sync: synced,
        last_import: newest_time(clients, |report| report.last_import),
        last_export: newest_time(clients, |report| report.last_export),
        last_contact: clients.iter().filter_map(|client| client.last_contact).max(),
        stale_after_seconds: settings.stale_after.as_secs(),
        stale: organization.sync_enabled == Some(true)
            && synced.is_some_and(|last| is_stale(last, now, settings.stale_after)),
        password_sync_enabled: false,
        last_password_sync: None,
        password_stale: false,
        update_available: version.as_deref().is_some_and(|version| is_older(version, &settings.version)),
        client_version: version,
        latest_version: settings.version.clone(),
        download_url: settings.program.as_ref().map(|_| "/downloads/lockstep"),
        service_account: shown.map(|(client, _)| client.service_account.clone()),
        machine: report.map(|report| report.machine.clone()),
        source: report.map(|report| report.source.clone()),
        client_state: report.map(|report| report.state),
        client_detail: report.and_then(|report| report.detail.clone()),
        client_connected: shown.is_some_and(|(client, _)| state.orders.is_connected(client.id)),
        cycle_seconds: report.map(|report| report.cycle_seconds),
        next_cycle: report.and_then(|report| report.next_cycle),
        timetable: report.map(|report| report.timetable).unwrap_or_default(),
        connector_space_objects: report.map(|report| report.connector_space_objects),
        pending: report.map(|report| report.pending).unwrap_or_default(),
        held_plan: report.and_then(|report| report.held_plan.clone()),
    }
}

/// Whether a version is older than another: numbers compare as numbers, and a pre-release (`1.2.0-rc.1`) comes
/// before its release. What is no version is never older.
fn is_older(version: &str, than: &str) -> bool {
    type Key = (Vec<u64>, bool);
    let key = |text: &str| -> Option<Key> {
        let text = text.split('+').next().unwrap_or(text);
        let (numbers, pre) = text.split_once('-').map_or((text, false), |(numbers, _)| (numbers, true));
        let numbers: Option<Vec<u64>> = numbers.split('.').map(|part| part.parse().ok()).collect();
        // `false < true`: a release is newer than its pre-release.
        Some((numbers?, !pre))
    };
    match (key(version), key(than)) {
        (Some(version), Some(than)) => version < than,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let check = |a: &str, b: &str, expect| assert_eq!(is_older(a, b), expect, "{a} < {b}");
        check("0.9.0", "0.10.0", true);
        check("0.10.0", "0.9.0", false);
        check("1.0.0", "1.0.0", false);
        check("1.0.0-rc.1", "1.0.0", true);
        check("1.0.0", "1.0.0-rc.1", false);
        check("1.0.0+build", "1.0.0", false);
        check("nonsense", "1.0.0", false);
    }
}
