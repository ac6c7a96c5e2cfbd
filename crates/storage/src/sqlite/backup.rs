//! Copies of a tenant's file: made while it is in use, checked, and made ready to be used in place of another.
//!
//! **Invariant:** a copy is one state of the tenant, whole; nothing here writes to the file that is copied.

use super::tenant::{add_functions, migrations};
use super::{Options, Prepare, open_connection};
use crate::sql;
use crate::tenant::lease_restored;
use lockstep_model::{TenantId, Timestamp};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Lines of what is damaged that are told.
const TOLD: usize = 3;

/// Why a copy was not made, or is none.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It cannot be opened.
    #[error("{path}: the database cannot be opened; check that the file is there and may be read")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The copy cannot be written.
    #[error("{path}: the copy cannot be written; check the space and the rights of its folder")]
    Write {
        /// The copy.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// SQLite finds it damaged.
    #[error("{path}: the database is damaged ({found}); take another backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found first.
        found: String,
    },
    /// It is no tenant.
    #[error("{path}: this is no backup of a Lockstep tenant")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer program wrote it.
    #[error(
        "{path}: a newer version of Lockstep wrote it (its tables are of version {found}, this program knows {known}); use that version"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// It cannot be brought to this version, or made ready.
    #[error("{path}: the copy cannot be made ready to be used")]
    Prepare {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// The tenant's id.
    pub tenant: TenantId,
    /// Its name.
    pub display_name: String,
    /// Version of the tables.
    pub schema: u32,
    /// Living users.
    pub users: u64,
    /// Living groups.
    pub groups: u64,
    /// Living contacts.
    pub contacts: u64,
    /// Living devices.
    pub devices: u64,
    /// Objects that are deleted and can be restored.
    pub deleted: u64,
    /// When an object changed last; none where no history is kept.
    pub last_change: Option<Timestamp>,
}

/// Writes a copy of a tenant's file to `to`, which is empty or not there. The file may be in use; writers do not wait.
///
/// # Errors
/// [`BackupError::Open`], [`BackupError::Write`].
pub fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let open = |source| BackupError::Open { path: from.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags).map_err(open)?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(open)?;
    add_functions(&connection).map_err(open)?;
    // Of a log as it stands now; what is written meanwhile is not in it, and the log is not held up.
    connection
        .execute("VACUUM INTO ?1", [to.to_string_lossy()])
        .map(drop)
        .map_err(|source| BackupError::Write { path: to.to_owned(), source })
}

/// Whose a file is that may be in use; none where it does not say. Of what it holds nothing else is looked at.
pub fn whose(path: &Path) -> Option<TenantId> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).ok()?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).ok()?;
    let id: [u8; 16] = connection.query_row("SELECT id FROM tenant", (), |row| row.get(0)).ok()?;
    Some(TenantId(uuid::Uuid::from_bytes(id)))
}

/// Checks a copy that nobody uses, every page and every index of it, and says what it holds. Nothing is written, nor
/// beside it.
///
/// # Errors
/// All but [`BackupError::Write`] and [`BackupError::Prepare`].
pub fn contents(path: &Path) -> Result<Contents, BackupError> {
    let open = |source| BackupError::Open { path: path.to_owned(), source };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(path), flags).map_err(open)?;
    add_functions(&connection).map_err(open)?;
    let damaged = |found: String| BackupError::Damaged { path: path.to_owned(), found };
    let found = integrity(&connection).map_err(|error| damaged(error.to_string()))?;
    if found != ["ok"] {
        return Err(damaged(found.join("; ")));
    }
    let foreign = |source| BackupError::Foreign { path: path.to_owned(), source };
    let contents = read(&connection).map_err(foreign)?;
    let known = newest();
    if contents.schema > known {
        return Err(BackupError::Newer { path: path.to_owned(), found: contents.schema, known });
    }
    Ok(contents)
}

/// Makes a copy ready to be used in place of the tenant it was made of, or of what became of that since: brings its
/// tables to this version, ends the leases in it, and has sync clients and delta queries compare anew.
///
/// # Errors
/// [`BackupError::Prepare`].
pub fn prepare(path: &Path, now: Timestamp) -> Result<(), BackupError> {
    let failed = |source| BackupError::Prepare { path: path.to_owned(), source };
    let options =
        Options { prepare: Some(Prepare::with(add_functions)), shrinks: true, ..Options::default() };
    let mut connection = open_connection(path, &options, 8 * 1024).map_err(|e| failed(Box::new(e)))?;
    migrations(&mut connection).map_err(|e| failed(Box::new(e)))?;
    let mark = |connection: &mut Connection| -> Result<(), sql::Fault> {
        let transaction = connection.transaction()?;
        lease_restored(sql::Connection::Sqlite(&transaction), now)?;
        transaction.commit()?;
        // One file is left, and not three.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    };
    mark(&mut connection).map_err(|e| failed(Box::new(e)))?;
    connection.close().map_err(|(_, error)| failed(Box::new(error)))
}

/// Folds the log of a file that nobody uses into it, so that one file is all of it.
///
/// # Errors
/// [`BackupError::Open`]; then the log is left beside it.
pub fn settle(path: &Path) -> Result<(), BackupError> {
    let open = |source| BackupError::Open { path: path.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(open)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(open)?;
    connection.close().map_err(|(_, error)| open(error))
}

/// The newest version of the tables that this program knows.
fn newest() -> u32 {
    let versions = super::tenant::versions();
    versions.into_iter().max().unwrap_or(0)
}

fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({TOLD})"))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.collect()
}

fn read(connection: &Connection) -> rusqlite::Result<Contents> {
    let schema = connection
        .query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get::<_, u32>(0))?;
    let (tenant, display_name) = connection.query_row("SELECT id, display_name FROM tenant", [], |row| {
        Ok((TenantId(uuid::Uuid::from_bytes(row.get(0)?)), row.get::<_, String>(1)?))
    })?;
    let counter = |name: &str| -> rusqlite::Result<u64> {
        let sql = "SELECT coalesce((SELECT value FROM counter WHERE name = ?1), 0)";
        let value: i64 = connection.query_row(sql, [name], |row| row.get(0))?;
        Ok(u64::try_from(value).unwrap_or(0))
    };
    // Tables of the history came later than those of the tenant.
    let last = connection
        .query_row("SELECT max(at) FROM history_batch", [], |row| row.get::<_, Option<i64>>(0))
        .ok()
        .flatten();
    Ok(Contents {
        tenant,
        display_name,
        schema,
        users: counter("users")?,
        groups: counter("groups")?,
        contacts: counter("contacts")?,
        devices: counter("devices")?,
        deleted: counter("deleted")?,
        last_change: last.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
    })
}

/// A file that nobody changes, as SQLite is told of one: no log is looked for beside it, and none is made.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_is_an_address() {
        let check = |path: &str, expect: &str| assert_eq!(uri(Path::new(path)), expect);
        check("/srv/a.db", "file:/srv/a.db?immutable=1");
        check("/srv/a b?#%.db", "file:/srv/a%20b%3F%23%25.db?immutable=1");
    }

    #[test]
    fn what_is_no_backup_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert!(matches!(contents(&path), Err(BackupError::Open { .. })));
        std::fs::write(&path, "no database, though it is long enough to be looked at for its header")
            .unwrap();
        let found = contents(&path);
        assert!(matches!(found, Err(BackupError::Damaged { .. })), "{found:?}");
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        assert!(matches!(contents(&path), Err(BackupError::Foreign { .. })));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing was made beside them");
    }
}
