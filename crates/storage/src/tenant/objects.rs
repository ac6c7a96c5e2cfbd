//! Objects as they are read: one, by name, the inventory, the members of a group.

use super::rows::{Result, all, anchor, first, from_json, kind_of, object_id, optional_time, time, uuid};
use super::view::state_of;
use crate::sql::{Connection, Fault, Record};
use lockstep_model::provisioning::{InventoryItem, InventoryPage, MembersPage};
use lockstep_model::{Fingerprint, ObjectId, ObjectKind, SourceAnchor};
use lockstep_tenant::StoredObject;
use lockstep_tenant::provision::{Row, State};
use std::collections::BTreeMap;

/// Objects of an inventory page.
const MAX_INVENTORY: usize = 5_000;
/// Members of a page.
const MAX_MEMBERS: usize = 50_000;

/// The columns that [`read`] takes, of an object `o` and its body `b`. The manager shows while living.
pub(super) const COLUMNS: &str = "o.oid, o.id, o.kind, o.state, o.anchor, o.sync_enabled, o.created_at, \
     o.last_sync, o.deleted_at, b.body, o.errors, CASE WHEN o.manager_oid IS NOT NULL THEN \
     (SELECT m.id FROM object m WHERE m.oid = o.manager_oid AND m.state = 0) WHEN o.manager IS NULL THEN NULL ELSE \
     (SELECT m.id FROM object m WHERE m.anchor = o.manager AND m.state = 0) END, o.name_key, o.version, \
     o.changed_at, o.external_id, b.extra";
/// How many columns these are.
pub(super) const COLUMN_COUNT: usize = 17;

/// An object of [`COLUMNS`], and its handle.
pub(super) fn read(connection: Connection<'_>, row: &Record<'_>) -> Result<(Row, StoredObject)> {
    let anchor_text: Option<String> = row.get(4)?;
    let errors: i64 = row.get(10)?;
    let provisioning_errors = match &anchor_text {
        Some(text) if errors > 0 => super::errors::provisioning_errors(connection, text)?,
        _ => Vec::new(),
    };
    let manager = row.get::<Option<&[u8]>>(11)?;
    let deleted = state_of(row.get(3)?)? == State::Deleted;
    let (created_at, last_sync, deleted_at): (i64, Option<i64>, Option<i64>) =
        (row.get(6)?, row.get(7)?, row.get(8)?);
    let changed = [row.get::<Option<i64>>(14)?, last_sync, deleted_at];
    let object = StoredObject {
        id: object_id(row.get::<&[u8]>(1)?)?,
        kind: kind_of(row.get(2)?)?,
        anchor: anchor_text.map(anchor).transpose()?,
        sync_enabled: row.get(5)?,
        properties: from_json(row.get::<&str>(9)?, "an object's properties")?,
        extra: row
            .get::<Option<&str>>(16)?
            .map_or_else(|| Ok(BTreeMap::new()), |text| from_json(text, "what an object holds beside"))?,
        external_id: row.get(15)?,
        manager: manager.map(|bytes| uuid(bytes).map(ObjectId)).transpose()?,
        version: u64::try_from(row.get::<i64>(13)?).unwrap_or(0),
        changed_at: time(changed.into_iter().flatten().max().unwrap_or(created_at).max(created_at))?,
        created_at: time(created_at)?,
        last_sync: optional_time(last_sync)?,
        deleted_at: if deleted { optional_time(deleted_at)? } else { None },
        provisioning_errors,
    };
    Ok((row.get(0)?, object))
}

pub(super) fn by_id(connection: Connection<'_>, id: ObjectId) -> Result<Option<StoredObject>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM object o JOIN body b ON b.oid = o.oid WHERE o.id = ?1 AND o.state <> 2"
    );
    first(connection, &sql, [id.0.as_bytes().as_slice()], |row| Ok(read(connection, row)?.1))
}

pub(super) fn by_sign_in_name(connection: Connection<'_>, name: &str) -> Result<Option<StoredObject>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM claim c JOIN object o ON o.oid = c.oid JOIN body b ON b.oid = o.oid \
         WHERE c.space = 0 AND c.key = ?1"
    );
    first(connection, &sql, [name.to_lowercase()], |row| Ok(read(connection, row)?.1))
}

pub(super) fn inventory(
    connection: Connection<'_>,
    after: Option<&SourceAnchor>,
    top: usize,
) -> Result<InventoryPage> {
    let top = top.clamp(1, MAX_INVENTORY);
    let sql = "SELECT o.oid, o.kind, o.anchor, o.fingerprint, b.body ->> 'displayName', \
               o.errors > 0 AND EXISTS (SELECT 1 FROM error e WHERE e.anchor = o.anchor AND e.origin = 1) \
               FROM object o JOIN body b ON b.oid = o.oid \
               WHERE o.anchor > ?1 AND o.state = 0 AND o.sync_enabled = 1 ORDER BY o.anchor LIMIT ?2";
    let after = after.map_or("", SourceAnchor::as_str);
    let limit = i64::try_from(top + 1).unwrap_or(i64::MAX);
    let mut items = all(connection, sql, (after, limit), |row| {
        let kind = kind_of(row.get(1)?)?;
        let anchor = anchor(row.get(2)?)?;
        let bytes = row.get::<Option<&[u8]>>(3)?;
        let fingerprint = match bytes {
            Some(bytes) => Fingerprint(bytes.try_into().map_err(|_| Fault::corrupt("a fingerprint"))?),
            // All of it is to be written anew: no content has this fingerprint.
            None => Fingerprint([0; 16]),
        };
        let members_fingerprint = match kind {
            ObjectKind::Group => Some(members_fingerprint(connection, row.get(0)?)?),
            ObjectKind::User | ObjectKind::Contact | ObjectKind::Device => None,
        };
        let name: Option<String> = row.get(4)?;
        let name = name.unwrap_or_else(|| anchor.to_string());
        let client_errors = row.get(5)?;
        Ok(InventoryItem { anchor, kind, name, fingerprint, members_fingerprint, client_errors })
    })?;
    let more = items.len() > top;
    items.truncate(top);
    let next = items.last().filter(|_| more).map(|item| item.anchor.clone());
    Ok(InventoryPage { items, next })
}

/// The fingerprint of a group's members, pending ones included. A group of a million members holds as many
/// anchors in memory while it is worked out, and one group at a time.
fn members_fingerprint(connection: Connection<'_>, group: Row) -> Result<Fingerprint> {
    let sql = "SELECT o.anchor FROM member m JOIN object o ON o.oid = m.member \
               WHERE m.grp = ?1 AND o.anchor IS NOT NULL";
    let mut anchors = all(connection, sql, [group], |row| row.get::<Box<str>>(0))?;
    anchors.sort_unstable();
    Ok(Fingerprint::of_members(anchors.iter().map(AsRef::as_ref)))
}

pub(super) fn members(
    connection: Connection<'_>,
    group: &SourceAnchor,
    after: Option<&SourceAnchor>,
    top: usize,
) -> Result<MembersPage> {
    let top = top.clamp(1, MAX_MEMBERS);
    let sql = "SELECT o.anchor FROM object g JOIN member m ON m.grp = g.oid JOIN object o ON o.oid = m.member \
               WHERE g.anchor = ?1 AND g.kind = 1 AND g.state = 0 AND o.anchor > ?2 ORDER BY o.anchor LIMIT ?3";
    let after = after.map_or("", SourceAnchor::as_str);
    let limit = i64::try_from(top + 1).unwrap_or(i64::MAX);
    let mut members = all(connection, sql, (group.as_str(), after, limit), |row| anchor(row.get(0)?))?;
    let more = members.len() > top;
    members.truncate(top);
    let next = members.last().filter(|_| more).cloned();
    Ok(MembersPage { members, next })
}
