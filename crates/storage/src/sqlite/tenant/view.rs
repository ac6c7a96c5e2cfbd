//! What the tenant's rules ask, answered by indexed look-ups inside the batch's transaction.

use super::rows::{Result, anchor, first, from_json, kind_of, object_id};
use crate::sqlite::SqliteError;
use lockstep_model::{Fingerprint, ObjectKind, ObjectRef, Properties, SourceAnchor};
use lockstep_tenant::provision::{Claim, Held, Known, Row, Space, State, View};
use rusqlite::Connection;

/// The rules' view of the database.
pub(super) struct SqlView<'c>(pub(super) &'c Connection);

pub(super) const fn space_code(space: Space) -> i64 {
    match space {
        Space::SignInName => 0,
        Space::Address => 1,
    }
}

pub(super) const fn state_code(state: State) -> i64 {
    match state {
        State::Living => 0,
        State::Deleted => 1,
        State::Expected => 2,
    }
}

pub(super) fn state_of(code: i64) -> Result<State> {
    match code {
        0 => Ok(State::Living),
        1 => Ok(State::Deleted),
        2 => Ok(State::Expected),
        _ => Err(SqliteError::corrupt("the state of an object")),
    }
}

macro_rules! known {
    ($condition:literal) => {
        concat!(
            "SELECT oid, id, kind, state, sync_enabled, fingerprint, errors, anchor FROM object WHERE ",
            $condition
        )
    };
}

fn read_known(row: &rusqlite::Row<'_>) -> Result<(Known, Option<SourceAnchor>)> {
    let fingerprint: Option<&[u8]> = row.get_ref(5)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    let fingerprint = fingerprint
        .map(|bytes| bytes.try_into().map(Fingerprint).map_err(|_| SqliteError::corrupt("a fingerprint")))
        .transpose()?;
    let id = object_id(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
    let known = Known {
        row: row.get(0)?,
        id,
        kind: kind_of(row.get(2)?)?,
        state: state_of(row.get(3)?)?,
        sync_enabled: row.get(4)?,
        fingerprint,
        errors: u64::try_from(row.get::<_, i64>(6)?).unwrap_or(0),
    };
    Ok((known, row.get::<_, Option<String>>(7)?.map(anchor).transpose()?))
}

impl SqlView<'_> {
    /// The object of an anchor given as text.
    pub(super) fn known(&self, anchor: &str) -> Result<Option<Known>> {
        Ok(first(self.0, known!("anchor = ?1"), [anchor], read_known)?.map(|(known, _)| known))
    }
}

/// The handle, kind and state of an anchor: what a link needs.
pub(super) fn link_end(connection: &Connection, anchor: &str) -> Result<Option<(Row, ObjectKind, State)>> {
    let sql = "SELECT oid, kind, state FROM object WHERE anchor = ?1";
    first(connection, sql, [anchor], |row| Ok((row.get(0)?, kind_of(row.get(1)?)?, state_of(row.get(2)?)?)))
}

impl View for SqlView<'_> {
    type Error = SqliteError;

    fn by_anchor(&mut self, anchor: &SourceAnchor) -> Result<Option<Known>> {
        self.known(anchor.as_str())
    }

    fn holder(&mut self, claim: &Claim) -> Result<Option<Row>> {
        let sql = "SELECT oid FROM claim WHERE space = ?1 AND key = ?2";
        first(self.0, sql, (space_code(claim.space), claim.key.as_str()), |row| Ok(row.get(0)?))
    }

    fn by_row(&mut self, row: Row) -> Result<(Known, Option<SourceAnchor>)> {
        first(self.0, known!("oid = ?1"), [row], read_known)?
            .ok_or_else(|| SqliteError::corrupt("the holder of a value"))
    }

    fn object_ref(&mut self, row: Row) -> Result<ObjectRef> {
        object_ref(self.0, row)?.ok_or_else(|| SqliteError::corrupt("the other object of an error"))
    }

    fn stored(&mut self, row: Row) -> Result<(Properties, Held)> {
        let sql = "SELECT body, held FROM body WHERE oid = ?1";
        first(self.0, sql, [row], |found| {
            let body = found.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let held = found.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            let held =
                held.map_or_else(|| Ok(Held::default()), |text| from_json(text, "an object's held values"))?;
            Ok((from_json(body, "an object's properties")?, held))
        })?
        .ok_or_else(|| SqliteError::corrupt("an object"))
    }
}

macro_rules! names {
    ($condition:literal) => {
        concat!(
            "SELECT o.kind, o.id, o.anchor, json_extract(b.body, '$.displayName'), ",
            "json_extract(b.body, '$.onPremisesDistinguishedName'), o.oid ",
            "FROM object o JOIN body b ON b.oid = o.oid WHERE ",
            $condition
        )
    };
}

fn read_ref(row: &rusqlite::Row<'_>) -> Result<ObjectRef> {
    let anchor = row.get::<_, Option<String>>(2)?.map(anchor).transpose()?;
    let dn: Option<String> = row.get(4)?;
    let name: Option<String> = row.get(3)?;
    let name = name.or_else(|| dn.clone()).or_else(|| anchor.as_ref().map(ToString::to_string));
    Ok(ObjectRef {
        kind: Some(kind_of(row.get(0)?)?),
        id: Some(object_id(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?),
        anchor,
        name: name.unwrap_or_default(),
        dn,
    })
}

/// The names of an object.
pub(super) fn object_ref(connection: &Connection, row: Row) -> Result<Option<ObjectRef>> {
    first(connection, names!("o.oid = ?1"), [row], read_ref)
}

/// The names of the living object with this anchor, and its handle.
pub(super) fn living_ref(connection: &Connection, anchor: &str) -> Result<Option<(Row, ObjectRef)>> {
    first(connection, names!("o.anchor = ?1 AND o.state = 0"), [anchor], |row| {
        Ok((row.get(5)?, read_ref(row)?))
    })
}
