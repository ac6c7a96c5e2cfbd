//! What is due and who is at it: see `lockstep_tenant::upkeep`. A row a task.

use super::rows::{Result, all, first, micros, run, run_counted};
use crate::sql::Connection;
use jiff::SignedDuration;
use lockstep_model::Timestamp;
use lockstep_tenant::upkeep::{EVERY, PAUSE, TERM, Task};

/// Letters of an error that are kept.
const MOST_TEXT: usize = 500;

fn after(now: Timestamp, pause: SignedDuration) -> i64 {
    now.checked_add(pause).map_or(i64::MAX, micros)
}

/// The tasks that nobody said are due, and that were not done for an hour.
pub(super) fn overdue(connection: Connection<'_>, now: Timestamp) -> Result<Vec<Task>> {
    let rows = all(connection, "SELECT kind, due_at, ended_at FROM job", (), |row| {
        Ok((row.get::<String>(0)?, row.get::<Option<i64>>(1)?, row.get::<Option<i64>>(2)?))
    })?;
    // Clocks of servers differ by a little; one that was far ahead must not put it off for as long as it was.
    let hour = now.checked_sub(EVERY).map_or(i64::MIN, micros) + 1..=after(now, EVERY);
    let rests = |task: &Task| {
        rows.iter().any(|(kind, due, ended)| {
            kind == task.name() && (due.is_some() || ended.is_some_and(|ended| hour.contains(&ended)))
        })
    };
    Ok(Task::ALL.into_iter().filter(|task| !rests(task)).collect())
}

/// Says that what [`overdue`] names is due.
pub(super) fn plan(connection: Connection<'_>, now: Timestamp) -> Result<()> {
    for task in overdue(connection, now)? {
        let sql = "INSERT INTO job (kind, due_at) VALUES (?1, ?2) ON CONFLICT (kind) \
                   DO UPDATE SET due_at = excluded.due_at, attempts = 0, last_error = NULL";
        run(connection, sql, (task.name(), micros(now)))?;
    }
    Ok(())
}

const FREE: &str = "due_at <= ?1 AND (taken_until IS NULL OR taken_until <= ?1)";

/// Whether there is something to take.
pub(super) fn is_due(connection: Connection<'_>, now: Timestamp) -> Result<bool> {
    let sql = format!("SELECT 1 FROM job WHERE {FREE} LIMIT 1");
    Ok(first(connection, &sql, [micros(now)], |_| Ok(()))?.is_some())
}

/// Takes what is due longest and nobody is at.
pub(super) fn take(connection: Connection<'_>, who: &str, now: Timestamp) -> Result<Option<Task>> {
    let skip = connection.dialect().skip_locked();
    // Another version of Lockstep may know more of them.
    let known = Task::ALL.map(|task| format!("'{}'", task.name())).join(", ");
    let sql = format!(
        "SELECT kind FROM job WHERE {FREE} AND kind IN ({known}) ORDER BY due_at, kind LIMIT 1{skip}"
    );
    let found = first(connection, &sql, [micros(now)], |row| row.get::<String>(0))?;
    let Some(task) = found.as_deref().and_then(Task::from_name) else { return Ok(None) };
    let sql = "UPDATE job SET taken_by = ?2, taken_until = ?3, attempts = attempts + 1 WHERE kind = ?1";
    run_counted(connection, sql, (task.name(), who, after(now, TERM)))?;
    Ok(Some(task))
}

/// Says that one is still at it. Answers whether it is: another may have taken it.
pub(super) fn keep(connection: Connection<'_>, who: &str, task: Task, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE job SET taken_until = ?3 WHERE kind = ?1 AND taken_by = ?2";
    Ok(run_counted(connection, sql, (task.name(), who, after(now, TERM)))? > 0)
}

/// Says that one is done with it, or why not: then it is due again, a little later each time.
pub(super) fn end(
    connection: Connection<'_>,
    who: &str,
    task: Task,
    error: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let Some(error) = error else {
        let sql = "UPDATE job SET due_at = NULL, attempts = 0, taken_by = NULL, taken_until = NULL, \
                   last_error = NULL, ended_at = ?3 WHERE kind = ?1 AND taken_by = ?2";
        return run_counted(connection, sql, (task.name(), who, micros(now))).map(drop);
    };
    let attempts = "SELECT attempts FROM job WHERE kind = ?1";
    let attempts = first(connection, attempts, [task.name()], |row| row.get::<i64>(0))?.unwrap_or(1);
    let pause = PAUSE.saturating_mul(i32::try_from(attempts.clamp(1, 30)).unwrap_or(30));
    let error: String = error.chars().take(MOST_TEXT).collect();
    let sql = "UPDATE job SET due_at = ?3, taken_by = NULL, taken_until = NULL, last_error = ?4 \
               WHERE kind = ?1 AND taken_by = ?2";
    run_counted(connection, sql, (task.name(), who, after(now, pause), error)).map(drop)
}
