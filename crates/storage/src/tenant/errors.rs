//! The errors of objects: written as a difference, so that first seen and attempts stay; read with the names
//! that the objects have today.

use super::batch::Batch;
use super::counters::{Counter, category_name};
use super::rows::{Result, all, first, from_json, kind_code, micros, run, time, to_json};
use super::view::{living_ref, object_ref};
use crate::sql::{Connection, Value};
use lockstep_model::error::Severity;
use lockstep_model::{ErrorCategory, ErrorCode, ObjectKind, SyncError};
use lockstep_tenant::provision::{Row, explain};
use lockstep_tenant::{ErrorQuery, ErrorRow, Page, ProvisioningError};
use std::collections::BTreeMap;

/// Who found an error. Each replaces its own only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The tenant, on an object that was sent.
    Tenant = 0,
    /// A sync client.
    Client = 1,
    /// The tenant, looking for rings of groups.
    Ring = 2,
    /// The tenant, looking for links that lead nowhere.
    Link = 3,
}

struct Existing {
    eid: i64,
    origin: i64,
    code: String,
    property: String,
    value: String,
    is_user: bool,
    blocked: bool,
    category: String,
}

fn existing(connection: Connection<'_>, anchor: &str) -> Result<Vec<Existing>> {
    let sql =
        "SELECT eid, origin, code, property, value, kind, blocked, category FROM error WHERE anchor = ?1";
    all(connection, sql, [anchor], |row| {
        Ok(Existing {
            eid: row.get(0)?,
            origin: row.get(1)?,
            code: row.get(2)?,
            property: row.get(3)?,
            value: row.get(4)?,
            is_user: row.get::<Option<i64>>(5)? == Some(kind_code(ObjectKind::User)),
            blocked: row.get(6)?,
            category: row.get(7)?,
        })
    })
}

fn category_of(name: &str) -> ErrorCategory {
    let known = super::counters::CATEGORIES.iter().find(|(_, known)| *known == name);
    known.map_or(ErrorCategory::Other, |(category, _)| *category)
}

impl Batch<'_> {
    /// Makes `errors` the errors of this origin on the object; those that stay are counted once more.
    pub(super) fn set_errors(&mut self, anchor: &str, origin: Origin, errors: &[SyncError]) -> Result<()> {
        if errors.is_empty() && !self.any_errors {
            return Ok(());
        }
        if errors.is_empty() && self.connection.ahead(|ahead| ahead.is_sound(anchor).then_some(())).is_some()
        {
            return Ok(());
        }
        let before = existing(self.connection, anchor)?;
        if errors.is_empty() && !before.iter().any(|e| e.origin == origin as i64) {
            return Ok(());
        }
        self.any_errors = true;
        let (had_user, had_blocked) = user_flags(&before);
        let mut left: Vec<&Existing> = before.iter().filter(|e| e.origin == origin as i64).collect();
        for error in errors {
            let code = error.code.as_str();
            let property = error.property.as_deref().unwrap_or_default();
            let value = error.value.as_deref().unwrap_or_default();
            let same = |e: &&Existing| e.code == code && e.property == property && e.value == value;
            match left.iter().position(same).map(|at| left.swap_remove(at)) {
                Some(same) => self.refresh_error(same.eid, error)?,
                None => self.insert_error(anchor, origin, error)?,
            }
        }
        for gone in left {
            run(self.connection, "DELETE FROM error WHERE eid = ?1", [gone.eid])?;
            self.deltas.add(Counter::Errors(category_of(&gone.category)), -1);
        }
        let after = existing(self.connection, anchor)?;
        let (has_user, has_blocked) = user_flags(&after);
        self.deltas.add(Counter::UsersWithErrors, i64::from(has_user) - i64::from(had_user));
        self.deltas.add(Counter::UsersBlocked, i64::from(has_blocked) - i64::from(had_blocked));
        let count = i64::try_from(after.len()).unwrap_or(i64::MAX);
        run(self.connection, "UPDATE object SET errors = ?2 WHERE anchor = ?1", (anchor, count))?;
        Ok(())
    }

    /// Removes every error of an object.
    pub(super) fn clear_errors(&mut self, anchor: &str) -> Result<()> {
        for origin in [Origin::Tenant, Origin::Client, Origin::Ring, Origin::Link] {
            self.set_errors(anchor, origin, &[])?;
        }
        Ok(())
    }

    /// The object was sent again with the same errors.
    pub(super) fn touch_errors(&self, anchor: &str) -> Result<()> {
        let sql = "UPDATE error SET attempts = attempts + 1, last_seen = ?2 WHERE anchor = ?1 AND origin = 0";
        run(self.connection, sql, (anchor, micros(self.now)))?;
        Ok(())
    }

    fn other_row(&self, error: &SyncError) -> Result<Option<Row>> {
        let Some(other) = &error.other else { return Ok(None) };
        if let Some(id) = other.id {
            let sql = "SELECT oid FROM object WHERE id = ?1";
            return first(self.connection, sql, [id.0.as_bytes().as_slice()], |row| row.get(0));
        }
        match &other.anchor {
            Some(anchor) => {
                let sql = "SELECT oid FROM object WHERE anchor = ?1";
                first(self.connection, sql, [anchor.as_str()], |row| row.get(0))
            }
            None => Ok(None),
        }
    }

    fn insert_error(&mut self, anchor: &str, origin: Origin, error: &SyncError) -> Result<()> {
        let category = error.code.category();
        let sql = "INSERT INTO error (anchor, origin, kind, code, category, blocked, property, value, other, \
                   first_seen, last_seen, attempts, body, search) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 1, ?11, ?12)";
        run(
            self.connection,
            sql,
            (
                anchor,
                origin as i64,
                error.object.kind.map(kind_code),
                error.code.as_str(),
                category_name(category),
                error.code.severity() == Severity::Blocked,
                error.property.as_deref().unwrap_or_default(),
                error.value.as_deref().unwrap_or_default(),
                self.other_row(error)?,
                micros(self.now),
                to_json(error)?,
                search_text(error),
            ),
        )?;
        self.deltas.add(Counter::Errors(category), 1);
        Ok(())
    }

    fn refresh_error(&self, eid: i64, error: &SyncError) -> Result<()> {
        let sql = "UPDATE error SET last_seen = ?2, attempts = attempts + 1, other = ?3, body = ?4, search = ?5 \
                   WHERE eid = ?1";
        let params = (eid, micros(self.now), self.other_row(error)?, to_json(error)?, search_text(error));
        run(self.connection, sql, params)?;
        Ok(())
    }
}

/// Whether a user is among them, and whether blocked.
fn user_flags(errors: &[Existing]) -> (bool, bool) {
    (errors.iter().any(|e| e.is_user), errors.iter().any(|e| e.is_user && e.blocked))
}

fn search_text(error: &SyncError) -> String {
    let mut text = String::new();
    let other = error.other.as_ref();
    let pieces = [
        Some(error.object.name.as_str()),
        error.object.dn.as_deref(),
        other.map(|other| other.name.as_str()),
        other.and_then(|other| other.dn.as_deref()),
        error.value.as_deref(),
        error.value_in_force.as_deref(),
        Some(error.message.as_str()),
    ];
    for piece in pieces.into_iter().flatten() {
        text.push_str(piece);
        text.push('\n');
    }
    text.to_lowercase()
}

/// The tenant's own errors of an object, as the client is told.
pub(super) fn of_object(connection: Connection<'_>, anchor: &str) -> Result<Vec<SyncError>> {
    let sql = "SELECT body, other, origin FROM error WHERE anchor = ?1 AND origin = 0 ORDER BY eid";
    let rows = all(connection, sql, [anchor], |row| {
        Ok((row.get::<String>(0)?, row.get::<Option<Row>>(1)?, row.get::<i64>(2)?))
    })?;
    rows.into_iter()
        .map(|(body, other, origin)| refreshed(connection, anchor, &body, other, origin))
        .collect()
}

/// An error with the names that its objects have today.
fn refreshed(
    connection: Connection<'_>,
    anchor: &str,
    body: &str,
    other: Option<Row>,
    origin: i64,
) -> Result<SyncError> {
    let mut error: SyncError = from_json(body, "an error")?;
    // A refused object may share its anchor with the very object it clashes with: it keeps what was sent.
    let refused = error.code == ErrorCode::ObjectTypeMismatch;
    if !refused && let Some((_, object)) = living_ref(connection, anchor)? {
        error.object = object;
    }
    if let Some(row) = other
        && let Some(object) = object_ref(connection, row)?
    {
        error.other = Some(object);
    }
    if origin != Origin::Client as i64 {
        explain(&mut error);
    }
    Ok(error)
}

/// Graph's form of an object's errors.
pub(super) fn provisioning_errors(
    connection: Connection<'_>,
    anchor: &str,
) -> Result<Vec<ProvisioningError>> {
    let sql = "SELECT code, first_seen, property, value FROM error WHERE anchor = ?1 ORDER BY eid";
    all(connection, sql, [anchor], |row| {
        let property: String = row.get(2)?;
        Ok(ProvisioningError {
            category: row.get(0)?,
            occurred_date_time: time(row.get(1)?)?,
            property_causing_error: capitalized(&property),
            value: row.get(3)?,
        })
    })
}

/// `proxyAddresses` as Graph's errors write it: `ProxyAddresses`.
fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A page of the list of errors.
pub(super) fn list(connection: Connection<'_>, query: &ErrorQuery) -> Result<Page<ErrorRow>> {
    let mut conditions: Vec<&str> = Vec::new();
    let mut params: Vec<Value> = Vec::new();
    if let Some(category) = query.category {
        conditions.push("category = ?");
        params.push(category_name(category).to_owned().into());
    }
    if let Some(kind) = query.kind {
        conditions.push("kind = ?");
        params.push(kind_code(kind).into());
    }
    if let Some(object) = query.object {
        conditions.push("anchor = (SELECT anchor FROM object WHERE id = ?)");
        params.push(object.0.as_bytes().to_vec().into());
    }
    if let Some(text) = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        conditions.push("instr(search, ?) > 0");
        params.push(text.to_lowercase().into());
    }
    let count = if query.kind.is_none()
        && query.object.is_none()
        && conditions.len() <= 1
        && query.search.is_none()
    {
        let errors: BTreeMap<_, _> = super::counters::counts(connection)?.errors;
        match query.category {
            Some(category) => errors.get(&category).copied().unwrap_or(0),
            None => errors.values().sum(),
        }
    } else {
        let sql = format!("SELECT count(*) FROM error WHERE {}", conditions.join(" AND "));
        let count: i64 = first(connection, &sql, &params, |row| row.get(0))?.unwrap_or(0);
        u64::try_from(count).unwrap_or(0)
    };
    if let Some(token) = &query.after {
        let (seen, eid): (i64, i64) = super::token::decode(token)?;
        conditions.push("(last_seen, eid) < (?, ?)");
        params.push(seen.into());
        params.push(eid.into());
    }
    let top = query.top.clamp(1, 999);
    params.push(i64::try_from(top + 1).unwrap_or(1_000).into());
    let filter = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    let sql = format!(
        "SELECT eid, anchor, body, other, origin, first_seen, last_seen, attempts FROM error WHERE {filter} \
         ORDER BY last_seen DESC, eid DESC LIMIT ?"
    );
    let mut rows = all(connection, &sql, &params, |row| {
        let anchor: String = row.get(1)?;
        let body: String = row.get(2)?;
        let error = refreshed(connection, &anchor, &body, row.get(3)?, row.get(4)?)?;
        Ok(ErrorRow {
            id: row.get(0)?,
            category: error.code.category(),
            severity: error.code.severity(),
            error,
            first_seen: time(row.get(5)?)?,
            last_seen: time(row.get(6)?)?,
            attempts: u64::try_from(row.get::<i64>(7)?).unwrap_or(0),
        })
    })?;
    let more = rows.len() > top;
    rows.truncate(top);
    let next = match rows.last() {
        Some(last) if more => Some(super::token::encode(&(micros(last.last_seen), last.id))?),
        _ => None,
    };
    Ok(Page { items: rows, next, count: Some(count) })
}
