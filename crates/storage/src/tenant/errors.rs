//! The errors of objects: written as a difference, so that first seen and attempts stay; read with the names
//! that the objects have today.

use super::batch::Batch;
use super::counters::{Counter, category_name};
use super::rows::{Result, all, first, from_json, kind_code, micros, run, time, to_json};
use super::view::{living_ref, object_ref};
use crate::sql::{Connection, Record, Value};
use lockstep_model::error::Severity;
use lockstep_model::{ErrorCategory, ErrorCode, Fingerprint, ObjectKind, SyncError, Timestamp};
use lockstep_tenant::provision::{Row, explain};
use lockstep_tenant::{ErrorQuery, ErrorRow, HistoryOutcome, Ignored, Page, ProvisioningError, Shown};
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
    other: Option<Row>,
    ignored: bool,
}

fn existing(connection: Connection<'_>, anchor: &str) -> Result<Vec<Existing>> {
    let sql = "SELECT eid, origin, code, property, value, kind, blocked, category, other, ignored_at \
               FROM error WHERE anchor = ?1";
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
            other: row.get(8)?,
            ignored: row.get::<Option<i64>>(9)?.is_some(),
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
                Some(same) => self.refresh_error(anchor, origin, same, error)?,
                None => self.insert_error(anchor, origin, error)?,
            }
        }
        for gone in left {
            run(self.connection, "DELETE FROM error WHERE eid = ?1", [gone.eid])?;
            self.deltas.add(counter_of(gone), -1);
        }
        let after = existing(self.connection, anchor)?;
        self.count_users((had_user, had_blocked), &after);
        let count = i64::try_from(after.len()).unwrap_or(i64::MAX);
        run(self.connection, "UPDATE object SET errors = ?2 WHERE anchor = ?1", (anchor, count))?;
        Ok(())
    }

    fn count_users(&mut self, (had_user, had_blocked): (bool, bool), after: &[Existing]) {
        let (has_user, has_blocked) = user_flags(after);
        self.deltas.add(Counter::UsersWithErrors, i64::from(has_user) - i64::from(had_user));
        self.deltas.add(Counter::UsersBlocked, i64::from(has_blocked) - i64::from(had_blocked));
    }

    /// The source sends an object with this fingerprint: what was ignored while it sent another is shown again.
    pub(super) fn source_changed(&mut self, anchor: &str, fingerprint: Fingerprint) -> Result<()> {
        if !self.any_ignored {
            return Ok(());
        }
        let sql = "SELECT eid FROM error WHERE anchor = ?1 AND ignored_at IS NOT NULL AND source IS DISTINCT FROM ?2";
        let changed = all(self.connection, sql, (anchor, fingerprint.0.as_slice()), |row| row.get::<i64>(0))?;
        self.show_all(anchor, &changed)
    }

    /// An object is about to go for good: errors that name it as the other one name none from now on.
    pub(super) fn other_goes(&mut self, row: Row) -> Result<()> {
        if self.any_ignored {
            let sql = "SELECT anchor, eid FROM error WHERE other = ?1 AND ignored_at IS NOT NULL";
            let found =
                all(self.connection, sql, [row], |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?)))?;
            for (anchor, eid) in found {
                self.show_all(&anchor, &[eid])?;
            }
        }
        run(self.connection, "UPDATE error SET other = NULL WHERE other = ?1", [row])
    }

    fn show_all(&mut self, anchor: &str, eids: &[i64]) -> Result<()> {
        if eids.is_empty() {
            return Ok(());
        }
        let before = existing(self.connection, anchor)?;
        for error in before.iter().filter(|error| eids.contains(&error.eid)) {
            self.show_again(anchor, error)?;
        }
        let after = existing(self.connection, anchor)?;
        self.count_users(user_flags(&before), &after);
        Ok(())
    }

    /// An ignored error is ignored no more. Whoever asks counts the users.
    fn show_again(&mut self, anchor: &str, error: &Existing) -> Result<()> {
        let sql = "UPDATE error SET ignored_by = NULL, ignored_at = NULL WHERE eid = ?1";
        run(self.connection, sql, [error.eid])?;
        self.deltas.add(Counter::IgnoredErrors, -1);
        self.deltas.add(Counter::Errors(category_of(&error.category)), 1);
        if let Some(body) = body_of(self.connection, error.eid)? {
            self.note_error(anchor, HistoryOutcome::ErrorShown, &body)?;
        }
        Ok(())
    }

    /// Ignores an error, or shows it again, as a person asks.
    fn set_ignored(&mut self, anchor: &str, eid: i64, ignore: bool, actor: &str) -> Result<()> {
        let before = existing(self.connection, anchor)?;
        let Some(error) = before.iter().find(|error| error.eid == eid && error.ignored != ignore) else {
            return Ok(());
        };
        if !ignore {
            return self.show_all(anchor, &[eid]);
        }
        // What was found beside what is sent is known by what was sent last.
        let sql = "UPDATE error SET ignored_by = ?2, ignored_at = ?3, source = coalesce(source, \
                   (SELECT o.fingerprint FROM object o WHERE o.anchor = error.anchor)) WHERE eid = ?1";
        run(self.connection, sql, (eid, actor, micros(self.now)))?;
        self.deltas.add(Counter::Errors(category_of(&error.category)), -1);
        self.deltas.add(Counter::IgnoredErrors, 1);
        let after = existing(self.connection, anchor)?;
        self.count_users(user_flags(&before), &after);
        match body_of(self.connection, eid)? {
            Some(body) => self.note_error(anchor, HistoryOutcome::ErrorIgnored, &body),
            None => Ok(()),
        }
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
                   first_seen, last_seen, attempts, body, search, source) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 1, ?11, ?12, ?13)";
        let sent = self.sent_by(origin);
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
                sent.as_ref().map(|sent| sent.0.as_slice()),
            ),
        )?;
        self.deltas.add(Counter::Errors(category), 1);
        Ok(())
    }

    /// What was sent, where an error is found in it.
    fn sent_by(&self, origin: Origin) -> Option<Fingerprint> {
        self.sent.filter(|_| origin == Origin::Tenant)
    }

    fn refresh_error(
        &mut self,
        anchor: &str,
        origin: Origin,
        same: &Existing,
        error: &SyncError,
    ) -> Result<()> {
        let other = self.other_row(error)?;
        if same.ignored {
            // What a client finds in an object that it does not send, only its words tell.
            let reworded = origin == Origin::Client
                && body_of(self.connection, same.eid)?.is_some_and(|before| before.message != error.message);
            if other != same.other || reworded {
                self.show_again(anchor, same)?;
            }
        }
        let sql = "UPDATE error SET last_seen = ?2, attempts = attempts + 1, other = ?3, body = ?4, search = ?5, \
                   source = coalesce(?6, source) WHERE eid = ?1";
        let sent = self.sent_by(origin);
        let sent = sent.as_ref().map(|sent| sent.0.as_slice());
        let params = (same.eid, micros(self.now), other, to_json(error)?, search_text(error), sent);
        run(self.connection, sql, params)?;
        Ok(())
    }
}

/// Whether a user is among those that are not ignored, and whether blocked.
fn user_flags(errors: &[Existing]) -> (bool, bool) {
    let mut users = errors.iter().filter(|e| e.is_user && !e.ignored).peekable();
    (users.peek().is_some(), users.any(|e| e.blocked))
}

/// Where an error is counted.
fn counter_of(error: &Existing) -> Counter {
    if error.ignored { Counter::IgnoredErrors } else { Counter::Errors(category_of(&error.category)) }
}

/// An error as it was last raised.
fn body_of(connection: Connection<'_>, eid: i64) -> Result<Option<SyncError>> {
    let text = first(connection, "SELECT body FROM error WHERE eid = ?1", [eid], |row| row.get::<String>(0))?;
    text.map(|text| from_json(&text, "an error")).transpose()
}

/// Ignores an error until what it is about changes, or shows it again; none where there is no such error.
pub(super) fn ignore(
    connection: Connection<'_>,
    eid: i64,
    ignore: bool,
    actor: String,
    now: Timestamp,
) -> Result<Option<ErrorRow>> {
    let sql = "SELECT anchor FROM error WHERE eid = ?1";
    let Some(anchor) = first(connection, sql, [eid], |row| row.get::<String>(0))? else { return Ok(None) };
    let mut batch = Batch::begin_by(connection, now, actor.clone())?;
    batch.set_ignored(&anchor, eid, ignore, &actor)?;
    batch.finish()?;
    one(connection, eid)
}

/// The columns that [`read_row`] takes.
const ROW: &str = "eid, anchor, body, other, origin, first_seen, last_seen, attempts, ignored_by, ignored_at";

fn read_row(connection: Connection<'_>, row: &Record<'_>) -> Result<ErrorRow> {
    let anchor: String = row.get(1)?;
    let body: String = row.get(2)?;
    let error = refreshed(connection, &anchor, &body, row.get(3)?, row.get(4)?)?;
    let ignored = match (row.get::<Option<String>>(8)?, row.get::<Option<i64>>(9)?) {
        (by, Some(at)) => Some(Ignored { by: by.unwrap_or_default(), at: time(at)? }),
        (_, None) => None,
    };
    Ok(ErrorRow {
        id: row.get(0)?,
        category: error.code.category(),
        severity: error.code.severity(),
        error,
        first_seen: time(row.get(5)?)?,
        last_seen: time(row.get(6)?)?,
        attempts: u64::try_from(row.get::<i64>(7)?).unwrap_or(0),
        ignored,
    })
}

/// All errors of an anchor, ignored or not, in the order in which they came.
pub(super) fn of_anchor(connection: Connection<'_>, anchor: &str) -> Result<Vec<ErrorRow>> {
    let sql = format!("SELECT {ROW} FROM error WHERE anchor = ?1 ORDER BY eid");
    all(connection, &sql, [anchor], |row| read_row(connection, row))
}

/// One error.
pub(super) fn one(connection: Connection<'_>, eid: i64) -> Result<Option<ErrorRow>> {
    first(connection, &format!("SELECT {ROW} FROM error WHERE eid = ?1"), [eid], |row| {
        read_row(connection, row)
    })
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
    match query.shown {
        Shown::Open => conditions.push("ignored_at IS NULL"),
        Shown::Ignored => conditions.push("ignored_at IS NOT NULL"),
        Shown::All => {}
    }
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
    let counted = query.shown == Shown::Open
        && query.kind.is_none()
        && query.object.is_none()
        && query.search.is_none();
    let count = if counted {
        let errors: BTreeMap<_, _> = super::counters::counts(connection)?.errors;
        match query.category {
            Some(category) => errors.get(&category).copied().unwrap_or(0),
            None => errors.values().sum(),
        }
    } else {
        let filter = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
        let sql = format!("SELECT count(*) FROM error WHERE {filter}");
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
    let sql = format!("SELECT {ROW} FROM error WHERE {filter} ORDER BY last_seen DESC, eid DESC LIMIT ?");
    let mut rows = all(connection, &sql, &params, |row| read_row(connection, row))?;
    let more = rows.len() > top;
    rows.truncate(top);
    let next = match rows.last() {
        Some(last) if more => Some(super::token::encode(&(micros(last.last_seen), last.id))?),
        _ => None,
    };
    Ok(Page { items: rows, next, count: Some(count) })
}
