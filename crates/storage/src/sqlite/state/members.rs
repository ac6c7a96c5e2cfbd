//! Members of large groups: what the target confirmed of them, and which may be others by now.
//!
//! **Invariant:** an entry that is not marked for a group is a member of it, as the directory has it now, exactly if
//! the target confirmed it. So whatever may change what a name means marks who bore it and who bears it, in every
//! large group that refers to the name; and what cannot be told from that marks the whole group (as number 0).

use super::ask;
use crate::sqlite::SqliteError;
use lockstep_sync::state::{ChangedGroup, LARGE_GROUP, MembersOutcome, Membership};
use lockstep_sync::{CsId, KeyHash, codec};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, BTreeSet};

/// Stands for the whole group.
const WHOLE: i64 = 0;
/// Changed members after which a page of groups ends.
const PAGE_MEMBERS: usize = 50_000;

/// A group (`p.id`, confirmed as `c`) of which nothing but marked members may be another.
pub(super) const BY_MEMBER: &str = "(c.members_n IS NOT NULL AND c.raw IS NULL
     AND NOT EXISTS (SELECT 1 FROM changed_member m WHERE m.grp = p.id AND m.id = 0))";

/// Changes of a batch that may change members.
#[derive(Default)]
pub(super) struct Marks {
    /// Names that mean another, or none, from now on.
    pub(super) touched: BTreeSet<i64>,
    /// Names that groups refer to from now on, or no more.
    pub(super) links: BTreeSet<(i64, i64)>,
    /// Who bore a name until now.
    pub(super) bore: BTreeMap<i64, Vec<i64>>,
    /// Entries that belong to another object from now on.
    pub(super) moved: BTreeSet<i64>,
}

impl Marks {
    /// Marks whose membership may be another. The indexes are as they are from now on.
    pub(super) fn write(&self, db: &Connection) -> Result<(), SqliteError> {
        if !db.prepare_cached("SELECT 1 FROM confirmed WHERE members_n IS NOT NULL")?.exists([])? {
            return Ok(());
        }
        let mut groups = db.prepare_cached(
            "SELECT r.id FROM reference r JOIN confirmed c ON c.id = r.id
             WHERE r.hash = ?1 AND c.members_n IS NOT NULL",
        )?;
        for hash in &self.touched {
            let groups: Vec<i64> = groups.query_map([hash], |row| row.get(0))?.collect::<Result<_, _>>()?;
            if !groups.is_empty() {
                self.mark(db, *hash, &groups)?;
            }
        }
        for (hash, group) in &self.links {
            if is_large(db, *group)? {
                self.mark(db, *hash, &[*group])?;
            }
        }
        Ok(())
    }

    fn mark(&self, db: &Connection, hash: i64, groups: &[i64]) -> Result<(), SqliteError> {
        let mut bearers = self.bore.get(&hash).cloned().unwrap_or_default();
        let mut statement = db.prepare_cached("SELECT id FROM key WHERE hash = ?1")?;
        let now: Vec<i64> = statement.query_map([hash], |row| row.get(0))?.collect::<Result<_, _>>()?;
        bearers.extend(now);
        let mut joined = db.prepare_cached("SELECT 1 FROM joined WHERE id = ?1")?;
        let mut whole = false;
        for id in &bearers {
            // Whom it stands for now, and whom it stood for, is more than this can tell.
            whole |= self.moved.contains(id) || joined.exists([id])?;
        }
        let leads_nowhere = ask::resolve(db, &[KeyHash(hash)])?
            .first()
            .is_none_or(|target| target.is_none_or(|to| to.kind.is_none()));
        let mut refers = db.prepare_cached("SELECT 1 FROM reference WHERE hash = ?1 AND id = ?2")?;
        let mut unresolved = db.prepare_cached("SELECT 1 FROM unresolved WHERE grp = ?1 AND hash = ?2")?;
        for group in groups {
            // A member that leads nowhere, or did so, is an error of the group, which names it.
            if whole
                || (leads_nowhere && refers.exists((hash, group))?)
                || unresolved.exists((group, hash))?
            {
                mark_whole(db, *group)?;
                continue;
            }
            let mut mark =
                db.prepare_cached("INSERT OR IGNORE INTO changed_member (grp, id) VALUES (?1, ?2)")?;
            for id in &bearers {
                mark.execute((group, id))?;
            }
        }
        Ok(())
    }
}

pub(super) fn is_large(db: &Connection, group: i64) -> Result<bool, SqliteError> {
    let sql = "SELECT 1 FROM confirmed WHERE id = ?1 AND members_n IS NOT NULL";
    Ok(db.prepare_cached(sql)?.exists([group])?)
}

/// Anything of the group may be another than the target confirmed.
pub(super) fn mark_whole(db: &Connection, group: i64) -> Result<(), SqliteError> {
    if is_large(db, group)? {
        let sql = "INSERT OR IGNORE INTO changed_member (grp, id) VALUES (?1, ?2)";
        db.prepare_cached(sql)?.execute((group, WHOLE))?;
    }
    Ok(())
}

/// Nothing is confirmed of the group any more.
pub(super) fn forget(db: &Connection, group: i64) -> Result<(), SqliteError> {
    for sql in [
        "DELETE FROM member WHERE grp = ?1",
        "DELETE FROM unresolved WHERE grp = ?1",
        "DELETE FROM changed_member WHERE grp = ?1",
    ] {
        db.prepare_cached(sql)?.execute([group])?;
    }
    Ok(())
}

/// What the target holds of the members from now on.
pub(super) fn record(db: &Connection, group: i64, members: MembersOutcome) -> Result<(), SqliteError> {
    match members {
        MembersOutcome::All { members, .. } if members.len() < LARGE_GROUP => {
            forget(db, group)?;
            let sql = "UPDATE confirmed SET members = ?2, members_n = NULL, members_fp = NULL WHERE id = ?1";
            db.prepare_cached(sql)?.execute((group, codec::encode_ids(&members)))?;
        }
        MembersOutcome::All { members, unresolved } => {
            let before = confirmed(db, group)?;
            let difference = lockstep_sync::link_difference(&before, &members);
            change(db, group, &difference.added, &difference.removed)?;
            let sql = "UPDATE confirmed SET members = NULL, members_n = ?2, members_fp = NULL WHERE id = ?1";
            db.prepare_cached(sql)?.execute((group, i64::try_from(members.len()).unwrap_or(i64::MAX)))?;
            db.prepare_cached("DELETE FROM unresolved WHERE grp = ?1")?.execute([group])?;
            let mut insert =
                db.prepare_cached("INSERT OR IGNORE INTO unresolved (grp, hash) VALUES (?1, ?2)")?;
            for KeyHash(hash) in unresolved {
                insert.execute((group, hash))?;
            }
        }
        MembersOutcome::Changed { added, removed } => {
            let by = change(db, group, &added, &removed)?;
            let sql = "UPDATE confirmed SET members_n = members_n + ?2 WHERE id = ?1";
            db.prepare_cached(sql)?.execute((group, by))?;
        }
    }
    compared(db, group)
}

/// The group is as the target has it.
pub(super) fn compared(db: &Connection, group: i64) -> Result<(), SqliteError> {
    db.prepare_cached("DELETE FROM changed_member WHERE grp = ?1")?.execute([group])?;
    Ok(())
}

/// Answers by how many the members became more.
fn change(db: &Connection, group: i64, added: &[CsId], removed: &[CsId]) -> Result<i64, SqliteError> {
    let mut by = 0;
    let mut statement = db.prepare_cached("DELETE FROM member WHERE grp = ?1 AND id = ?2")?;
    for CsId(id) in removed {
        by -= i64::try_from(statement.execute((group, id))?).unwrap_or(0);
    }
    let mut statement = db.prepare_cached("INSERT OR IGNORE INTO member (grp, id) VALUES (?1, ?2)")?;
    for CsId(id) in added {
        by += i64::try_from(statement.execute((group, id))?).unwrap_or(0);
    }
    Ok(by)
}

/// The members in the table, sorted.
pub(super) fn confirmed(db: &Connection, group: i64) -> Result<Vec<CsId>, SqliteError> {
    let mut statement = db.prepare_cached("SELECT id FROM member WHERE grp = ?1 ORDER BY id")?;
    let rows = statement.query_map([group], |row| Ok(CsId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// See [`lockstep_sync::StateStore::changed_members`].
pub(super) fn changed(
    db: &Connection,
    CsId(after): CsId,
    limit: usize,
) -> Result<Vec<ChangedGroup>, SqliteError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT p.id, cs.anchor, c.name, c.members_n
         FROM confirmed c INDEXED BY confirmed_large
              CROSS JOIN pending p ON p.id = c.id CROSS JOIN cs ON cs.id = c.id
         WHERE c.id > ?1 AND {BY_MEMBER} AND cs.gone = 0 AND cs.kind = c.kind ORDER BY c.id LIMIT ?2"
    ))?;
    let mut marked =
        db.prepare_cached("SELECT id FROM changed_member WHERE grp = ?1 AND id <> ?2 ORDER BY id")?;
    let mut rows = statement.query((after, ask::sql_limit(limit)))?;
    let (mut answer, mut members) = (Vec::new(), 0);
    while members < PAGE_MEMBERS
        && let Some(row) = rows.next()?
    {
        let id: i64 = row.get(0)?;
        let changed: Vec<CsId> =
            marked.query_map((id, WHOLE), |row| Ok(CsId(row.get(0)?)))?.collect::<Result<_, _>>()?;
        members += changed.len();
        answer.push(ChangedGroup {
            id: CsId(id),
            anchor: super::anchor_of(row.get(1)?)?,
            name: row.get(2)?,
            held: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
            changed,
        });
    }
    Ok(answer)
}

/// See [`lockstep_sync::StateStore::memberships`].
pub(super) fn memberships(
    db: &Connection,
    CsId(group): CsId,
    entries: Vec<(CsId, Vec<KeyHash>)>,
) -> Result<Vec<Membership>, SqliteError> {
    let mut refers = db.prepare_cached("SELECT 1 FROM reference WHERE hash = ?1 AND id = ?2")?;
    let mut confirmed = db.prepare_cached("SELECT 1 FROM member WHERE grp = ?1 AND id = ?2")?;
    let mut answer = Vec::with_capacity(entries.len());
    for (entry, names) in entries {
        let mut wanted = false;
        for name in names {
            if !wanted && refers.exists((name.0, group))? {
                let target = ask::resolve(db, &[name])?.into_iter().flatten().next();
                wanted = target.is_some_and(|target| target.id == entry && target.kind.is_some());
            }
        }
        let confirmed = confirmed.query_row((group, entry.0), |_| Ok(())).optional()?.is_some();
        answer.push(Membership { wanted, confirmed });
    }
    Ok(answer)
}
