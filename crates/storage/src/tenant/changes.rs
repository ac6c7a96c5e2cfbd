//! What changed since a mark, out of the rows of the history. No change costs more to write for it.
//!
//! **Invariant:** who applies every page in order has what is there at the mark `upto`, or later; where that cannot be
//! promised the answer is none.

use super::history::{BY_ID, Body, Named, code_of};
use super::objects::{COLUMNS, read};
use super::rows::{Result, all, first, from_json, kind_code, kind_of, micros, object_id};
use super::view::state_of;
use crate::sql::{Connection, Record};
use lockstep_model::{ObjectId, ObjectKind};
use lockstep_tenant::HistoryOutcome;
use lockstep_tenant::changes::{Changed, ChangesPage, ChangesQuery, MemberChange, MemberIds, ObjectChange};
use lockstep_tenant::provision::{Row, State};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of the history that one page looks at.
const SCAN: i64 = 5_000;

/// Microseconds that a mark may be younger than the time it was given at.
const SLACK: i64 = 60_000_000;
/// Members of a group that are told with the group itself.
const INLINE: usize = 100;

/// The newest row of the history.
pub(super) fn mark(connection: Connection<'_>) -> Result<i64> {
    let sql = "SELECT max(hid) FROM history";
    Ok(first(connection, sql, (), |row| row.get::<Option<i64>>(0))?.flatten().unwrap_or(0))
}

/// Whether the history still has every row after the mark.
fn reaches_back(connection: Connection<'_>, query: &ChangesQuery) -> Result<bool> {
    let oldest =
        first(connection, "SELECT min(first) FROM history_batch", (), |row| row.get::<Option<i64>>(0))?;
    let newest = mark(connection)?;
    let from = first(connection, "SELECT changes_from FROM tenant", (), |row| row.get::<Option<i64>>(0))?;
    if from.flatten().is_some_and(|from| from >= micros(query.given_at)) {
        return Ok(false);
    }
    match oldest.flatten() {
        None => return Ok(query.after == newest),
        Some(oldest) if oldest > query.after.saturating_add(1) || newest < query.after => return Ok(false),
        Some(_) => {}
    }
    // Once all of it is purged, numbers begin anew. A mark may be some moments younger than its time.
    let sql = "SELECT at FROM history_batch WHERE first <= ?1 ORDER BY first DESC LIMIT 1";
    let at = first(connection, sql, [query.after], |row| row.get::<i64>(0))?;
    Ok(at.is_none_or(|at| at <= micros(query.given_at).saturating_add(SLACK)))
}

/// What is gathered of one object.
#[derive(Default)]
struct Gathered {
    /// None where everything counts as changed.
    names: Option<BTreeSet<String>>,
    touched: bool,
    members: BTreeMap<ObjectId, (ObjectKind, bool)>,
}

#[derive(Default)]
struct Page {
    order: Vec<Row>,
    of: BTreeMap<Row, Gathered>,
}

impl Page {
    fn at(&mut self, row: Row) -> &mut Gathered {
        self.of.entry(row).or_insert_with(|| {
            self.order.push(row);
            Gathered { names: Some(BTreeSet::new()), ..Gathered::default() }
        })
    }
}

/// A page; none where the caller must begin anew.
pub(super) fn page(connection: Connection<'_>, query: &ChangesQuery) -> Result<Option<ChangesPage>> {
    if !reaches_back(connection, query)? {
        return Ok(None);
    }
    let top = query.top.clamp(1, 999);
    let sql = "SELECT hid, oid, what, body FROM history WHERE hid > ?1 AND hid <= ?2 ORDER BY hid LIMIT ?3";
    let rows = all(connection, sql, (query.after, query.upto, SCAN), |row| {
        Ok((row.get::<i64>(0)?, row.get::<Row>(1)?, row.get::<i64>(2)?, row.get::<Option<String>>(3)?))
    })?;
    let whole = i64::try_from(rows.len()).unwrap_or(SCAN) < SCAN;
    let wants_groups = query.members && query.kind.is_none_or(|kind| kind == ObjectKind::Group);
    let (mut page, mut last, mut left) = (Page::default(), query.after, false);
    let mut all_members_of = None;
    for (hid, row, what, body) in rows {
        if page.order.len() >= top || all_members_of.is_some() {
            left = true;
            break;
        }
        last = hid;
        let Some(outcome) = HistoryOutcome::ALL.iter().map(|(o, _)| *o).find(|o| code_of(*o) == what) else {
            continue;
        };
        let of_errors = [HistoryOutcome::Refused, HistoryOutcome::ErrorIgnored, HistoryOutcome::ErrorShown];
        if of_errors.contains(&outcome) {
            continue;
        }
        let body = match &body {
            Some(text) => from_json(text, "a row of history")?,
            None => Body::default(),
        };
        let kind = kind_at(connection, row)?;
        if wants_groups && row > 0 {
            match outcome {
                // Its memberships count from now on, or no more.
                HistoryOutcome::Created | HistoryOutcome::Restored => {
                    groups_of(connection, row, true, &mut page)?;
                }
                HistoryOutcome::Deleted => groups_of(connection, row, false, &mut page)?,
                _ => {}
            }
        }
        if query.kind.is_some() && kind != query.kind {
            continue;
        }
        let all_told = |page: &mut Page, all_members_of: &mut Option<Row>| -> Result<()> {
            let living = living_members(connection, row)?;
            if living.len() > INLINE {
                *all_members_of = Some(row);
            } else {
                page.at(row).members.extend(living.into_iter().map(|(id, kind)| (id, (kind, true))));
            }
            Ok(())
        };
        if query.members && kind == Some(ObjectKind::Group) && row > 0 {
            // Members may have come before the group; a client forgot them when the group was deleted.
            if matches!(outcome, HistoryOutcome::Created | HistoryOutcome::Restored) {
                all_told(&mut page, &mut all_members_of)?;
            }
        }
        let gathered = page.at(row);
        match outcome {
            HistoryOutcome::Updated | HistoryOutcome::Recalculated => {
                gathered.touched = true;
                if let Some(names) = &mut gathered.names {
                    names.extend(body.changed().map(str::to_owned));
                }
            }
            HistoryOutcome::Membership if !query.members => {}
            HistoryOutcome::Membership => {
                let (added, removed) = body.members();
                let short = |links: Option<&Named>| {
                    links.is_some_and(|(count, named)| u64::try_from(named.len()).unwrap_or(0) < *count)
                };
                if short(removed) {
                    return Ok(None);
                }
                let truncated = short(added);
                for (links, is_member) in [(added, true), (removed, false)] {
                    for name in links.map(|(_, named)| named.as_slice()).unwrap_or_default() {
                        if let Some((id, kind, state)) = member_named(connection, name)?
                            && (state == State::Living || !is_member)
                        {
                            gathered.members.insert(id, (kind, is_member));
                        }
                    }
                }
                if truncated {
                    all_told(&mut page, &mut all_members_of)?;
                }
            }
            _ => {
                gathered.touched = true;
                gathered.names = None;
            }
        }
    }
    let mut items = Vec::with_capacity(page.order.len());
    for row in &page.order {
        if let Some(gathered) = page.of.remove(row)
            && let Some(item) = item(connection, *row, gathered)?
        {
            items.push(item);
        }
    }
    let next = (left || !whole).then_some(last);
    let all_members_of = match all_members_of {
        Some(row) => id_at(connection, row)?,
        None => None,
    };
    // The last row may be the one whose members are to be told: then there is nothing after it.
    let next = next.or_else(|| all_members_of.map(|_| last));
    Ok(Some(ChangesPage { items, next, all_members_of }))
}

fn item(connection: Connection<'_>, row: Row, gathered: Gathered) -> Result<Option<ObjectChange>> {
    let members: Vec<MemberChange> = gathered
        .members
        .into_iter()
        .map(|(id, (kind, is_member))| MemberChange { id, kind, is_member })
        .collect();
    if !gathered.touched && members.is_empty() {
        return Ok(None);
    }
    let changed = gathered.names.map_or(Changed::All, Changed::Names);
    if row < 0 {
        let Some(id) = id_at(connection, row)? else { return Ok(None) };
        return Ok(Some(ObjectChange { id, object: None, changed: Changed::All, members: Vec::new() }));
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM object o JOIN body b ON b.oid = o.oid WHERE o.oid = ?1 AND o.state <> 2"
    );
    let object = first(connection, &sql, [row], |found| Ok(read(connection, found)?.1))?;
    Ok(object.map(|object| ObjectChange { id: object.id, object: Some(object), changed, members }))
}

fn kind_at(connection: Connection<'_>, row: Row) -> Result<Option<ObjectKind>> {
    let (sql, number) = if row > 0 {
        ("SELECT kind FROM object WHERE oid = ?1", row)
    } else {
        ("SELECT kind FROM history_object WHERE n = ?1", row.saturating_neg())
    };
    first(connection, sql, [number], |found| kind_of(found.get(0)?))
}

fn id_at(connection: Connection<'_>, row: Row) -> Result<Option<ObjectId>> {
    let (sql, number) = if row > 0 {
        ("SELECT id FROM object WHERE oid = ?1", row)
    } else {
        ("SELECT id FROM history_object WHERE n = ?1", row.saturating_neg())
    };
    let found = first(connection, sql, [number], |found| {
        let bytes = found.get::<Option<&[u8]>>(0)?;
        bytes.map(object_id).transpose()
    })?;
    Ok(found.flatten())
}

/// An object came or went: so did it in each of its groups.
fn groups_of(connection: Connection<'_>, member: Row, came: bool, page: &mut Page) -> Result<()> {
    let sql = "SELECT m.grp FROM member m JOIN object g ON g.oid = m.grp WHERE m.member = ?1 AND g.state = 0";
    let groups = all(connection, sql, [member], |row| row.get::<Row>(0))?;
    if groups.is_empty() {
        return Ok(());
    }
    let sql = "SELECT id, kind, state FROM object WHERE oid = ?1";
    let found = first(connection, sql, [member], |row| {
        let id = object_id(row.get::<&[u8]>(0)?)?;
        Ok((id, kind_of(row.get(1)?)?, state_of(row.get(2)?)?))
    })?;
    let Some((id, kind, state)) = found else { return Ok(()) };
    for group in groups {
        // What became of it meanwhile is told by a later row; nothing is told that is not so now.
        let is_member = came && state == State::Living;
        page.at(group).members.insert(id, (kind, is_member));
    }
    Ok(())
}

/// The living members of a group, one more than are told with it.
fn living_members(connection: Connection<'_>, group: Row) -> Result<Vec<(ObjectId, ObjectKind)>> {
    let sql = "SELECT o.id, o.kind FROM member m JOIN object o ON o.oid = m.member \
               WHERE m.grp = ?1 AND o.state = 0 LIMIT ?2";
    all(connection, sql, (group, i64::try_from(INLINE + 1).unwrap_or(0)), |row| {
        let id = object_id(row.get::<&[u8]>(0)?)?;
        Ok((id, kind_of(row.get(1)?)?))
    })
}

/// A member as the history names it.
fn member_named(connection: Connection<'_>, name: &str) -> Result<Option<(ObjectId, ObjectKind, State)>> {
    let read = |row: &Record<'_>| {
        let id = object_id(row.get::<&[u8]>(0)?)?;
        Ok((id, kind_of(row.get(1)?)?, state_of(row.get(2)?)?))
    };
    let found = match name.strip_prefix(BY_ID).map(str::parse::<ObjectId>) {
        Some(Ok(id)) => {
            let sql = "SELECT id, kind, state FROM object WHERE id = ?1";
            first(connection, sql, [id.0.as_bytes().as_slice()], read)?
        }
        Some(Err(_)) => None,
        None => first(connection, "SELECT id, kind, state FROM object WHERE anchor = ?1", [name], read)?,
    };
    if found.is_none()
        && let Some(Ok(id)) = name.strip_prefix(BY_ID).map(str::parse::<ObjectId>)
    {
        let sql = "SELECT kind FROM history_object WHERE id = ?1";
        let kind = first(connection, sql, [id.0.as_bytes().as_slice()], |row| kind_of(row.get(0)?))?;
        return Ok(kind.map(|kind| (id, kind, State::Deleted)));
    }
    Ok(found.filter(|(_, _, state)| *state != State::Expected))
}

/// A page of a group's living members.
pub(super) fn members(
    connection: Connection<'_>,
    group: ObjectId,
    after: i64,
    top: usize,
) -> Result<MemberIds> {
    let top = top.clamp(1, 10_000);
    let sql = "SELECT m.member, o.id, o.kind FROM member m JOIN object o ON o.oid = m.member \
               WHERE m.grp = (SELECT oid FROM object WHERE id = ?1 AND kind = ?2 AND state = 0) \
               AND m.member > ?3 AND o.state = 0 ORDER BY m.member LIMIT ?4";
    let limit = i64::try_from(top + 1).unwrap_or(i64::MAX);
    let params = (group.0.as_bytes().as_slice(), kind_code(ObjectKind::Group), after, limit);
    let mut found = all(connection, sql, params, |row| {
        let id = object_id(row.get::<&[u8]>(1)?)?;
        Ok((row.get::<i64>(0)?, (id, kind_of(row.get(2)?)?)))
    })?;
    let more = found.len() > top;
    found.truncate(top);
    let next = found.last().filter(|_| more).map(|(row, _)| *row);
    Ok((found.into_iter().map(|(_, member)| member).collect(), next))
}
