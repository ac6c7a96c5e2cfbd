//! Questions about the state.

use super::members::{self, BY_MEMBER};
use super::{anchor_of, counter, kind_code, kind_of, large, reason_of};
use crate::sqlite::SqliteError;
use lockstep_model::plan::DeleteReason;
use lockstep_model::provisioning::PendingCounts;
use lockstep_model::{Fingerprint, ObjectKind, SourceAnchor, Timestamp};
use lockstep_sync::codec;
use lockstep_sync::state::{
    ConfirmedMembers, ConfirmedRow, ContainerRow, Counts, DeletionRow, Held, Meta, ObjectRow, Stage,
    Standing, Target,
};
use lockstep_sync::{CsId, KeyHash};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;

/// Bytes after which a page of rows ends, whatever its limit.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn meta(db: &Connection) -> Result<Meta, SqliteError> {
    let json: Option<String> =
        db.prepare_cached("SELECT json FROM meta")?.query_row([], |row| row.get(0)).optional()?;
    json.map_or(Ok(Meta::default()), |json| {
        serde_json::from_str(&json).map_err(|_| SqliteError::corrupt("the client's facts"))
    })
}

pub(super) fn counts(db: &Connection) -> Result<Counts, SqliteError> {
    let number = |name| counter(db, name).map(|n| u64::try_from(n).unwrap_or(0));
    let table = |sql: &str| -> Result<u64, SqliteError> {
        let n: i64 = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(n).unwrap_or(0))
    };
    Ok(Counts {
        entries: number("entries")?,
        held: BTreeMap::from([
            (ObjectKind::User, number("held_user")?),
            (ObjectKind::Group, number("held_group")?),
        ]),
        pending: table("SELECT count(*) FROM pending")?,
        past_errors: table("SELECT count(*) FROM past_error")?,
        refused: table("SELECT count(*) FROM refused WHERE due_ms IS NOT NULL")?,
    })
}

/// A row of `id, kind, gone, anchor, raw`.
fn held(db: &Connection, row: &Row<'_>) -> Result<Held, SqliteError> {
    Ok(Held {
        id: CsId(row.get(0)?),
        kind: kind_of(row.get(1)?),
        gone: reason_of(row.get(2)?),
        anchor: anchor_of(row.get(3)?)?,
        raw: large::whole(db, row.get(4)?)?,
    })
}

/// Entries until they are large.
fn page(db: &Connection, rows: &mut rusqlite::Rows<'_>) -> Result<Vec<Held>, SqliteError> {
    let (mut answer, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let entry = held(db, row)?;
        bytes += entry.raw.len();
        answer.push(entry);
    }
    Ok(answer)
}

pub(super) fn lookup(db: &Connection, anchors: Vec<SourceAnchor>) -> Result<Vec<Option<Held>>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT id, kind, gone, anchor, raw FROM cs WHERE anchor = ?1")?;
    let mut answer = Vec::with_capacity(anchors.len());
    for anchor in anchors {
        let mut rows = statement.query([anchor.as_str()])?;
        answer.push(rows.next()?.map(|row| held(db, row)).transpose()?);
    }
    Ok(answer)
}

pub(super) fn find(
    db: &Connection,
    anchors: &[SourceAnchor],
) -> Result<Vec<Option<(CsId, bool)>>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT id, gone FROM cs WHERE anchor = ?1")?;
    let mut answer = Vec::with_capacity(anchors.len());
    for anchor in anchors {
        let row = statement
            .query_row([anchor.as_str()], |row| Ok((CsId(row.get(0)?), row.get::<_, i64>(1)? != 0)))
            .optional()?;
        answer.push(row);
    }
    Ok(answer)
}

pub(super) fn present_ids(
    db: &Connection,
    CsId(after): CsId,
    limit: usize,
) -> Result<Vec<CsId>, SqliteError> {
    let mut statement =
        db.prepare_cached("SELECT id FROM cs WHERE id > ?1 AND gone = 0 ORDER BY id LIMIT ?2")?;
    let rows = statement.query_map((after, sql_limit(limit)), |row| Ok(CsId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn entries(db: &Connection, ids: &[CsId]) -> Result<Vec<Held>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT id, kind, gone, anchor, raw FROM cs WHERE id = ?1")?;
    let mut answer = Vec::with_capacity(ids.len());
    for CsId(id) in ids {
        let mut rows = statement.query([id])?;
        if let Some(row) = rows.next()? {
            answer.push(held(db, row)?);
        }
    }
    Ok(answer)
}

pub(super) fn scan(db: &Connection, CsId(after): CsId, limit: usize) -> Result<Vec<Held>, SqliteError> {
    let mut statement = db.prepare_cached(
        "SELECT id, kind, gone, anchor, raw FROM cs WHERE id > ?1 AND gone = 0 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query((after, sql_limit(limit)))?;
    page(db, &mut rows)
}

pub(super) fn unsettled(db: &Connection, limit: usize) -> Result<Vec<Held>, SqliteError> {
    // One whose entry is forgotten has nothing to be evaluated.
    db.prepare_cached("DELETE FROM unsettled WHERE id NOT IN (SELECT id FROM cs)")?.execute([])?;
    let mut statement = db.prepare_cached(
        "SELECT cs.id, cs.kind, cs.gone, cs.anchor, cs.raw
         FROM unsettled u CROSS JOIN cs ON cs.id = u.id ORDER BY u.id LIMIT ?1",
    )?;
    let mut rows = statement.query([sql_limit(limit)])?;
    page(db, &mut rows)
}

/// Numbers that a statement gives for each of these names.
fn numbers_of(
    db: &Connection,
    sql: &str,
    names: &[KeyHash],
    limit: usize,
) -> Result<Vec<Vec<CsId>>, SqliteError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut answer = Vec::with_capacity(names.len());
    for KeyHash(hash) in names {
        let rows = statement.query_map((hash, sql_limit(limit)), |row| Ok(CsId(row.get(0)?)))?;
        answer.push(rows.collect::<Result<_, _>>()?);
    }
    Ok(answer)
}

pub(super) fn bearers(
    db: &Connection,
    names: &[KeyHash],
    limit: usize,
) -> Result<Vec<Vec<CsId>>, SqliteError> {
    numbers_of(db, "SELECT id FROM key WHERE hash = ?1 ORDER BY id LIMIT ?2", names, limit)
}

pub(super) fn referrers(
    db: &Connection,
    names: &[KeyHash],
    limit: usize,
) -> Result<Vec<Vec<CsId>>, SqliteError> {
    numbers_of(db, "SELECT id FROM reference WHERE hash = ?1 ORDER BY id LIMIT ?2", names, limit)
}

pub(super) fn roots(db: &Connection, ids: &[CsId]) -> Result<Vec<Option<CsId>>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT root FROM joined WHERE id = ?1")?;
    ids.iter()
        .map(|CsId(id)| Ok(statement.query_row([id], |row| Ok(CsId(row.get(0)?))).optional()?))
        .collect()
}

pub(super) fn joined(db: &Connection, ids: &[CsId]) -> Result<Vec<Vec<Held>>, SqliteError> {
    let mut statement = db.prepare_cached(
        "SELECT cs.id, cs.kind, cs.gone, cs.anchor, cs.raw
         FROM joined j JOIN cs ON cs.id = j.id WHERE j.root = ?1 ORDER BY cs.anchor",
    )?;
    let mut answer = Vec::with_capacity(ids.len());
    for CsId(id) in ids {
        let mut rows = statement.query([id])?;
        let mut list = Vec::new();
        while let Some(row) = rows.next()? {
            list.push(held(db, row)?);
        }
        answer.push(list);
    }
    Ok(answer)
}

pub(super) fn containers(db: &Connection, dns: &[KeyHash]) -> Result<Vec<Option<ContainerRow>>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT dn, children, vanished FROM container WHERE hash = ?1")?;
    let mut answer = Vec::with_capacity(dns.len());
    for KeyHash(hash) in dns {
        let row = statement
            .query_row([hash], |row| {
                Ok(ContainerRow {
                    dn: row.get(0)?,
                    children: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
                    vanished: row.get::<_, i64>(2)? != 0,
                })
            })
            .optional()?;
        answer.push(row);
    }
    Ok(answer)
}

pub(super) fn pending(
    db: &Connection,
    stage: Stage,
    CsId(after): CsId,
    limit: usize,
) -> Result<Vec<ObjectRow>, SqliteError> {
    let (kind, known) = match stage {
        Stage::Users => (ObjectKind::User, false),
        Stage::Groups | Stage::WholeGroups => (ObjectKind::Group, false),
        Stage::KnownUsers => (ObjectKind::User, true),
        Stage::KnownGroups | Stage::KnownWholeGroups => (ObjectKind::Group, true),
    };
    let and = match stage {
        Stage::WholeGroups | Stage::KnownWholeGroups => format!("AND NOT {BY_MEMBER}"),
        _ => String::new(),
    };
    // CROSS JOIN keeps the order of the tables: the pending ones lead.
    let mut statement = db.prepare_cached(&format!(
        "SELECT p.id, cs.anchor, cs.raw, e.id IS NOT NULL,
                c.kind, c.name, c.fingerprint, c.manager, c.members, c.members_fp, c.raw, c.members_n
         FROM pending p CROSS JOIN cs ON cs.id = p.id
              LEFT JOIN confirmed c ON c.id = p.id LEFT JOIN client_error e ON e.id = p.id
         WHERE p.id > ?1 AND cs.kind = ?2 AND cs.gone = 0 AND (c.kind = ?2 OR (c.id IS NULL AND NOT ?4)) {and}
         ORDER BY p.id LIMIT ?3"
    ))?;
    let mut rows = statement.query((after, kind_code(Some(kind)), sql_limit(limit), known))?;
    let (mut answer, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let raw = large::whole(db, row.get(2)?)?;
        bytes += raw.len();
        answer.push(ObjectRow {
            id: CsId(row.get(0)?),
            anchor: anchor_of(row.get(1)?)?,
            raw,
            had_errors: row.get(3)?,
            confirmed: confirmed(db, row, 11)?,
        });
    }
    Ok(answer)
}

pub(super) fn standing(db: &Connection, CsId(id): CsId) -> Result<Option<Standing>, SqliteError> {
    let mut statement = db.prepare_cached(
        "SELECT cs.id, cs.anchor, cs.raw, e.id IS NOT NULL,
                c.kind, c.name, c.fingerprint, c.manager, c.members, c.members_fp, c.raw,
                p.id IS NOT NULL, r.due_ms, c.members_n
         FROM cs LEFT JOIN confirmed c ON c.id = cs.id LEFT JOIN client_error e ON e.id = cs.id
              LEFT JOIN pending p ON p.id = cs.id LEFT JOIN refused r ON r.id = cs.id
         WHERE cs.id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let due: Option<i64> = row.get(12)?;
    Ok(Some(Standing {
        row: ObjectRow {
            id: CsId(row.get(0)?),
            anchor: anchor_of(row.get(1)?)?,
            raw: large::whole(db, row.get(2)?)?,
            had_errors: row.get(3)?,
            confirmed: confirmed(db, row, 13)?,
        },
        pending: row.get(11)?,
        due: due.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
    }))
}

/// Columns 4 to 10 of [`pending`]; `large`: the column that says whether the members have a table.
fn confirmed(db: &Connection, row: &Row<'_>, large: usize) -> Result<Option<ConfirmedRow>, SqliteError> {
    let Some(kind) = row.get::<_, Option<i64>>(4)?.and_then(kind_of) else {
        return Ok(None);
    };
    let members = match (row.get::<_, Option<Vec<u8>>>(8)?, row.get::<_, Option<[u8; 16]>>(9)?) {
        (Some(raw), _) => ConfirmedMembers::Known(
            codec::decode_ids(&raw).ok_or_else(|| SqliteError::corrupt("a set of members"))?,
        ),
        (None, Some(fingerprint)) => ConfirmedMembers::Fingerprint(Fingerprint(fingerprint)),
        (None, None) if row.get::<_, Option<i64>>(large)?.is_some() => {
            ConfirmedMembers::Known(members::confirmed(db, row.get(0)?)?)
        }
        (None, None) => ConfirmedMembers::Empty,
    };
    Ok(Some(ConfirmedRow {
        kind,
        name: row.get(5)?,
        fingerprint: Fingerprint(row.get(6)?),
        manager: row.get::<_, Option<i64>>(7)?.map(CsId),
        members,
        raw: row.get(10)?,
    }))
}

pub(super) fn deletions(
    db: &Connection,
    CsId(after): CsId,
    limit: usize,
) -> Result<Vec<DeletionRow>, SqliteError> {
    let mut statement = db.prepare_cached(
        "SELECT p.id, cs.anchor, c.kind, c.name, cs.gone, cs.raw, p.approved, cs.gone = 0 AND cs.kind = 0,
                EXISTS (SELECT 1 FROM joined j WHERE j.id = p.id)
         FROM pending p CROSS JOIN confirmed c ON c.id = p.id JOIN cs ON cs.id = p.id
         WHERE p.id > ?1 AND (cs.gone <> 0 OR cs.kind <> c.kind) ORDER BY p.id LIMIT ?2",
    )?;
    let mut rows = statement.query((after, sql_limit(limit)))?;
    let mut answer = Vec::new();
    while let Some(row) = rows.next()? {
        let raw = large::whole(db, row.get(5)?)?;
        let gone = reason_of(row.get(4)?);
        // One that is gone has left whom it was joined to.
        let joined = gone.is_none() && row.get(8)?;
        answer.push(DeletionRow {
            id: CsId(row.get(0)?),
            anchor: anchor_of(row.get(1)?)?,
            kind: kind_of(row.get(2)?).ok_or_else(|| SqliteError::corrupt("a kind"))?,
            name: row.get(3)?,
            reason: match gone {
                Some(reason) => reason,
                None if joined => DeleteReason::Joined,
                None => DeleteReason::LeftScope,
            },
            dn: codec::dn_of(&raw).map(str::to_owned),
            approved: row.get::<_, i64>(6)? != 0,
            remains: !joined && row.get::<_, bool>(7)?,
        });
    }
    Ok(answer)
}

pub(super) fn resolve(db: &Connection, names: &[KeyHash]) -> Result<Vec<Option<Target>>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT id, kind FROM key WHERE hash = ?1")?;
    let mut answer = vec![None; names.len()];
    // In the order of the index: neighbours share pages.
    let mut order: Vec<(i64, usize)> = names.iter().enumerate().map(|(at, name)| (name.0, at)).collect();
    order.sort_unstable();
    for (hash, at) in order {
        let mut rows = statement.query([hash])?;
        let mut found: Vec<Target> = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Target { id: CsId(row.get(0)?), kind: kind_of(row.get(1)?) });
        }
        drop(rows);
        for target in found.iter_mut().filter(|target| target.kind.is_none()) {
            if let Some(root) = root_of(db, target.id)? {
                *target = root;
            }
        }
        let chosen = match found.as_slice() {
            [] => None,
            [only] => Some(*only),
            several => lowest_anchor(db, several)?,
        };
        if let Some(slot) = answer.get_mut(at) {
            *slot = chosen;
        }
    }
    Ok(answer)
}

/// The object that an entry is joined to: who refers to the one means the other.
fn root_of(db: &Connection, CsId(id): CsId) -> Result<Option<Target>, SqliteError> {
    let mut statement = db.prepare_cached(
        "SELECT cs.id, cs.kind FROM joined j JOIN cs ON cs.id = j.root WHERE j.id = ?1 AND cs.gone = 0",
    )?;
    let target = |row: &Row<'_>| Ok(Target { id: CsId(row.get(0)?), kind: kind_of(row.get(1)?) });
    Ok(statement.query_row([id], target).optional()?)
}

/// Objects in scope before others; of those the one whose anchor is lowest, so that a rebuilt state chooses the
/// same.
fn lowest_anchor(db: &Connection, several: &[Target]) -> Result<Option<Target>, SqliteError> {
    let mut best: Option<(bool, String, Target)> = None;
    for target in several {
        let anchor: Option<String> = db
            .prepare_cached("SELECT anchor FROM cs WHERE id = ?1")?
            .query_row([target.id.0], |row| row.get(0))
            .optional()?;
        let Some(anchor) = anchor else { continue };
        let candidate = (target.kind.is_none(), anchor, *target);
        let better = best.as_ref().is_none_or(|b| (candidate.0, &candidate.1) < (b.0, &b.1));
        if better {
            best = Some(candidate);
        }
    }
    Ok(best.map(|(_, _, target)| target))
}

pub(super) fn anchors(db: &Connection, ids: &[CsId]) -> Result<Vec<Option<SourceAnchor>>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT anchor FROM cs WHERE id = ?1")?;
    let mut answer = Vec::with_capacity(ids.len());
    for CsId(id) in ids {
        let anchor: Option<String> = statement.query_row([id], |row| row.get(0)).optional()?;
        answer.push(anchor.map(anchor_of).transpose()?);
    }
    Ok(answer)
}

pub(super) fn pending_counts(db: &Connection) -> Result<PendingCounts, SqliteError> {
    let mut statement = db.prepare_cached(
        "SELECT count(*) FILTER (WHERE c.id IS NULL AND cs.gone = 0 AND cs.kind <> 0),
                count(*) FILTER (WHERE c.id IS NOT NULL AND cs.gone = 0 AND cs.kind = c.kind),
                count(*) FILTER (WHERE c.id IS NOT NULL AND (cs.gone <> 0 OR cs.kind <> c.kind))
         FROM pending p CROSS JOIN cs ON cs.id = p.id LEFT JOIN confirmed c ON c.id = p.id",
    )?;
    let number = |row: &Row<'_>, at| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
    Ok(statement.query_row([], |row| {
        Ok(PendingCounts { additions: number(row, 0)?, updates: number(row, 1)?, deletions: number(row, 2)? })
    })?)
}

pub(super) fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
