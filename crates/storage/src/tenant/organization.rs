//! The organization, its sync clients, their runs and errors; sweeping and purging.

use super::batch::Batch;
use super::counters::Counter;
use super::errors::Origin;
use super::history::Body;
use super::rows::{
    Result, all, first, from_json, kind_of, micros, object_id, optional_time, run, time, to_json, uuid,
};
use crate::sql::{Connection, Fault, Record};
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::{ClientErrors, ClientReport, ClientState};
use lockstep_model::{ClientId, ObjectKind, RunId, SyncError, TenantId, Timestamp};
use lockstep_tenant::provision::Row;
use lockstep_tenant::{ClientRecord, HistoryOutcome, Organization, Page, StoredRun, TenantSetup};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows that one transaction of a purge removes: other writers wait no longer than for these.
const PURGE_BATCH: i64 = 1_000;
/// The names that an object has in its source alone.
const SOURCE_NAMES: [&str; 3] =
    ["onPremisesDistinguishedName", "onPremisesSamAccountName", "onPremisesUserPrincipalName"];

pub(super) fn organization(connection: Connection<'_>) -> Result<Option<Organization>> {
    let sql =
        "SELECT id, display_name, created_at, sync_enabled, threshold_count, threshold_percent FROM tenant";
    first(connection, sql, (), |row| {
        let count: Option<i64> = row.get(4)?;
        let percent: Option<i64> = row.get(5)?;
        let threshold = count.zip(percent).map(|(count, percent)| DeletionThreshold {
            count: u64::try_from(count).unwrap_or(0),
            percent: u8::try_from(percent).unwrap_or(0),
        });
        Ok(Organization {
            id: TenantId(uuid(row.get::<&[u8]>(0)?)?),
            display_name: row.get(1)?,
            created_at: time(row.get(2)?)?,
            sync_enabled: row.get(3)?,
            deletion_threshold: threshold,
        })
    })
}

pub(super) fn set_up(
    connection: Connection<'_>,
    id: Option<TenantId>,
    setup: &TenantSetup,
    now: Timestamp,
) -> Result<Organization> {
    match organization(connection)? {
        Some(_) => run(connection, "UPDATE tenant SET display_name = ?1", [&setup.display_name])?,
        None => {
            let sql = "INSERT INTO tenant (id, display_name, created_at) VALUES (?1, ?2, ?3)";
            let id = id.unwrap_or_else(|| TenantId::generate(now));
            run(connection, sql, (id.0.as_bytes().as_slice(), &setup.display_name, micros(now)))?
        }
    };
    super::domains::set_up(connection, &setup.initial_domain, &setup.domains, now)?;
    organization(connection)?.ok_or_else(|| Fault::corrupt("the organization"))
}

pub(super) fn set_sync_enabled(connection: Connection<'_>, enabled: bool, now: Timestamp) -> Result<()> {
    run(connection, "UPDATE tenant SET sync_enabled = ?1", [enabled])?;
    if enabled {
        return Ok(());
    }
    run(connection, "UPDATE tenant SET changes_from = ?1", [micros(now)])?;
    // Objects become cloud-managed: the names they have in the source go, and so does what waits for a source
    // to change. The anchor stays, so that they are found again if synchronization is turned on.
    let mut batch = Batch::begin(connection, now)?;
    let sql = "SELECT DISTINCT anchor FROM error";
    for anchor in all(connection, sql, (), |row| row.get::<String>(0))? {
        batch.clear_errors(&anchor)?;
    }
    run(connection, "DELETE FROM waiting", ())?;
    let kept = connection.dialect().without("body", &SOURCE_NAMES);
    let sql = format!(
        "UPDATE body SET held = NULL, body = {kept} WHERE oid IN (SELECT oid FROM object WHERE sync_enabled = 1)"
    );
    run(connection, &sql, ())?;
    run(
        connection,
        "UPDATE object SET sync_enabled = 0, fingerprint = NULL, version = version + 1 WHERE sync_enabled = 1",
        (),
    )?;
    for counter in ObjectKind::ALL.map(|kind| Counter::of_kind(kind).1) {
        let value = super::counters::read(connection, counter)?;
        batch.deltas.add(counter, -value);
    }
    batch.finish()
}

pub(super) fn set_threshold(connection: Connection<'_>, threshold: Option<DeletionThreshold>) -> Result<()> {
    let count = threshold.map(|threshold| i64::try_from(threshold.count).unwrap_or(i64::MAX));
    let percent = threshold.map(|threshold| i64::from(threshold.percent));
    run(connection, "UPDATE tenant SET threshold_count = ?1, threshold_percent = ?2", (count, percent))?;
    Ok(())
}

/// The id of the client of a service account; made where there is none.
pub(super) fn client_of(
    connection: Connection<'_>,
    service_account: &str,
    now: Timestamp,
) -> Result<ClientId> {
    let sql = "SELECT id FROM client WHERE service_account = ?1";
    let known = first(connection, sql, [service_account], |row| uuid(row.get::<&[u8]>(0)?).map(ClientId))?;
    if let Some(id) = known {
        return Ok(id);
    }
    let id = ClientId::generate(now);
    put_client(connection, id, service_account)?;
    Ok(id)
}

pub(super) fn put_client(connection: Connection<'_>, id: ClientId, service_account: &str) -> Result<()> {
    let sql = "INSERT INTO client (id, service_account) VALUES (?1, ?2) \
               ON CONFLICT (id) DO UPDATE SET service_account = excluded.service_account";
    run(connection, sql, (id.0.as_bytes().as_slice(), service_account))?;
    Ok(())
}

pub(super) fn clients(connection: Connection<'_>) -> Result<Vec<ClientRecord>> {
    let sql = "SELECT id, service_account, report, last_contact FROM client ORDER BY service_account";
    all(connection, sql, (), |row| {
        let report: Option<String> = row.get(2)?;
        Ok(ClientRecord {
            id: ClientId(uuid(row.get::<&[u8]>(0)?)?),
            service_account: row.get(1)?,
            report: report.map(|text| from_json(&text, "a client's report")).transpose()?,
            last_contact: optional_time(row.get(3)?)?,
        })
    })
}

pub(super) fn put_report(
    connection: Connection<'_>,
    client: ClientId,
    report: &ClientReport,
    now: Timestamp,
) -> Result<()> {
    let bytes = client.0.as_bytes().as_slice();
    // A client that was never enrolled with a token of its own goes by its id.
    let sql = "INSERT INTO client (id, service_account, report, last_contact) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (id) DO UPDATE SET report = excluded.report, last_contact = excluded.last_contact";
    run(connection, sql, (bytes, client.to_string(), to_json(report)?, micros(now)))?;
    if report.last_export.is_some() {
        run(connection, "UPDATE tenant SET sync_enabled = 1 WHERE sync_enabled IS NULL", ())?;
    }
    if matches!(report.state, ClientState::Live | ClientState::Idle) {
        let mut batch = Batch::begin(connection, now)?;
        batch.report_unresolved()?;
        batch.finish()?;
    }
    Ok(())
}

fn stored_run(row: &Record<'_>) -> Result<StoredRun> {
    let body: String = row.get(1)?;
    Ok(StoredRun { client: ClientId(uuid(row.get::<&[u8]>(0)?)?), run: from_json(&body, "a run")? })
}

pub(super) fn runs(connection: Connection<'_>, top: usize, after: Option<&str>) -> Result<Page<StoredRun>> {
    let top = top.clamp(1, 1_000);
    let limit = i64::try_from(top + 1).unwrap_or(1_001);
    let mut items = match after {
        None => {
            let sql = "SELECT client, body FROM run ORDER BY started_at DESC, id DESC LIMIT ?1";
            all(connection, sql, [limit], stored_run)?
        }
        Some(after) => {
            let (started_at, id): (i64, Uuid) = super::token::decode(after)?;
            let sql = "SELECT client, body FROM run WHERE (started_at, id) < (?1, ?2) \
                       ORDER BY started_at DESC, id DESC LIMIT ?3";
            all(connection, sql, (started_at, id.as_bytes().as_slice(), limit), stored_run)?
        }
    };
    let more = items.len() > top;
    items.truncate(top);
    let next = match items.last() {
        Some(last) if more => Some(super::token::encode(&(micros(last.run.started_at), last.run.id.0))?),
        _ => None,
    };
    Ok(Page { items, next, count: None })
}

pub(super) fn one_run(connection: Connection<'_>, id: RunId) -> Result<Option<StoredRun>> {
    first(connection, "SELECT client, body FROM run WHERE id = ?1", [id.0.as_bytes().as_slice()], stored_run)
}

pub(super) fn put_client_errors(
    connection: Connection<'_>,
    sent: ClientErrors,
    now: Timestamp,
) -> Result<()> {
    let mut by_anchor: BTreeMap<String, Vec<SyncError>> =
        sent.objects.into_iter().map(|anchor| (anchor.as_str().to_owned(), Vec::new())).collect();
    for mut error in sent.errors {
        let Some(anchor) = error.object.anchor.clone() else {
            tracing::warn!(code = %error.code, "a client reported an error of an object without a source anchor; it is not kept");
            continue;
        };
        if error.object.kind.is_none() {
            let sql = "SELECT kind FROM object WHERE anchor = ?1 AND state <> 2";
            error.object.kind = first(connection, sql, [anchor.as_str()], |row| kind_of(row.get(0)?))?;
        }
        by_anchor.entry(anchor.as_str().to_owned()).or_default().push(error);
    }
    let mut batch = Batch::begin(connection, now)?;
    for (anchor, errors) in &by_anchor {
        batch.set_errors(anchor, Origin::Client, errors)?;
        if !errors.is_empty() {
            // What the client says of its links, the tenant need not say again.
            batch.set_errors(anchor, Origin::Link, &[])?;
        }
    }
    batch.finish()
}

pub(super) fn sweep(connection: Connection<'_>, now: Timestamp) -> Result<u64> {
    let mut batch = Batch::begin(connection, now)?;
    let mut released = 0;
    // Only those whose value is free: a sweep costs what it finds, not what waits.
    let sql = "SELECT DISTINCT w.oid FROM waiting w LEFT JOIN claim c ON c.space = w.space AND c.key = w.key \
               WHERE c.oid IS NULL ORDER BY w.oid";
    for row in all(connection, sql, (), |row| row.get::<Row>(0))? {
        released += u64::from(batch.resolve_again(row)?);
    }
    released += batch.release_freed()?;
    batch.recheck_rings()?;
    batch.report_unresolved()?;
    batch.finish()?;
    Ok(released)
}

/// Removes a part of what is to be purged; answers how many rows, and whether there is more.
pub(super) fn purge_some(
    connection: Connection<'_>,
    before: Timestamp,
    now: Timestamp,
) -> Result<(u64, bool)> {
    let limit = micros(before);
    let mut batch = Batch::begin(connection, now)?;
    let sql =
        "SELECT oid, kind, anchor, id FROM object WHERE state = 1 AND deleted_at < ?1 ORDER BY oid LIMIT ?2";
    let objects = all(connection, sql, (limit, PURGE_BATCH), |row| {
        let anchor = row.get::<Option<String>>(2)?;
        Ok((row.get::<Row>(0)?, kind_of(row.get(1)?)?, anchor, object_id(row.get::<&[u8]>(3)?)?))
    })?;
    for (row, kind, anchor, id) in &objects {
        batch.note(*row, HistoryOutcome::Purged, &Body::default())?;
        batch.note_gone_from_groups(*row, *id)?;
        batch.purge_object(*row, *kind, anchor.as_deref())?;
    }
    batch.deltas.add(Counter::Deleted, -i64::try_from(objects.len()).unwrap_or(0));
    run(connection, "DELETE FROM session WHERE expires_at < ?1", [limit])?;
    batch.finish()?;
    let full = usize::try_from(PURGE_BATCH).unwrap_or(usize::MAX);
    Ok((u64::try_from(objects.len()).unwrap_or(0), objects.len() >= full))
}

impl Batch<'_> {
    pub(super) fn purge_object(&mut self, row: Row, kind: ObjectKind, anchor: Option<&str>) -> Result<()> {
        self.drop_cloud_links_to(row, anchor.is_none())?;
        if kind == ObjectKind::Group {
            run(self.connection, "DELETE FROM member WHERE grp = ?1", [row])?;
            run(self.connection, "DELETE FROM nested WHERE parent = ?1", [row])?;
        }
        run(self.connection, "DELETE FROM owner WHERE grp = ?1", [row])?;
        run(self.connection, "DELETE FROM owner WHERE owner = ?1", [row])?;
        self.other_goes(row)?;
        run(self.connection, "UPDATE object SET manager_oid = NULL WHERE manager_oid = ?1", [row])?;
        self.history_stays(row)?;
        run(self.connection, "DELETE FROM object WHERE oid = ?1", [row])?;
        run(self.connection, "DELETE FROM body WHERE oid = ?1", [row])?;
        run(self.connection, "DELETE FROM photo WHERE oid = ?1", [row])?;
        // Links that a living group still names keep a row to lead to.
        let linked =
            first(self.connection, "SELECT 1 FROM member WHERE member = ?1 LIMIT 1", [row], |_| Ok(()))?;
        if linked.is_some()
            && let Some(anchor) = anchor
        {
            let expected = self.expect(&super::rows::anchor(anchor.to_owned())?)?;
            self.move_links(row, expected)?;
        }
        Ok(())
    }
}
