//! History that goes: by age, and by the room it takes.

use crate::sql::Connection;
use crate::tenant::rows::{Result, all, first, micros, run, run_counted};
use lockstep_model::Timestamp;

/// Rows that one transaction removes: other writers wait no longer than for these.
const ROWS: i64 = 5_000;
/// Batches looked at in one transaction.
const BATCHES: i64 = 500;
/// Free pages that one transaction gives back to the file system.
const PAGES: i64 = 2_000;

/// Removes a part of what is to go; answers how many rows, and whether there is more.
pub(in crate::tenant) fn purge_some(
    connection: Connection<'_>,
    before: Timestamp,
    most_bytes: u64,
) -> Result<(u64, bool)> {
    let limit = micros(before);
    let sql = "DELETE FROM run WHERE id IN (SELECT id FROM run WHERE ended_at < ?1 LIMIT ?2)";
    let runs = i64::try_from(run_counted(connection, sql, (limit, ROWS))?).unwrap_or(ROWS);
    let mut removed = runs;
    let most = i64::try_from(most_bytes).unwrap_or(i64::MAX);
    let sql = "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM history_batch";
    let mut bytes: i64 = first(connection, sql, (), |row| row.get(0))?.unwrap_or(0);
    let sql = "SELECT first, last, at, bytes FROM history_batch ORDER BY first LIMIT ?1";
    let batches = all(connection, sql, [BATCHES], |row| {
        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?, row.get::<i64>(3)?))
    })?;
    let whole = i64::try_from(batches.len()).unwrap_or(BATCHES) < BATCHES;
    let mut done = true;
    for (start, end, at, size) in batches {
        if at >= limit && bytes <= most {
            break;
        }
        if removed >= ROWS {
            done = false;
            break;
        }
        let rows = run_counted(connection, "DELETE FROM history WHERE hid BETWEEN ?1 AND ?2", (start, end))?;
        run(connection, "DELETE FROM history_batch WHERE first = ?1", [start])?;
        removed += i64::try_from(rows).unwrap_or(ROWS);
        bytes -= size;
    }
    let sql = "DELETE FROM history_object WHERE n IN (SELECT o.n FROM history_object o WHERE NOT EXISTS \
               (SELECT 1 FROM history h WHERE h.oid = -o.n) LIMIT ?1)";
    run(connection, sql, [ROWS])?;
    if removed > 0 {
        shrink(connection)?;
    }
    let more = removed > 0 && (!done || !whole || runs >= ROWS);
    Ok((u64::try_from(removed).unwrap_or(0), more))
}

/// Gives free pages back. A file that was made before it could shrink keeps them for what comes; PostgreSQL vacuums by
/// itself.
fn shrink(connection: Connection<'_>) -> Result<()> {
    let Connection::Sqlite(connection) = connection else { return Ok(()) };
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
