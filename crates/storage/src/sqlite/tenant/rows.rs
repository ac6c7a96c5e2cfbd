//! Values as they stand in columns, and rows as they are read back.

use crate::sqlite::SqliteError;
use lockstep_model::{ObjectId, ObjectKind, SourceAnchor, Timestamp};
use lockstep_tenant::Role;
use rusqlite::{CachedStatement, Connection, Params, Row, Rows};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub(super) type Result<T> = std::result::Result<T, SqliteError>;

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| SqliteError::corrupt("a time"))
}

pub(super) fn optional_time(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(time).transpose()
}

pub(super) fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|_| SqliteError::corrupt("an id"))
}

pub(super) fn object_id(bytes: &[u8]) -> Result<ObjectId> {
    uuid(bytes).map(ObjectId)
}

pub(super) const fn kind_code(kind: ObjectKind) -> i64 {
    match kind {
        ObjectKind::User => 0,
        ObjectKind::Group => 1,
        ObjectKind::Contact => 2,
        ObjectKind::Device => 3,
    }
}

pub(super) fn kind_of(code: i64) -> Result<ObjectKind> {
    match code {
        0 => Ok(ObjectKind::User),
        1 => Ok(ObjectKind::Group),
        2 => Ok(ObjectKind::Contact),
        3 => Ok(ObjectKind::Device),
        _ => Err(SqliteError::corrupt("a kind of object")),
    }
}

pub(super) fn anchor(text: String) -> Result<SourceAnchor> {
    SourceAnchor::new(text).map_err(|_| SqliteError::corrupt("a source anchor"))
}

pub(super) const fn role_code(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Reader => "reader",
        Role::SyncClient => "syncClient",
        Role::Scim => "scim",
    }
}

pub(super) fn role_of(code: &str) -> Result<Role> {
    match code {
        "admin" => Ok(Role::Admin),
        "reader" => Ok(Role::Reader),
        "syncClient" => Ok(Role::SyncClient),
        "scim" => Ok(Role::Scim),
        _ => Err(SqliteError::corrupt("a role")),
    }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| SqliteError::corrupt("a value that was to be stored"))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| SqliteError::corrupt(what))
}

/// The first row, if there is one.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// All rows.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows: Rows<'_> = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Runs a statement and answers how many rows changed.
pub(super) fn run(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    let mut statement: CachedStatement<'_> = connection.prepare_cached(sql)?;
    Ok(statement.execute(params)?)
}
