//! Leases, and the check of each write's epoch. What is decided is decided in `lockstep_tenant::lease`.

use super::rows::{Result, all, first, micros, optional_time, run, run_counted, time, uuid};
use crate::sql::{Connection, Fault, Record};
use lockstep_model::provisioning::{LeaseAnswer, LeaseRequest};
use lockstep_model::{ClientId, Timestamp};
use lockstep_tenant::lease::{Decided, Lease, Writer, decide};

/// Epochs that are passed over at least after a restore: more than were given since any backup, and more than are kept, so
/// that every epoch of before is one that does not continue.
const PASSED_OVER: u64 = 1_000_000;
/// Leases that are kept for people to look at.
const KEPT: i64 = 1_000;
/// The holder of the mark that a restore leaves; its name too, where there was no lease of any name.
const RESTORED: &str = "restored";

const COLUMNS: &str = "epoch, name, client, instance, process, machine, taken_at, renewed_at, term_millis, \
                       paused, ended_at, requests, operations, last_write";

fn read(row: &Record<'_>) -> Result<Lease> {
    let number = |at: usize| -> Result<u64> {
        u64::try_from(row.get::<i64>(at)?).map_err(|_| Fault::corrupt("a number of a lease"))
    };
    Ok(Lease {
        epoch: number(0)?,
        name: row.get(1)?,
        client: ClientId(uuid(row.get::<&[u8]>(2)?)?),
        instance: row.get(3)?,
        process: row.get(4)?,
        machine: row.get(5)?,
        taken_at: time(row.get(6)?)?,
        renewed_at: time(row.get(7)?)?,
        term_millis: number(8)?,
        paused: row.get(9)?,
        ended_at: optional_time(row.get(10)?)?,
        requests: number(11)?,
        operations: number(12)?,
        last_write: optional_time(row.get(13)?)?,
    })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn put(connection: Connection<'_>, lease: &Lease) -> Result<()> {
    let sql = format!(
        "INSERT INTO lease ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
         ON CONFLICT (epoch) DO UPDATE SET machine = excluded.machine, renewed_at = excluded.renewed_at, \
         term_millis = excluded.term_millis, paused = excluded.paused, ended_at = excluded.ended_at"
    );
    let params = (
        signed(lease.epoch),
        &lease.name,
        lease.client.0.as_bytes().as_slice(),
        &lease.instance,
        &lease.process,
        &lease.machine,
        micros(lease.taken_at),
        micros(lease.renewed_at),
        signed(lease.term_millis),
        lease.paused,
        lease.ended_at.map(micros),
        signed(lease.requests),
        signed(lease.operations),
        lease.last_write.map(micros),
    );
    run(connection, &sql, params).map(drop)
}

pub(super) fn ask(
    connection: Connection<'_>,
    client: ClientId,
    request: &LeaseRequest,
    now: Timestamp,
) -> Result<LeaseAnswer> {
    let newest = format!("SELECT {COLUMNS} FROM lease WHERE name = ?1 ORDER BY epoch DESC LIMIT 1");
    let newest = first(connection, &newest, [&request.lease], read)?;
    let highest =
        first(connection, "SELECT coalesce(max(epoch), 0) FROM lease", (), |row| row.get::<i64>(0))?;
    let next = u64::try_from(highest.unwrap_or(0)).unwrap_or(0) + 1;
    let continued = continued(connection, client, request, next)?;
    let Decided { changed, taken, answer } = decide(newest.as_ref(), next, continued, client, request, now);
    if let Some(lease) = changed {
        put(connection, &lease)?;
    }
    if let Some(lease) = taken {
        put(connection, &lease)?;
        let sql = "DELETE FROM lease WHERE epoch <= ?1 AND ended_at IS NOT NULL";
        run(connection, sql, [signed(lease.epoch) - KEPT])?;
    }
    Ok(answer)
}

/// Whether all leases of that name since the epoch that the client knows were its own, with the same state. An
/// epoch that this tenant never gave is one of a tenant that was since restored from a backup.
fn continued(
    connection: Connection<'_>,
    client: ClientId,
    request: &LeaseRequest,
    next: u64,
) -> Result<bool> {
    let since = request.since.unwrap_or(0);
    if since >= next || next - since > u64::try_from(KEPT).unwrap_or(0) && next > 1 {
        return Ok(false);
    }
    let sql =
        "SELECT 1 FROM lease WHERE name = ?1 AND epoch > ?2 AND NOT (client = ?3 AND instance = ?4) LIMIT 1";
    let params = (&request.lease, signed(since), client.0.as_bytes().as_slice(), &request.instance);
    Ok(first(connection, sql, params, |_| Ok(()))?.is_none())
}

/// After a restore: whoever wrote before does not go on as if nothing had been. Leases end, so that what is still on its
/// way is refused; clients take new ones and learn by them that the tenant is not what they left; delta queries begin anew.
pub(crate) fn restored(connection: Connection<'_>, now: Timestamp) -> Result<()> {
    run(connection, "UPDATE lease SET ended_at = ?1 WHERE ended_at IS NULL", [micros(now)])?;
    let newest = format!(
        "SELECT {COLUMNS} FROM lease WHERE epoch IN (SELECT max(epoch) FROM lease GROUP BY name) ORDER BY epoch"
    );
    let newest = all(connection, &newest, (), read)?;
    let highest = newest.iter().map(|lease| lease.epoch).max().unwrap_or(0);
    // By the time, so that of two restores of one backup neither gives an epoch that the other gave: by that a client would
    // take the one for the other.
    let by_time = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let first = highest.saturating_add(PASSED_OVER).max(by_time);
    // Of one that had no lease yet epochs began at 1 again, which a client may have been given since.
    let names = match newest.len() {
        0 => vec![(RESTORED.to_owned(), false)],
        // A pause stays one.
        _ => newest.into_iter().map(|lease| (lease.name, lease.paused)).collect(),
    };
    for (epoch, (name, paused)) in (first..).zip(names) {
        let mark = Lease {
            epoch,
            name,
            client: ClientId(uuid::Uuid::nil()),
            instance: RESTORED.to_owned(),
            process: RESTORED.to_owned(),
            machine: "a restore".to_owned(),
            taken_at: now,
            renewed_at: now,
            term_millis: 0,
            paused,
            ended_at: Some(now),
            requests: 0,
            operations: 0,
            last_write: None,
        };
        put(connection, &mark)?;
    }
    run(connection, "UPDATE tenant SET changes_from = ?1", [micros(now)])
}

pub(super) fn list(connection: Connection<'_>, top: usize) -> Result<Vec<Lease>> {
    let sql = format!("SELECT {COLUMNS} FROM lease ORDER BY epoch DESC LIMIT ?1");
    all(connection, &sql, [i64::try_from(top.min(1_000)).unwrap_or(1_000)], read)
}

/// Refuses a write whose lease is not in force, in the transaction of the write; notes one that is.
pub(super) fn check(
    connection: Connection<'_>,
    writer: Writer,
    operations: usize,
    now: Timestamp,
) -> Result<()> {
    let Some(epoch) = writer.epoch else {
        // The mark of a restore was never taken by anybody.
        let any = "SELECT 1 FROM lease WHERE process <> ?1 LIMIT 1";
        let any = first(connection, any, [RESTORED], |_| Ok(()))?;
        return match any {
            None => Ok(()),
            Some(()) => Err(Fault::Fenced {
                why: "sync clients of this tenant hold a lease to write, and this one sent no epoch; update the client"
                    .to_owned(),
            }),
        };
    };
    let sql = "UPDATE lease SET renewed_at = CASE WHEN renewed_at > ?3 THEN renewed_at ELSE ?3 END, last_write = ?3, requests = requests + 1, \
               operations = operations + ?4 WHERE epoch = ?1 AND client = ?2 AND ended_at IS NULL";
    let count = i64::try_from(operations).unwrap_or(i64::MAX);
    let params = (signed(epoch), writer.client.0.as_bytes().as_slice(), micros(now), count);
    if run_counted(connection, sql, params)? == 1 {
        return Ok(());
    }
    let holder = first(
        connection,
        "SELECT machine, epoch FROM lease WHERE ended_at IS NULL AND name = (SELECT name FROM lease WHERE epoch = ?1)",
        [signed(epoch)],
        |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?)),
    )?;
    let why = match holder {
        Some((machine, newer)) => format!(
            "the lease of epoch {epoch} has ended; the sync client on {machine} writes by epoch {newer}"
        ),
        None => format!("the lease of epoch {epoch} has ended, and nobody holds it now"),
    };
    Err(Fault::Fenced { why })
}
