//! The registry of the tenants that are files: which there are, and whom a domain leads to. A file of its own, small, which
//! every process of the server's machine may open.
//!
//! **Invariant:** a domain that is verified in a tenant is here as that tenant's: it is written here before it is verified
//! there, and taken out after it no longer is ([`Registry::settle`]).

use super::{Durability, Options, SqliteError, named, open_connection};
use lockstep_model::{TenantId, Timestamp};
use lockstep_tenant::TenantEntry;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite/tenants");
}

/// The number of the first tenant.
pub(super) const FIRST: i64 = 1;

/// Has a domain lead to a tenant, unless it leads to another, or the tenant is being removed.
const CLAIM: &str = "INSERT INTO verified_domain (name, tenant) SELECT ?1, ?2 \
                     WHERE NOT EXISTS (SELECT 1 FROM tenant WHERE number = ?2 AND state = 2) \
                     ON CONFLICT (name) DO NOTHING";

/// How a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    InUse = 0,
    Making = 1,
    Going = 2,
}

/// The open registry.
pub(super) struct Registry {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Registry {
    pub(super) fn open(path: &Path) -> Result<Self, SqliteError> {
        let options =
            Options { durability: Durability::PowerCut, checkpoint_pages: 200, ..Options::default() };
        let mut connection = open_connection(path, &options, 256)?;
        embedded::migrations::runner()
            .run(&mut connection)
            .map_err(|source| SqliteError::Migrate { path: path.to_owned(), source: Box::new(source) })?;
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    fn with<T>(
        &self,
        action: &'static str,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, SqliteError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        job(&mut connection).map_err(|error| named(error.into(), action, &self.path))
    }

    /// Has a domain lead to a tenant. Answers whether it does: not where it leads to another.
    pub(super) fn claim(&self, tenant: i64, domain: &str) -> Result<bool, SqliteError> {
        self.with("keeping whom a domain leads to", |c| {
            c.execute(CLAIM, params![domain, tenant])?;
            let sql = "SELECT tenant FROM verified_domain WHERE name = ?1";
            let owner: Option<i64> = c.query_row(sql, [domain], |row| row.get(0)).optional()?;
            Ok(owner == Some(tenant))
        })
    }

    /// Has exactly these domains lead to a tenant. Those that lead to another stay so, and are answered.
    pub(super) fn settle(&self, tenant: i64, verified: &[String]) -> Result<Vec<String>, SqliteError> {
        self.with("keeping whom domains lead to", |c| {
            let mut sql = c.prepare("SELECT name FROM verified_domain WHERE tenant = ?1")?;
            let before: Vec<String> = sql.query_map([tenant], |row| row.get(0))?.collect::<Result<_, _>>()?;
            drop(sql);
            let mut elsewhere = Vec::new();
            if before.len() == verified.len() && verified.iter().all(|name| before.contains(name)) {
                return Ok(elsewhere);
            }
            let transaction = c.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            for name in verified.iter().filter(|name| !before.contains(name)) {
                if transaction.execute(CLAIM, params![name, tenant])? == 0 {
                    elsewhere.push(name.clone());
                }
            }
            for name in before.iter().filter(|name| !verified.contains(name)) {
                let sql = "DELETE FROM verified_domain WHERE name = ?1 AND tenant = ?2";
                transaction.execute(sql, params![name, tenant])?;
            }
            transaction.commit()?;
            Ok(elsewhere)
        })
    }

    /// Says which tenant the first is.
    pub(super) fn put_first(&self, id: TenantId, created_at: Timestamp) -> Result<(), SqliteError> {
        self.with("keeping the first tenant", |c| {
            let sql = "INSERT INTO tenant (number, id, created_at, state) VALUES (1, ?1, ?2, 0) \
                       ON CONFLICT (number) DO UPDATE SET id = excluded.id, created_at = excluded.created_at";
            c.execute(sql, params![id.0.as_bytes().as_slice(), created_at.as_microsecond()]).map(drop)
        })
    }

    /// A place for a tenant: its number.
    pub(super) fn begin(
        &self,
        id: TenantId,
        created_at: Timestamp,
        state: State,
    ) -> Result<i64, SqliteError> {
        self.with("making a tenant", |c| {
            // 1 is the first tenant's, also where that is not known yet.
            let sql = "INSERT INTO tenant (number, id, created_at, state) \
                       VALUES ((SELECT max(1, coalesce(max(seq), 1)) + 1 FROM sqlite_sequence WHERE name = 'tenant'), ?1, ?2, ?3)";
            let at = created_at.as_microsecond();
            c.execute(sql, params![id.0.as_bytes().as_slice(), at, state as i64])?;
            Ok(c.last_insert_rowid())
        })
    }

    pub(super) fn set_state(&self, number: i64, state: State) -> Result<(), SqliteError> {
        self.with("keeping how a tenant is", |c| {
            c.execute("UPDATE tenant SET state = ?2 WHERE number = ?1", [number, state as i64]).map(drop)
        })
    }

    /// Says that a tenant is being removed; its domains are free with that.
    pub(super) fn let_go(&self, number: i64) -> Result<(), SqliteError> {
        self.with("keeping how a tenant is", |c| {
            let transaction = c.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            transaction
                .execute("UPDATE tenant SET state = ?2 WHERE number = ?1", [number, State::Going as i64])?;
            transaction.execute("DELETE FROM verified_domain WHERE tenant = ?1", [number])?;
            transaction.commit()
        })
    }

    /// Forgets a tenant.
    pub(super) fn remove(&self, number: i64) -> Result<(), SqliteError> {
        self.with("forgetting a tenant", |c| {
            c.execute("DELETE FROM verified_domain WHERE tenant = ?1", [number])?;
            c.execute("DELETE FROM tenant WHERE number = ?1", [number]).map(drop)
        })
    }

    /// Those that are not being made, the first one first.
    pub(super) fn list(&self) -> Result<Vec<TenantEntry>, SqliteError> {
        self.with("listing tenants", |c| {
            let sql = "SELECT number, id, created_at, state FROM tenant WHERE state <> 1 ORDER BY number";
            c.prepare_cached(sql)?.query_map([], |row| entry(row).map(|(_, entry)| entry))?.collect()
        })
    }

    /// Numbers and ids of those that were begun before, and came to nothing; and of those that are being removed.
    pub(super) fn unfinished(&self, before: Timestamp) -> Result<Vec<(i64, TenantId)>, SqliteError> {
        self.with("listing tenants", |c| {
            let sql = "SELECT number, id, created_at, state FROM tenant \
                       WHERE state = 2 OR (state = 1 AND created_at < ?1)";
            let read = |row: &Row<'_>| entry(row).map(|(number, entry)| (number, entry.id));
            c.prepare_cached(sql)?.query_map([before.as_microsecond()], read)?.collect()
        })
    }

    /// The tenant of an id, and its number.
    pub(super) fn by_id(&self, id: TenantId) -> Result<Option<(i64, TenantEntry)>, SqliteError> {
        self.with("looking for a tenant", |c| {
            let sql = "SELECT number, id, created_at, state FROM tenant WHERE id = ?1 AND state <> 1";
            c.prepare_cached(sql)?.query_row([id.0.as_bytes().as_slice()], entry).optional()
        })
    }

    /// The tenant that a domain leads to.
    pub(super) fn by_domain(&self, domain: &str) -> Result<Option<(i64, TenantEntry)>, SqliteError> {
        self.with("looking for a tenant", |c| {
            let sql = "SELECT t.number, t.id, t.created_at, t.state FROM verified_domain d \
                       JOIN tenant t ON t.number = d.tenant WHERE d.name = ?1 AND t.state <> 1";
            c.prepare_cached(sql)?.query_row([domain], entry).optional()
        })
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<(i64, TenantEntry)> {
    let wrong = |at: usize| rusqlite::Error::IntegralValueOutOfRange(at, 0);
    let number: i64 = row.get(0)?;
    let id: [u8; 16] = row.get(1)?;
    let created_at = Timestamp::from_microsecond(row.get(2)?).map_err(|_| wrong(2))?;
    let entry = TenantEntry {
        id: TenantId(Uuid::from_bytes(id)),
        created_at,
        is_first: number == FIRST,
        is_going: row.get::<_, i64>(3)? == State::Going as i64,
    };
    Ok((number, entry))
}
