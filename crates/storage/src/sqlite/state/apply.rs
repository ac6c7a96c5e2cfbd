//! Storing what was read.

use super::members::{self, Marks};
use super::{count, counter, kind_code, large, load, reason_code, record};
use crate::sqlite::SqliteError;
use lockstep_sync::state::{Batch, IndexChange, Meta, Removal, Renamed, Upsert};
use lockstep_sync::{CsId, KeyHash};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, BTreeSet};

/// Index rows of a batch, gathered so that each table is written in its own order: neighbours share pages.
#[derive(Default)]
struct Rows {
    keys_removed: Vec<(i64, i64)>,
    keys_added: Vec<(i64, i64, i64)>,
    references_removed: Vec<(i64, i64)>,
    references_added: Vec<(i64, i64)>,
    members: Marks,
    unsettles: BTreeSet<i64>,
    /// Children that came or went, and the DN where one came.
    containers: BTreeMap<i64, (i64, Option<String>)>,
    shown: BTreeSet<i64>,
    vanished: BTreeSet<i64>,
}

impl Rows {
    fn take(&mut self, CsId(id): CsId, kind: i64, index: IndexChange, is_removal: bool) {
        for KeyHash(hash) in index.keys_removed {
            self.keys_removed.push((hash, id));
            self.members.bore.entry(hash).or_default().push(id);
        }
        self.keys_added.extend(index.keys_added.iter().map(|k| (k.0, id, kind)));
        self.references_removed.extend(index.references_removed.iter().map(|k| (k.0, id)));
        self.references_added.extend(index.references_added.iter().map(|k| (k.0, id)));
        self.members.touched.extend(index.touched.iter().map(|k| k.0));
        self.unsettles.extend(index.unsettles.iter().map(|k| k.0));
        if let Some(left) = index.left {
            self.containers.entry(left.0).or_default().0 -= 1;
        }
        if let Some((joined, dn)) = index.joined {
            let row = self.containers.entry(joined.0).or_default();
            row.0 += 1;
            row.1 = Some(dn);
        }
        if let Some(own) = index.own {
            if is_removal { &mut self.vanished } else { &mut self.shown }.insert(own.0);
        }
    }

    /// Appends the rows of a first load.
    fn append(&mut self, db: &Connection) -> Result<(), SqliteError> {
        let mut statement = db.prepare_cached("INSERT INTO load_key (hash, id, kind) VALUES (?1, ?2, ?3)")?;
        for row in self.keys_added.drain(..) {
            statement.execute(row)?;
        }
        let mut statement = db.prepare_cached("INSERT INTO load_reference (hash, id) VALUES (?1, ?2)")?;
        for row in self.references_added.drain(..) {
            statement.execute(row)?;
        }
        Ok(())
    }

    fn write(mut self, db: &Connection) -> Result<(), SqliteError> {
        self.keys_removed.sort_unstable();
        let mut statement = db.prepare_cached("DELETE FROM key WHERE hash = ?1 AND id = ?2")?;
        for row in &self.keys_removed {
            statement.execute(*row)?;
        }
        self.keys_added.sort_unstable();
        let mut statement =
            db.prepare_cached("INSERT OR REPLACE INTO key (hash, id, kind) VALUES (?1, ?2, ?3)")?;
        for row in &self.keys_added {
            statement.execute(*row)?;
        }
        self.references_removed.sort_unstable();
        let mut statement = db.prepare_cached("DELETE FROM reference WHERE hash = ?1 AND id = ?2")?;
        for row in &self.references_removed {
            statement.execute(*row)?;
        }
        self.references_added.sort_unstable();
        let mut statement =
            db.prepare_cached("INSERT OR IGNORE INTO reference (hash, id) VALUES (?1, ?2)")?;
        for row in &self.references_added {
            statement.execute(*row)?;
        }
        let mut statement = db.prepare_cached(
            "INSERT INTO container (hash, children, vanished, dn) VALUES (?1, ?2, 0, ?3)
             ON CONFLICT (hash) DO UPDATE SET children = children + excluded.children, dn = excluded.dn",
        )?;
        let mut left = db.prepare_cached("UPDATE container SET children = children + ?2 WHERE hash = ?1")?;
        for (hash, (by, dn)) in &self.containers {
            match dn {
                Some(dn) => statement.execute((hash, by, dn))?,
                None => left.execute((hash, by))?,
            };
        }
        let mut statement = db.prepare_cached("UPDATE container SET vanished = ?2 WHERE hash = ?1")?;
        for hash in &self.vanished {
            statement.execute((hash, 1))?;
        }
        for hash in &self.shown {
            statement.execute((hash, 0))?;
        }
        let mut statement = db.prepare_cached(
            "INSERT OR IGNORE INTO pending (id, approved)
             SELECT r.id, 0 FROM reference r JOIN cs ON cs.id = r.id WHERE r.hash = ?1 AND cs.kind <> 0",
        )?;
        for hash in &self.members.touched {
            statement.execute([hash])?;
        }
        self.members.write(db)?;
        let mut bearers =
            db.prepare_cached("INSERT OR IGNORE INTO unsettled (id) SELECT id FROM key WHERE hash = ?1")?;
        for hash in &self.unsettles {
            bearers.execute([hash])?;
        }
        ask_again(db, self.unsettles.into_iter())
    }
}

/// Marks those who refer to these names.
fn ask_again(db: &Connection, names: impl Iterator<Item = i64>) -> Result<(), SqliteError> {
    let mut referrers =
        db.prepare_cached("INSERT OR IGNORE INTO unsettled (id) SELECT id FROM reference WHERE hash = ?1")?;
    for hash in names {
        referrers.execute([hash])?;
    }
    Ok(())
}

pub(super) fn apply(db: &Connection, batch: Batch) -> Result<Vec<CsId>, SqliteError> {
    let is_load = load::takes(db, &batch)?;
    let mut rows = Rows::default();
    let mut settled = db.prepare_cached("DELETE FROM unsettled WHERE id = ?1")?;
    for CsId(id) in batch.settled {
        settled.execute([id])?;
    }
    for (CsId(id), root) in batch.joins {
        rows.members.moved.insert(id);
        match root {
            Some(CsId(root)) => db
                .prepare_cached("INSERT OR REPLACE INTO joined (id, root) VALUES (?1, ?2)")?
                .execute([id, root])?,
            None => db.prepare_cached("DELETE FROM joined WHERE id = ?1")?.execute([id])?,
        };
    }
    let removed = batch.removals.len();
    for Removal { id, reason, index } in batch.removals {
        if remove(db, id, reason_code(reason))? {
            rows.members.moved.insert(id.0);
        }
        rows.take(id, 0, index, true);
    }
    count(db, "entries", -i64::try_from(removed).unwrap_or(0))?;
    rename(db, batch.renamed, &mut rows)?;
    let ids = upsert(db, batch.upserts, &mut rows)?;
    if is_load {
        rows.append(db)?;
    }
    rows.write(db)?;
    ask_again(db, batch.asked_again.into_iter().map(|KeyHash(hash)| hash))?;
    if let Some(meta) = batch.meta {
        save_meta(db, &meta)?;
    }
    Ok(ids)
}

/// Marks the entries of these names, or all that are there.
pub(super) fn unsettle(db: &Connection, names: Option<Vec<KeyHash>>) -> Result<(), SqliteError> {
    let Some(names) = names else {
        db.execute("INSERT OR IGNORE INTO unsettled (id) SELECT id FROM cs WHERE gone = 0", [])?;
        return Ok(());
    };
    let mut statement =
        db.prepare_cached("INSERT OR IGNORE INTO unsettled (id) SELECT id FROM key WHERE hash = ?1")?;
    for KeyHash(hash) in names {
        statement.execute([hash])?;
    }
    Ok(())
}

pub(super) fn save_meta(db: &Connection, meta: &Meta) -> Result<(), SqliteError> {
    let json = serde_json::to_string(meta).map_err(|error| SqliteError::Refused(error.to_string()))?;
    db.prepare_cached("INSERT OR REPLACE INTO meta (one, json) VALUES (1, ?1)")?.execute([json])?;
    Ok(())
}

fn upsert(db: &Connection, upserts: Vec<Upsert>, rows: &mut Rows) -> Result<Vec<CsId>, SqliteError> {
    let mut insert =
        db.prepare_cached("INSERT INTO cs (id, kind, gone, anchor, raw) VALUES (?1, ?2, 0, ?3, ?4)")?;
    let mut held = db.prepare_cached(
        "SELECT gone, CASE WHEN substr(raw, 1, 1) = x'03' THEN raw END FROM cs WHERE id = ?1",
    )?;
    let mut keep = db.prepare_cached(
        "UPDATE confirmed SET raw = ifnull(?2, (SELECT raw FROM cs WHERE id = ?1)) WHERE id = ?1 AND raw IS NULL",
    )?;
    let mut is_by_member = db.prepare_cached(
        "SELECT 1 FROM confirmed WHERE id = ?1 AND members_n IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM changed_member m WHERE m.grp = ?1 AND m.id = 0)",
    )?;
    let mut update = db.prepare_cached("UPDATE cs SET kind = ?2, gone = 0, raw = ?3 WHERE id = ?1")?;
    let mut new_pending = db.prepare_cached("INSERT INTO pending (id, approved) VALUES (?1, 0)")?;
    let mut pending = db.prepare_cached("INSERT OR REPLACE INTO pending (id, approved) VALUES (?1, 0)")?;
    let mut drop_refused = db.prepare_cached("DELETE FROM refused WHERE id = ?1")?;
    let mut mark = db.prepare_cached("INSERT OR IGNORE INTO unsettled (id) VALUES (?1)")?;

    // The unique index on anchors is written in its own order too.
    let mut order: Vec<usize> = (0..upserts.len()).collect();
    order.sort_by(|a, b| {
        let anchor = |at: &usize| upserts.get(*at).map(|u| u.anchor.as_str());
        anchor(a).cmp(&anchor(b))
    });
    let mut upserts: Vec<Option<Upsert>> = upserts.into_iter().map(Some).collect();
    let mut ids = vec![CsId(0); upserts.len()];
    let first = counter(db, "next_id")?;
    let (mut next, mut entries) = (first, 0);
    for at in order {
        let Some(Upsert { id, anchor, kind, raw, index, unsettled, links_only }) =
            upserts.get_mut(at).and_then(Option::take)
        else {
            continue;
        };
        let kind_code = kind_code(kind);
        let id = match id {
            None => {
                let id = next;
                next += 1;
                entries += 1;
                let raw = large::put(db, id, raw, None)?;
                insert.execute((id, kind_code, anchor.as_str(), &raw))?;
                if kind.is_some() {
                    new_pending.execute([id])?;
                }
                id
            }
            Some(CsId(id)) => {
                let was = held.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
                let (gone, pieces): (Option<i64>, Option<Vec<u8>>) = was.unwrap_or_default();
                entries += i64::from(gone != Some(0));
                // What was confirmed of a group besides its members is what is stored now.
                if links_only && is_by_member.exists([id])? {
                    let names = index.references_added.iter().chain(&index.references_removed);
                    rows.members.links.extend(names.map(|KeyHash(hash)| (*hash, id)));
                } else {
                    members::mark_whole(db, id)?;
                    let whole = pieces.clone().map(|pieces| large::whole(db, pieces)).transpose()?;
                    keep.execute((id, whole))?;
                }
                let raw = large::put(db, id, raw, pieces.as_deref())?;
                update.execute((id, kind_code, &raw))?;
                drop_refused.execute([id])?;
                if kind.is_some() {
                    pending.execute([id])?;
                } else {
                    leave_scope(db, id)?;
                }
                id
            }
        };
        if unsettled {
            mark.execute([id])?;
        }
        if let Some(answer) = ids.get_mut(at) {
            *answer = CsId(id);
        }
        rows.take(CsId(id), kind_code, index, false);
    }
    count(db, "next_id", next - first)?;
    count(db, "entries", entries)?;
    Ok(ids)
}

/// Entries that only the rules say something else of: neither they nor what was confirmed of them is written again.
fn rename(db: &Connection, renamed: Vec<Renamed>, rows: &mut Rows) -> Result<(), SqliteError> {
    let mut update = db.prepare_cached("UPDATE cs SET kind = ?2 WHERE id = ?1")?;
    let mut drop_refused = db.prepare_cached("DELETE FROM refused WHERE id = ?1")?;
    let mut pending = db.prepare_cached("INSERT OR REPLACE INTO pending (id, approved) VALUES (?1, 0)")?;
    let mut mark = db.prepare_cached("INSERT OR IGNORE INTO unsettled (id) VALUES (?1)")?;
    for Renamed { id: CsId(id), was, kind, index, unsettled } in renamed {
        if was != kind {
            update.execute((id, kind_code(kind)))?;
        }
        members::mark_whole(db, id)?;
        drop_refused.execute([id])?;
        if kind.is_some() {
            pending.execute([id])?;
        } else {
            leave_scope(db, id)?;
        }
        if unsettled {
            mark.execute([id])?;
        }
        rows.take(CsId(id), kind_code(kind), index, false);
    }
    Ok(())
}

/// An entry that is there and no object: what the target holds of it waits for its deletion.
fn leave_scope(db: &Connection, id: i64) -> Result<(), SqliteError> {
    db.prepare_cached("DELETE FROM pending WHERE id = ?1")?.execute([id])?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO pending (id, approved) SELECT id, 0 FROM confirmed WHERE id = ?1",
    )?
    .execute([id])?;
    record::end_errors(db, id)
}

/// What the target holds waits for its deletion; what it does not hold is forgotten. Answers whether it was joined to
/// another.
fn remove(db: &Connection, CsId(id): CsId, reason: i64) -> Result<bool, SqliteError> {
    // Its object is made anew without it; what was joined to it looks for another.
    for sql in [
        "INSERT OR IGNORE INTO unsettled (id) SELECT root FROM joined WHERE id = ?1",
        "INSERT OR IGNORE INTO unsettled (id) SELECT id FROM joined WHERE root = ?1",
    ] {
        db.prepare_cached(sql)?.execute([id])?;
    }
    let was_joined = db.prepare_cached("DELETE FROM joined WHERE id = ?1")?.execute([id])? > 0;
    let confirmed = db
        .prepare_cached(
            "INSERT OR IGNORE INTO pending (id, approved) SELECT id, 0 FROM confirmed WHERE id = ?1",
        )?
        .execute([id])?
        > 0
        || db.prepare_cached("SELECT 1 FROM confirmed WHERE id = ?1")?.exists([id])?;
    db.prepare_cached("DELETE FROM refused WHERE id = ?1")?.execute([id])?;
    if confirmed {
        db.prepare_cached("UPDATE cs SET gone = ?2 WHERE id = ?1")?.execute((id, reason))?;
        return Ok(was_joined);
    }
    record::end_errors(db, id)?;
    db.prepare_cached("DELETE FROM cs WHERE id = ?1")?.execute([id])?;
    db.prepare_cached("DELETE FROM pending WHERE id = ?1")?.execute([id])?;
    Ok(was_joined)
}
