//! Recording what the target answered, and what follows for later tries.

use super::{count, held_counter, kind_code, kind_of, members};
use crate::sqlite::SqliteError;
use lockstep_model::{ObjectKind, SourceAnchor, Timestamp};
use lockstep_sync::CsId;
use lockstep_sync::state::{MembersOutcome, Outcome};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;

/// First pause before a refused object is tried again, seconds; doubles with each try.
const RETRY_SECONDS: i64 = 60;
/// Longest such pause, seconds.
const RETRY_AT_MOST_SECONDS: i64 = 6 * 60 * 60;

pub(super) fn record(db: &Connection, outcomes: Vec<Outcome>, now: Timestamp) -> Result<(), SqliteError> {
    let mut deleted: BTreeMap<ObjectKind, i64> = BTreeMap::new();
    let mut held: BTreeMap<ObjectKind, i64> = BTreeMap::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Written { id: CsId(id), kind, name, fingerprint, manager, settled } => {
                let manager = manager.map(|m| m.0);
                let code = kind_code(Some(kind));
                let updated = db
                    .prepare_cached(
                        "UPDATE confirmed SET kind = ?2, manager = ?3, fingerprint = ?4, name = ?5, raw = NULL
                         WHERE id = ?1",
                    )?
                    .execute((id, code, manager, fingerprint.0, &name))?;
                if updated == 0 {
                    db.prepare_cached(
                        "INSERT INTO confirmed (id, kind, manager, fingerprint, name) VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute((id, code, manager, fingerprint.0, &name))?;
                    *held.entry(kind).or_default() += 1;
                }
                if settled {
                    settle(db, id)?;
                }
            }
            Outcome::Members { id: CsId(id), members, settled } => {
                let is_whole = matches!(members, MembersOutcome::All { .. });
                members::record(db, id, members)?;
                match (is_whole, settled) {
                    (true, true) => forget_before(db, id)?,
                    // What the target was not told of its errors must not be forgotten.
                    (true, false) => members::mark_whole(db, id)?,
                    (false, _) => {}
                }
                if settled {
                    settle(db, id)?;
                }
            }
            Outcome::Told { id: CsId(id) } => {
                forget_before(db, id)?;
                members::compared(db, id)?;
                settle(db, id)?;
            }
            Outcome::Settled { id: CsId(id) } => {
                forget_before(db, id)?;
                settle(db, id)?;
            }
            Outcome::Deleted { id: CsId(id) } => {
                if let Some(kind) = forget(db, id)? {
                    *deleted.entry(kind).or_default() += 1;
                    *held.entry(kind).or_default() -= 1;
                }
            }
            Outcome::Kept { id: CsId(id) } => settle(db, id)?,
            Outcome::Refused { id: CsId(id) } => refuse(db, id, now)?,
            Outcome::Errors { id: CsId(id), has: true } => {
                db.prepare_cached("INSERT OR IGNORE INTO client_error (id) VALUES (?1)")?.execute([id])?;
            }
            Outcome::Errors { id: CsId(id), has: false } => {
                db.prepare_cached("DELETE FROM client_error WHERE id = ?1")?.execute([id])?;
            }
        }
    }
    for (kind, by) in held {
        count(db, held_counter(kind), by)?;
    }
    for (kind, n) in deleted {
        db.prepare_cached("INSERT INTO deleted (at_ms, kind, n) VALUES (?1, ?2, ?3)")?.execute((
            now.as_millisecond(),
            kind_code(Some(kind)),
            n,
        ))?;
    }
    Ok(())
}

/// The entry that was confirmed is the present one.
fn forget_before(db: &Connection, id: i64) -> Result<(), SqliteError> {
    let sql = "UPDATE confirmed SET raw = NULL WHERE id = ?1 AND raw IS NOT NULL";
    db.prepare_cached(sql)?.execute([id])?;
    Ok(())
}

fn settle(db: &Connection, id: i64) -> Result<(), SqliteError> {
    db.prepare_cached("DELETE FROM pending WHERE id = ?1")?.execute([id])?;
    db.prepare_cached("DELETE FROM refused WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The target deleted it. An entry that is there, as another kind of object or out of scope, stays.
fn forget(db: &Connection, id: i64) -> Result<Option<ObjectKind>, SqliteError> {
    let kind: Option<i64> = db
        .prepare_cached("DELETE FROM confirmed WHERE id = ?1 RETURNING kind")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    members::forget(db, id)?;
    let there = db.prepare_cached("SELECT 1 FROM cs WHERE id = ?1 AND gone = 0")?.exists([id])?;
    if !there {
        end_errors(db, id)?;
    }
    let gone = db.prepare_cached("DELETE FROM cs WHERE id = ?1 AND gone <> 0")?.execute([id])? > 0;
    let stays_pending = db.prepare_cached("SELECT 1 FROM cs WHERE id = ?1 AND kind <> 0")?.exists([id])?;
    if gone || !stays_pending {
        settle(db, id)?;
    } else {
        db.prepare_cached("UPDATE pending SET approved = 0 WHERE id = ?1")?.execute([id])?;
    }
    Ok(kind.and_then(kind_of))
}

/// What the target was told of its errors is over.
pub(super) fn end_errors(db: &Connection, id: i64) -> Result<(), SqliteError> {
    let had = db.prepare_cached("DELETE FROM client_error WHERE id = ?1")?.execute([id])? > 0;
    if had {
        let sql = "INSERT OR IGNORE INTO past_error (anchor) SELECT anchor FROM cs WHERE id = ?1";
        db.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}

/// Anchors whose errors are over, at most `limit`.
pub(super) fn past_errors(db: &Connection, limit: usize) -> Result<Vec<SourceAnchor>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT anchor FROM past_error ORDER BY anchor LIMIT ?1")?;
    let rows =
        statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get::<_, String>(0))?;
    rows.map(|anchor| super::anchor_of(anchor?)).collect()
}

/// The target knows that.
pub(super) fn told_past(db: &Connection, anchors: &[SourceAnchor]) -> Result<(), SqliteError> {
    let mut statement = db.prepare_cached("DELETE FROM past_error WHERE anchor = ?1")?;
    for anchor in anchors {
        statement.execute([anchor.as_str()])?;
    }
    Ok(())
}

fn refuse(db: &Connection, id: i64, now: Timestamp) -> Result<(), SqliteError> {
    db.prepare_cached("DELETE FROM pending WHERE id = ?1")?.execute([id])?;
    let attempts: i64 = db
        .prepare_cached("SELECT attempts FROM refused WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let pause = RETRY_SECONDS.saturating_mul(1 << attempts.clamp(0, 20)).min(RETRY_AT_MOST_SECONDS);
    let due = now.as_millisecond().saturating_add(pause * 1_000);
    db.prepare_cached("INSERT OR REPLACE INTO refused (id, attempts, due_ms) VALUES (?1, ?2, ?3)")?
        .execute((id, attempts + 1, due))?;
    Ok(())
}

pub(super) fn approve_deletions(db: &Connection) -> Result<(), SqliteError> {
    db.prepare_cached(
        "UPDATE pending SET approved = 1 WHERE id IN (
             SELECT p.id FROM pending p CROSS JOIN confirmed c ON c.id = p.id JOIN cs ON cs.id = p.id
             WHERE cs.gone <> 0 OR cs.kind <> c.kind)",
    )?
    .execute([])?;
    Ok(())
}

pub(super) fn deleted_since(
    db: &Connection,
    since: Timestamp,
) -> Result<BTreeMap<ObjectKind, u64>, SqliteError> {
    db.prepare_cached("DELETE FROM deleted WHERE at_ms < ?1")?.execute([since.as_millisecond()])?;
    let mut statement = db.prepare_cached("SELECT kind, sum(n) FROM deleted GROUP BY kind")?;
    let mut rows = statement.query([])?;
    let mut answer = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if let Some(kind) = kind_of(row.get(0)?) {
            answer.insert(kind, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0));
        }
    }
    Ok(answer)
}

/// One that no rule takes in and that the target does not hold has nothing to be done with. A large group is compared
/// whole: whoever asks wants to know.
pub(super) fn take_up(db: &Connection, CsId(id): CsId) -> Result<(), SqliteError> {
    members::mark_whole(db, id)?;
    db.prepare_cached(
        "INSERT OR IGNORE INTO pending (id, approved)
         SELECT cs.id, 0 FROM cs LEFT JOIN confirmed c ON c.id = cs.id
         WHERE cs.id = ?1 AND (c.id IS NOT NULL OR (cs.kind <> 0 AND cs.gone = 0))",
    )?
    .execute([id])?;
    db.prepare_cached("DELETE FROM refused WHERE id = ?1")?.execute([id])?;
    Ok(())
}

pub(super) fn retry_refused(
    db: &Connection,
    now: Option<Timestamp>,
) -> Result<Option<Timestamp>, SqliteError> {
    let due = now.map_or(i64::MAX, |now| now.as_millisecond());
    let taken = db
        .prepare_cached(
            "INSERT OR IGNORE INTO pending (id, approved) SELECT id, 0 FROM refused WHERE due_ms <= ?1",
        )?
        .execute([due])?;
    if taken > 0 {
        db.prepare_cached("UPDATE refused SET due_ms = NULL WHERE due_ms <= ?1")?.execute([due])?;
    }
    let next: Option<i64> =
        db.prepare_cached("SELECT min(due_ms) FROM refused")?.query_row([], |row| row.get(0))?;
    Ok(next.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
}
