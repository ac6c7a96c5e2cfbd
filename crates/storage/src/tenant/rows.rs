//! Values as they stand in columns.

pub(super) use crate::sql::{Fault, Numbered, Result, all, first, insert, run, run_counted, run_each};
use lockstep_model::{ObjectId, ObjectKind, SourceAnchor, Timestamp};
use lockstep_tenant::Role;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| Fault::corrupt("a time"))
}

pub(super) fn optional_time(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(time).transpose()
}

pub(super) fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|_| Fault::corrupt("an id"))
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
        _ => Err(Fault::corrupt("a kind of object")),
    }
}

pub(super) fn anchor(text: String) -> Result<SourceAnchor> {
    SourceAnchor::new(text).map_err(|_| Fault::corrupt("a source anchor"))
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
        _ => Err(Fault::corrupt("a role")),
    }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Fault::corrupt("a value that was to be stored"))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| Fault::corrupt(what))
}
