//! The tenant's store on SQLite: one file.

use super::{Database, Options, Prepare, SqliteError};
use crate::sql::{self, Fault};
use crate::tenant::{Jobs, SqlTenantStore};
use lockstep_tenant::StoreError;
use lockstep_tenant::provision::name_key;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::path::Path;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite/tenant");
}

/// A tenant in one SQLite file. Cloning is cheap.
pub type SqliteTenantStore = SqlTenantStore<Database>;

impl SqliteTenantStore {
    /// Opens or makes the file, and brings its tables to this version. What is answered as written survives a
    /// power cut.
    ///
    /// # Errors
    /// [`SqliteError::Open`], [`SqliteError::Migrate`].
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        Self::open_with(path, &Options::default())
    }

    /// As [`SqliteTenantStore::open`], with the options of the database given.
    ///
    /// # Errors
    /// [`SqliteError::Open`], [`SqliteError::Migrate`].
    pub fn open_with(path: &Path, options: &Options) -> Result<Self, SqliteError> {
        let options =
            Options { prepare: Some(Prepare::with(add_functions)), shrinks: true, ..options.clone() };
        Ok(Self { jobs: Database::open(path, &options, migrations)? })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        self.jobs.path()
    }
}

impl Jobs for Database {
    async fn write<T, F>(&self, action: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(sql::Connection<'_>) -> sql::Result<T> + Send + 'static,
    {
        let job = move |c: &Connection| Ok(job(sql::Connection::Sqlite(c))?);
        Self::write(self, action, job).await.map_err(|error| told(error, action))
    }

    async fn write_batch<T, F>(&self, action: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(sql::Connection<'_>) -> sql::Result<T> + Send + 'static,
    {
        let job = move |c: &Connection| Ok(job(sql::Connection::Sqlite(c))?);
        Self::write_batch(self, action, job).await.map_err(|error| told(error, action))
    }

    async fn read<T, F>(&self, action: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(sql::Connection<'_>) -> sql::Result<T> + Send + Sync + 'static,
    {
        let job = move |c: &Connection| Ok(job(sql::Connection::Sqlite(c))?);
        Self::read(self, action, job).await.map_err(|error| told(error, action))
    }
}

/// Brings the tables to this version.
pub(super) fn migrations(connection: &mut Connection) -> Result<(), refinery::Error> {
    embedded::migrations::runner().run(connection).map(drop)
}

/// The versions of the tables that there are.
pub(super) fn versions() -> Vec<u32> {
    let runner = embedded::migrations::runner();
    runner.get_migrations().iter().filter_map(|migration| u32::try_from(migration.version()).ok()).collect()
}

/// `fold(text)`: lower case of all scripts, as keys are stored. `claim_domain` and `release_domain`, where the file is that
/// of a server's only tenant: any domain leads to it.
pub(super) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    for name in ["claim_domain", "release_domain"] {
        connection.create_scalar_function(name, 1, FunctionFlags::SQLITE_UTF8, |_| Ok(1_i64))?;
    }
    connection.create_scalar_function("fold", 1, flags, |context| {
        let value = context.get_raw(0);
        let text =
            value.as_str_or_null().map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))?;
        Ok(text.map(name_key))
    })
}

pub(super) fn told(error: SqliteError, action: &'static str) -> StoreError {
    match error {
        SqliteError::DiskFull { path } => StoreError::DiskFull { path: path.display().to_string() },
        SqliteError::Undone { .. } => StoreError::Undone { action },
        SqliteError::Corrupt { what } => StoreError::Corrupt { what },
        SqliteError::Closed => StoreError::Closed,
        SqliteError::Job(fault) => match fault.downcast::<Fault>() {
            Ok(fault) => fault.told(action),
            Err(source) => StoreError::Database { action, source },
        },
        SqliteError::Refused(what) => StoreError::Database { action: "writing", source: what.into() },
        SqliteError::Query { action, source } => StoreError::Database { action, source: Box::new(source) },
        other @ (SqliteError::Open { .. } | SqliteError::Migrate { .. }) => {
            StoreError::Database { action: "opening", source: Box::new(other) }
        }
    }
}
