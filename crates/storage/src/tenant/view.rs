//! What the tenant's rules ask, answered by indexed look-ups inside the batch's transaction.

use super::rows::{Result, anchor, first, from_json, kind_of, object_id};
use crate::sql::{Connection, Fault, Record};
use lockstep_model::{Fingerprint, ObjectKind, ObjectRef, Properties, SourceAnchor};
use lockstep_tenant::provision::{Claim, Held, Known, Row, Space, State, View};

/// The rules' view of the database.
pub(super) struct SqlView<'c>(pub(super) Connection<'c>);

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
        _ => Err(Fault::corrupt("the state of an object")),
    }
}

macro_rules! columns {
    ($rest:literal) => {
        concat!("SELECT oid, id, kind, state, sync_enabled, fingerprint, errors, anchor", $rest)
    };
}

/// The columns that [`read_known`] takes.
pub(super) const KNOWN: &str = columns!("");

pub(super) fn read_known(row: &Record<'_>) -> Result<(Known, Option<SourceAnchor>)> {
    let fingerprint: Option<&[u8]> = row.get::<Option<&[u8]>>(5)?;
    let fingerprint = fingerprint
        .map(|bytes| bytes.try_into().map(Fingerprint).map_err(|_| Fault::corrupt("a fingerprint")))
        .transpose()?;
    let id = object_id(row.get::<&[u8]>(1)?)?;
    let known = Known {
        row: row.get(0)?,
        id,
        kind: kind_of(row.get(2)?)?,
        state: state_of(row.get(3)?)?,
        sync_enabled: row.get(4)?,
        fingerprint,
        errors: u64::try_from(row.get::<i64>(6)?).unwrap_or(0),
    };
    Ok((known, row.get::<Option<String>>(7)?.map(anchor).transpose()?))
}

impl SqlView<'_> {
    /// The object of an anchor given as text.
    pub(super) fn known(&self, anchor: &str) -> Result<Option<Known>> {
        if let Some(known) = self.0.ahead(|ahead| ahead.by_anchor(anchor)) {
            return Ok(known);
        }
        Ok(first(self.0, columns!(" FROM object WHERE anchor = ?1"), [anchor], read_known)?
            .map(|(known, _)| known))
    }
}

/// The handle, kind and state of an anchor: what a link needs.
pub(super) fn link_end(connection: Connection<'_>, anchor: &str) -> Result<Option<(Row, ObjectKind, State)>> {
    if let Some(known) = connection.ahead(|ahead| ahead.by_anchor(anchor)) {
        return Ok(known.map(|known| (known.row, known.kind, known.state)));
    }
    let sql = "SELECT oid, kind, state FROM object WHERE anchor = ?1";
    first(connection, sql, [anchor], |row| Ok((row.get(0)?, kind_of(row.get(1)?)?, state_of(row.get(2)?)?)))
}

impl View for SqlView<'_> {
    type Error = Fault;

    fn by_anchor(&mut self, anchor: &SourceAnchor) -> Result<Option<Known>> {
        self.known(anchor.as_str())
    }

    fn holder(&mut self, claim: &Claim) -> Result<Option<Row>> {
        if let Some(holder) = self.0.ahead(|ahead| ahead.holder(claim)) {
            return Ok(holder);
        }
        let sql = "SELECT oid FROM claim WHERE space = ?1 AND key = ?2";
        first(self.0, sql, (space_code(claim.space), claim.key.as_str()), |row| row.get(0))
    }

    fn by_row(&mut self, row: Row) -> Result<(Known, Option<SourceAnchor>)> {
        let known = self
            .0
            .ahead(|ahead| ahead.by_row(row).map(|before| (before.known.clone(), before.anchor.clone())));
        if let Some(known) = known {
            return Ok(known);
        }
        first(self.0, columns!(" FROM object WHERE oid = ?1"), [row], read_known)?
            .ok_or_else(|| Fault::corrupt("the holder of a value"))
    }

    fn object_ref(&mut self, row: Row) -> Result<ObjectRef> {
        object_ref(self.0, row)?.ok_or_else(|| Fault::corrupt("the other object of an error"))
    }

    fn stored(&mut self, row: Row) -> Result<(Properties, Held)> {
        if let Some(stored) = self.0.ahead(|ahead| ahead.stored(row)) {
            return Ok(stored);
        }
        let sql = "SELECT body, held FROM body WHERE oid = ?1";
        first(self.0, sql, [row], |found| {
            let body = found.get::<&str>(0)?;
            let held = found.get::<Option<&str>>(1)?;
            let held =
                held.map_or_else(|| Ok(Held::default()), |text| from_json(text, "an object's held values"))?;
            Ok((from_json(body, "an object's properties")?, held))
        })?
        .ok_or_else(|| Fault::corrupt("an object"))
    }
}

macro_rules! names {
    ($condition:literal) => {
        concat!(
            "SELECT o.kind, o.id, o.anchor, b.body ->> 'displayName', ",
            "b.body ->> 'onPremisesDistinguishedName', o.oid ",
            "FROM object o JOIN body b ON b.oid = o.oid WHERE ",
            $condition
        )
    };
}

fn read_ref(row: &Record<'_>) -> Result<ObjectRef> {
    let anchor = row.get::<Option<String>>(2)?.map(anchor).transpose()?;
    let dn: Option<String> = row.get(4)?;
    let name: Option<String> = row.get(3)?;
    let name = name.or_else(|| dn.clone()).or_else(|| anchor.as_ref().map(ToString::to_string));
    Ok(ObjectRef {
        kind: Some(kind_of(row.get(0)?)?),
        id: Some(object_id(row.get::<&[u8]>(1)?)?),
        anchor,
        name: name.unwrap_or_default(),
        dn,
    })
}

/// The names of an object.
pub(super) fn object_ref(connection: Connection<'_>, row: Row) -> Result<Option<ObjectRef>> {
    first(connection, names!("o.oid = ?1"), [row], read_ref)
}

/// The names of the living object with this anchor, and its handle.
pub(super) fn living_ref(connection: Connection<'_>, anchor: &str) -> Result<Option<(Row, ObjectRef)>> {
    first(connection, names!("o.anchor = ?1 AND o.state = 0"), [anchor], |row| {
        Ok((row.get(5)?, read_ref(row)?))
    })
}
