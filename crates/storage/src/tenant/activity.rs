//! Runs in numbers: what each did is kept beside its record, and summed over one index for charts.

use super::rows::{Result, all, micros, run, to_json};
use crate::sql::{Connection, Fault, Value};
use lockstep_model::ClientId;
use lockstep_model::provisioning::{RunRecord, RunResult};
use lockstep_tenant::{Activity, ActivityQuery};

/// Keeps a run; the same id again replaces it, with its numbers.
pub(super) fn put_run(connection: Connection<'_>, client: ClientId, record: &RunRecord) -> Result<()> {
    let sql = "INSERT INTO run (id, client, started_at, ended_at, body, failed, created, updated, deleted, members, work) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
               ON CONFLICT (id) DO UPDATE SET client = excluded.client, started_at = excluded.started_at, \
               ended_at = excluded.ended_at, body = excluded.body, failed = excluded.failed, \
               created = excluded.created, updated = excluded.updated, deleted = excluded.deleted, \
               members = excluded.members, work = excluded.work";
    let count = |names: &[&str]| -> u64 {
        let each = record.counts.values().flatten();
        each.filter(|(name, _)| names.contains(&name.as_str())).map(|(_, count)| *count).sum()
    };
    let failed = matches!(
        record.result,
        RunResult::StoppedDeletionThresholdExceeded | RunResult::StoppedImport | RunResult::StoppedExport
    );
    let numbers = [
        u64::from(failed),
        count(&["created", "matched"]),
        count(&["updated"]),
        count(&["deleted"]),
        record.members_added.saturating_add(record.members_removed),
        record.steps.iter().map(|step| step.millis).sum(),
    ];
    let mut params: Vec<Value> = vec![
        record.id.0.as_bytes().to_vec().into(),
        client.0.as_bytes().to_vec().into(),
        micros(record.started_at).into(),
        micros(record.ended_at).into(),
        to_json(record)?.into(),
    ];
    params.extend(numbers.map(|number| Value::from(i64::try_from(number).unwrap_or(i64::MAX))));
    run(connection, sql, &params)
}

/// What runs did that ended within the time asked for, by parts of it in order; parts without a run are left out.
pub(super) fn activity(connection: Connection<'_>, query: &ActivityQuery) -> Result<Vec<Activity>> {
    let step = i64::from(query.step_seconds.max(1)).saturating_mul(1_000_000);
    let from = micros(query.from);
    let to = from.saturating_add(step.saturating_mul(i64::from(query.parts)));
    // PostgreSQL sums bigint to numeric.
    let sql = "SELECT CAST((ended_at - ?1) / ?2 AS bigint), count(*), CAST(sum(failed) AS bigint), \
               CAST(sum(created) AS bigint), CAST(sum(updated) AS bigint), CAST(sum(deleted) AS bigint), \
               CAST(sum(members) AS bigint), CAST(sum(work) AS bigint), max(work) \
               FROM run WHERE ended_at >= ?1 AND ended_at < ?3 GROUP BY 1 ORDER BY 1";
    all(connection, sql, (from, step, to), |row| {
        let number = |column: usize| -> Result<u64> {
            u64::try_from(row.get::<i64>(column)?).map_err(|_| Fault::corrupt("a run's numbers"))
        };
        Ok(Activity {
            part: u32::try_from(row.get::<i64>(0)?).map_err(|_| Fault::corrupt("a run's time"))?,
            runs: number(1)?,
            failed: number(2)?,
            created: number(3)?,
            updated: number(4)?,
            deleted: number(5)?,
            members: number(6)?,
            work_millis: number(7)?,
            longest_millis: number(8)?,
        })
    })
}
