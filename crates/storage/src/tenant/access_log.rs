//! Changes of who gets in: each with its line in the log, by one transaction; and when tokens were used last.

use super::access;
use super::rows::{Fault, Result, all, first, micros, role_code, run, time};
use crate::sql::{Connection, Record};
use lockstep_model::Timestamp;
use lockstep_tenant::access::{
    AccessAction, AccessChange, AccessEvent, AccessLine, AccessRefusal, LINES_KEPT,
};
use lockstep_tenant::{LocalUser, Role, TokenRecord};
use std::collections::BTreeMap;

pub(super) fn change(
    connection: Connection<'_>,
    change: AccessChange,
    now: Timestamp,
) -> Result<std::result::Result<Option<TokenRecord>, AccessRefusal>> {
    let AccessChange { actor, action } = change;
    let mut made = None;
    let (event, subject, detail) = match action {
        AccessAction::AddPerson(user) => {
            if access::user(connection, &user.name)?.is_some() {
                return Ok(Err(AccessRefusal::Exists));
            }
            access::put_user(connection, &user)?;
            (AccessEvent::PersonAdded, user.name.to_lowercase(), Some(role_code(user.role).to_owned()))
        }
        AccessAction::SetRole { name, role } => {
            let Some(user) = access::user(connection, &name)? else {
                return Ok(Err(AccessRefusal::NotFound));
            };
            if role != Role::Admin && is_last_admin(connection, &user)? {
                return Ok(Err(AccessRefusal::LastAdmin));
            }
            access::put_user(connection, &LocalUser { role, ..user })?;
            (AccessEvent::RoleChanged, name.to_lowercase(), Some(role_code(role).to_owned()))
        }
        AccessAction::SetPassword { name, password_hash } => {
            let Some(user) = access::user(connection, &name)? else {
                return Ok(Err(AccessRefusal::NotFound));
            };
            access::put_user(connection, &LocalUser { password_hash, ..user })?;
            (AccessEvent::PasswordReset, name.to_lowercase(), None)
        }
        AccessAction::RemovePerson { name } => {
            let Some(user) = access::user(connection, &name)? else {
                return Ok(Err(AccessRefusal::NotFound));
            };
            if is_last_admin(connection, &user)? {
                return Ok(Err(AccessRefusal::LastAdmin));
            }
            access::remove_user(connection, &name)?;
            (AccessEvent::PersonRemoved, name.to_lowercase(), None)
        }
        AccessAction::AddToken(secret, record) => {
            if access::tokens(connection)?.iter().any(|held| held.name == record.name) {
                return Ok(Err(AccessRefusal::Exists));
            }
            let record = access::put_token(connection, secret, record, now)?;
            let told = (AccessEvent::TokenMade, record.name.clone(), Some(role_code(record.role).to_owned()));
            made = Some(record);
            told
        }
        AccessAction::RemoveToken { name } => {
            if !access::remove_token(connection, &name)? {
                return Ok(Err(AccessRefusal::NotFound));
            }
            run(connection, "DELETE FROM token_use WHERE name = ?1", [&name])?;
            (AccessEvent::TokenRevoked, name, None)
        }
        AccessAction::Tell { event, subject, detail } => (event, subject, detail),
    };
    write(connection, now, &actor, event, &subject, detail.as_deref())?;
    Ok(Ok(made))
}

fn is_last_admin(connection: Connection<'_>, user: &LocalUser) -> Result<bool> {
    let admins = access::users(connection)?.into_iter().filter(|held| held.role == Role::Admin).count();
    Ok(user.role == Role::Admin && admins <= 1)
}

fn write(
    connection: Connection<'_>,
    now: Timestamp,
    actor: &str,
    event: AccessEvent,
    subject: &str,
    detail: Option<&str>,
) -> Result<()> {
    let sql = "SELECT coalesce(max(id), 0) FROM access_log";
    let last: i64 = first(connection, sql, (), |row| row.get(0))?.unwrap_or(0);
    let sql =
        "INSERT INTO access_log (id, at, actor, event, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    run(connection, sql, (last + 1, micros(now), actor, event.as_str(), subject, detail))?;
    run(connection, "DELETE FROM access_log WHERE id <= ?1", [last + 1 - LINES_KEPT])?;
    Ok(())
}

fn read_line(row: &Record<'_>) -> Result<AccessLine> {
    Ok(AccessLine {
        id: row.get(0)?,
        at: time(row.get(1)?)?,
        actor: row.get(2)?,
        event: AccessEvent::from_name(row.get::<&str>(3)?).ok_or_else(|| Fault::corrupt("an event"))?,
        subject: row.get(4)?,
        detail: row.get(5)?,
    })
}

/// Lines before one, newest first.
pub(super) fn lines(connection: Connection<'_>, before: i64, top: usize) -> Result<Vec<AccessLine>> {
    let sql = "SELECT id, at, actor, event, subject, detail FROM access_log WHERE id < ?1 \
               ORDER BY id DESC LIMIT ?2";
    all(connection, sql, (before, i64::try_from(top).unwrap_or(i64::MAX)), read_line)
}

/// A token was used.
pub(super) fn note_use(connection: Connection<'_>, name: &str, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO token_use (name, used_at) VALUES (?1, ?2) \
               ON CONFLICT (name) DO UPDATE SET used_at = excluded.used_at";
    run(connection, sql, (name, micros(now)))?;
    Ok(())
}

/// When each token was used last, of those that were.
pub(super) fn uses(connection: Connection<'_>) -> Result<BTreeMap<String, Timestamp>> {
    let sql = "SELECT name, used_at FROM token_use ORDER BY name";
    let rows = all(connection, sql, (), |row| Ok((row.get::<String>(0)?, time(row.get(1)?)?)))?;
    Ok(rows.into_iter().collect())
}
