//! Comparing with what the target holds: after the state was lost, or an export ended without an answer.

use super::{count, counter, held_counter, kind_code, kind_of, members, reason_code, record};
use crate::sqlite::SqliteError;
use lockstep_model::Fingerprint;
use lockstep_model::plan::DeleteReason;
use lockstep_sync::state::InventoryRow;
use lockstep_sync::{CsId, codec};
use rusqlite::{Connection, OptionalExtension};

pub(super) fn take(db: &Connection, rows: Vec<InventoryRow>) -> Result<Vec<CsId>, SqliteError> {
    let first = counter(db, "next_id")?;
    let mut next = first;
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        let known: Option<i64> = db
            .prepare_cached("SELECT id FROM cs WHERE anchor = ?1")?
            .query_row([row.anchor.as_str()], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                let id = next;
                next += 1;
                db.prepare_cached(
                    "INSERT INTO cs (id, kind, gone, anchor, raw) VALUES (?1, 0, ?2, ?3, x'')",
                )?
                .execute((
                    id,
                    reason_code(DeleteReason::MissingFromFullRead),
                    row.anchor.as_str(),
                ))?;
                id
            }
        };
        if !is_confirmed(db, id, &row)? {
            confirm(db, id, &row)?;
        }
        ids.push(CsId(id));
    }
    count(db, "next_id", next - first)?;
    Ok(ids)
}

/// Whether the state says of the object what the target says.
fn is_confirmed(db: &Connection, id: i64, row: &InventoryRow) -> Result<bool, SqliteError> {
    let held = db
        .prepare_cached(
            "SELECT kind, fingerprint, members, members_fp, members_n FROM confirmed WHERE id = ?1",
        )?
        .query_row([id], |held| {
            Ok((
                held.get::<_, i64>(0)?,
                Fingerprint(held.get(1)?),
                held.get::<_, Option<Vec<u8>>>(2)?,
                held.get::<_, Option<[u8; 16]>>(3)?,
                held.get::<_, Option<i64>>(4)?.is_some(),
            ))
        })
        .optional()?;
    let Some((kind, fingerprint, members, members_fp, large)) = held else { return Ok(false) };
    if kind_of(kind) != Some(row.kind) || fingerprint != row.fingerprint {
        return Ok(false);
    }
    let Some(theirs) = row.members else { return Ok(true) };
    let ours = match (members, members_fp) {
        (Some(raw), _) => {
            let ids = codec::decode_ids(&raw).ok_or_else(|| SqliteError::corrupt("a set of members"))?;
            fingerprint_of(db, &ids)?
        }
        (None, Some(fingerprint)) => Fingerprint(fingerprint),
        (None, None) if large => fingerprint_of(db, &members::confirmed(db, id)?)?,
        (None, None) => Fingerprint::of_members([]),
    };
    Ok(ours == theirs)
}

fn fingerprint_of(db: &Connection, ids: &[CsId]) -> Result<Fingerprint, SqliteError> {
    let mut anchors = Vec::with_capacity(ids.len());
    for anchor in super::ask::anchors(db, ids)?.into_iter().flatten() {
        anchors.push(anchor);
    }
    anchors.sort_unstable();
    Ok(Fingerprint::of_members(anchors.iter().map(|anchor| anchor.as_str())))
}

fn confirm(db: &Connection, id: i64, row: &InventoryRow) -> Result<(), SqliteError> {
    let before: Option<i64> = db
        .prepare_cached("DELETE FROM confirmed WHERE id = ?1 RETURNING kind")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    if let Some(kind) = before.and_then(kind_of) {
        count(db, held_counter(kind), -1)?;
        members::forget(db, id)?;
    }
    // raw is empty: the words behind the fingerprint are not known.
    db.prepare_cached(
        "INSERT INTO confirmed (id, kind, fingerprint, name, members_fp, raw) VALUES (?1, ?2, ?3, ?4, ?5, x'')",
    )?
    .execute((id, kind_code(Some(row.kind)), row.fingerprint.0, &row.name, row.members.map(|m| m.0)))?;
    count(db, held_counter(row.kind), 1)?;
    db.prepare_cached("INSERT OR IGNORE INTO pending (id, approved) VALUES (?1, 0)")?.execute([id])?;
    Ok(())
}

pub(super) fn confirmed_ids(
    db: &Connection,
    CsId(after): CsId,
    limit: usize,
) -> Result<Vec<CsId>, SqliteError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached("SELECT id FROM confirmed WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let rows = statement.query_map((after, limit), |row| Ok(CsId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn forget(db: &Connection, ids: &[CsId]) -> Result<(), SqliteError> {
    for CsId(id) in ids {
        let kind: Option<i64> = db
            .prepare_cached("DELETE FROM confirmed WHERE id = ?1 RETURNING kind")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        if let Some(kind) = kind.and_then(kind_of) {
            count(db, held_counter(kind), -1)?;
            members::forget(db, *id)?;
        }
        if db.prepare_cached("SELECT 1 FROM cs WHERE id = ?1 AND gone <> 0")?.exists([id])? {
            record::end_errors(db, *id)?;
        }
        let gone = db.prepare_cached("DELETE FROM cs WHERE id = ?1 AND gone <> 0")?.execute([id])? > 0;
        if gone {
            db.prepare_cached("DELETE FROM pending WHERE id = ?1")?.execute([id])?;
        } else {
            db.prepare_cached(
                "INSERT OR IGNORE INTO pending (id, approved) SELECT id, 0 FROM cs WHERE id = ?1 AND kind <> 0",
            )?
            .execute([id])?;
        }
    }
    Ok(())
}
