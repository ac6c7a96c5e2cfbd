//! Tokens, local users, one-time links and sessions. Of a secret only its SHA-256 is here.

use super::organization::{client_of, put_client};
use super::rows::{
    Result, all, first, micros, optional_time, role_code, role_of, run, run_counted, time, uuid,
};
use crate::sql::{Connection, Record};
use lockstep_model::{ClientId, Timestamp};
use lockstep_tenant::store::SecretHash;
use lockstep_tenant::{LocalUser, Role, Session, TokenRecord};

macro_rules! tokens {
    ($rest:literal) => {
        concat!("SELECT name, role, client, created_at, expires_at FROM token ", $rest)
    };
}

fn read_token(row: &Record<'_>) -> Result<TokenRecord> {
    let client = row.get::<Option<&[u8]>>(2)?;
    Ok(TokenRecord {
        name: row.get(0)?,
        role: role_of(row.get::<&str>(1)?)?,
        client: client.map(|bytes| uuid(bytes).map(ClientId)).transpose()?,
        created_at: time(row.get(3)?)?,
        expires_at: optional_time(row.get(4)?)?,
    })
}

pub(super) fn put_token(
    connection: Connection<'_>,
    secret: SecretHash,
    mut record: TokenRecord,
    now: Timestamp,
) -> Result<TokenRecord> {
    if record.role == Role::SyncClient {
        match record.client {
            Some(client) => put_client(connection, client, &record.name)?,
            None => record.client = Some(client_of(connection, &record.name, now)?),
        }
    }
    write(connection, secret, &record, false)?;
    Ok(record)
}

/// Answers whether it was written: a code takes the place of another code, and of no token.
fn write(connection: Connection<'_>, secret: SecretHash, record: &TokenRecord, code: bool) -> Result<bool> {
    let sql = "INSERT INTO token (name, secret, role, client, created_at, expires_at, code) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO UPDATE SET secret = excluded.secret, \
               role = excluded.role, client = excluded.client, created_at = excluded.created_at, \
               expires_at = excluded.expires_at, code = excluded.code \
               WHERE excluded.code = 0 OR token.code = 1";
    let client = record.client.map(|client| client.0.as_bytes().to_vec());
    let (created, expires) = (micros(record.created_at), record.expires_at.map(micros));
    let params = (&record.name, secret.as_slice(), role_code(record.role), client, created, expires, code);
    Ok(run_counted(connection, sql, params)? > 0)
}

pub(super) fn put_code(
    connection: Connection<'_>,
    secret: SecretHash,
    mut record: TokenRecord,
    now: Timestamp,
) -> Result<Option<TokenRecord>> {
    let taken = "SELECT 1 FROM token WHERE name = ?1 AND code = 0";
    if first(connection, taken, [&record.name], |_| Ok(()))?.is_some() {
        return Ok(None);
    }
    record.client = Some(client_of(connection, &record.name, now)?);
    Ok(write(connection, secret, &record, true)?.then_some(record))
}

/// In place: a name has one secret, and of two that bring the same code the second finds none.
pub(super) fn change_code(
    connection: Connection<'_>,
    code: SecretHash,
    secret: SecretHash,
    now: Timestamp,
) -> Result<Option<TokenRecord>> {
    let sql = "UPDATE token SET secret = ?2, code = 0, created_at = ?3, expires_at = NULL \
               WHERE secret = ?1 AND code = 1 AND expires_at > ?3";
    let changed = run_counted(connection, sql, (code.as_slice(), secret.as_slice(), micros(now)))?;
    if changed == 0 { Ok(None) } else { token(connection, secret, now) }
}

pub(super) fn token(
    connection: Connection<'_>,
    secret: SecretHash,
    now: Timestamp,
) -> Result<Option<TokenRecord>> {
    let sql = tokens!("WHERE secret = ?1 AND (expires_at IS NULL OR expires_at > ?2)");
    first(connection, sql, (secret.as_slice(), micros(now)), read_token)
}

pub(super) fn tokens(connection: Connection<'_>) -> Result<Vec<TokenRecord>> {
    all(connection, tokens!("ORDER BY name"), (), read_token)
}

pub(super) fn remove_token(connection: Connection<'_>, name: &str) -> Result<bool> {
    Ok(run_counted(connection, "DELETE FROM token WHERE name = ?1", [name])? > 0)
}

fn read_user(row: &Record<'_>) -> Result<LocalUser> {
    Ok(LocalUser { name: row.get(0)?, password_hash: row.get(1)?, role: role_of(row.get::<&str>(2)?)? })
}

pub(super) fn put_user(connection: Connection<'_>, user: &LocalUser) -> Result<()> {
    let sql = "INSERT INTO local_user (name, password_hash, role) VALUES (?1, ?2, ?3) ON CONFLICT (name) \
               DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role";
    let name = user.name.to_lowercase();
    run(connection, sql, (&name, &user.password_hash, role_code(user.role)))?;
    run(connection, "DELETE FROM session WHERE user_name = ?1", [name])?;
    Ok(())
}

pub(super) fn user(connection: Connection<'_>, name: &str) -> Result<Option<LocalUser>> {
    let sql = "SELECT name, password_hash, role FROM local_user WHERE name = ?1";
    first(connection, sql, [name.to_lowercase()], read_user)
}

pub(super) fn users(connection: Connection<'_>) -> Result<Vec<LocalUser>> {
    all(connection, "SELECT name, password_hash, role FROM local_user ORDER BY name", (), read_user)
}

pub(super) fn remove_user(connection: Connection<'_>, name: &str) -> Result<bool> {
    let name = name.to_lowercase();
    run(connection, "DELETE FROM session WHERE user_name = ?1", [&name])?;
    Ok(run_counted(connection, "DELETE FROM local_user WHERE name = ?1", [&name])? > 0)
}

pub(super) fn put_session(
    connection: Connection<'_>,
    secret: SecretHash,
    session: &Session,
    link: bool,
) -> Result<()> {
    let sql = "INSERT INTO session (secret, link, user_name, role, expires_at) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (secret) DO UPDATE SET user_name = excluded.user_name, role = excluded.role, \
               expires_at = excluded.expires_at WHERE session.link = excluded.link";
    let name = session.user.to_lowercase();
    run(
        connection,
        sql,
        (secret.as_slice(), link, name, role_code(session.role), micros(session.expires_at)),
    )?;
    Ok(())
}

pub(super) fn lengthen_session(
    connection: Connection<'_>,
    secret: SecretHash,
    expires_at: Timestamp,
) -> Result<()> {
    let sql = "UPDATE session SET expires_at = ?2 WHERE secret = ?1 AND link = 0 AND expires_at < ?2";
    run(connection, sql, (secret.as_slice(), micros(expires_at)))
}

pub(super) fn session(
    connection: Connection<'_>,
    secret: SecretHash,
    link: bool,
    now: Timestamp,
) -> Result<Option<Session>> {
    let sql = "SELECT user_name, role, expires_at FROM session \
               WHERE secret = ?1 AND link = ?2 AND expires_at > ?3";
    first(connection, sql, (secret.as_slice(), link, micros(now)), |row| {
        Ok(Session { user: row.get(0)?, role: role_of(row.get::<&str>(1)?)?, expires_at: time(row.get(2)?)? })
    })
}

pub(super) fn take_link(
    connection: Connection<'_>,
    secret: SecretHash,
    now: Timestamp,
) -> Result<Option<Session>> {
    let found = session(connection, secret, true, now)?;
    run(connection, "DELETE FROM session WHERE secret = ?1 AND link = 1", [secret.as_slice()])?;
    Ok(found)
}

pub(super) fn remove_session(connection: Connection<'_>, secret: SecretHash) -> Result<()> {
    run(connection, "DELETE FROM session WHERE secret = ?1 AND link = 0", [secret.as_slice()])?;
    Ok(())
}
