//! What every SQLite database of ours shares: opening, pragmas, the writer thread with group commit, the
//! readers, and errors that name the file.
//!
//! **Invariant:** one thread writes; what [`Database::write`] has answered is on the disk as far as the
//! database's [`Durability`] promises.

pub mod backup;
mod registry;
pub mod state;
pub mod tenant;
pub mod tenants;
mod writer;

use self::writer::Undo;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, ffi};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};

/// Why a database did not answer.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// The file cannot be opened.
    #[error("{path}: the database cannot be opened; check that the folder exists and may be written to")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The tables cannot be brought to this version.
    #[error(
        "{path}: the database cannot be brought to this version of Lockstep; use the version that wrote it, or restore a backup"
    )]
    Migrate {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A statement failed. `action` says what was tried.
    #[error("{action} failed")]
    Query {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The disk is full. Nothing of the transaction was written.
    #[error("{path}: no space left on the disk")]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another write of the same transaction failed and took this one with it. Nothing of it was written.
    #[error("{path}: another write failed and this one was undone with it; send it again")]
    Undone {
        /// The file.
        path: PathBuf,
    },
    /// A value read back has no meaning.
    #[error("{what} cannot be read back")]
    Corrupt {
        /// What.
        what: String,
    },
    /// What was asked cannot be done with this database; the text says why.
    #[error("{0}")]
    Refused(String),
    /// What the job itself answered, which is told in the words of its kind.
    #[error("the job failed")]
    Job(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The writer thread is gone.
    #[error("the database is closed")]
    Closed,
}

impl SqliteError {
    /// What a row that cannot be read back is called in an error.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}

impl From<rusqlite::Error> for SqliteError {
    // `action` and path are filled in where the job is known: in `named`.
    fn from(source: rusqlite::Error) -> Self {
        Self::Query { action: "", source }
    }
}

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power cut (`synchronous=FULL`).
    PowerCut,
    /// It survives the end of the process; a power cut may lose the newest commits, never the file's
    /// consistency (`synchronous=NORMAL` with WAL). For what can be rebuilt.
    ProcessEnd,
}

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// What a commit promises.
    pub durability: Durability,
    /// The writer's page cache, KiB.
    pub writer_cache_kib: u32,
    /// Each reader's page cache, KiB.
    pub reader_cache_kib: u32,
    /// Reader threads; 0: no readers, [`Database::read`] goes to the writer.
    pub readers: usize,
    /// Pages of 4 KiB the write-ahead log may have before it is folded into the database; of a large database more,
    /// up to half of its own and sixteen times these.
    pub checkpoint_pages: u32,
    /// Whether a new file can give pages that became free back to the file system, a few at a time
    /// (`PRAGMA incremental_vacuum`). One that was made without keeps them for what comes.
    pub shrinks: bool,
    /// Run on each connection once it is open: SQL functions.
    pub prepare: Option<Prepare>,
}

/// What is done to a connection once it is open.
#[derive(Clone)]
pub struct Prepare(Arc<PrepareFn>);

type PrepareFn = dyn Fn(&Connection) -> rusqlite::Result<()> + Send + Sync;

impl Prepare {
    /// This.
    pub(crate) fn with(
        prepare: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(prepare))
    }
}

impl std::fmt::Debug for Prepare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prepare")
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::PowerCut,
            writer_cache_kib: 128 * 1024,
            reader_cache_kib: 12 * 1024,
            readers: 3,
            checkpoint_pages: 16_000,
            shrinks: false,
            prepare: None,
        }
    }
}

/// Jobs that may wait for a thread; beyond that, callers wait.
const QUEUE: usize = 256;

type ReadJob = Box<dyn FnOnce(&mut Connection) + Send>;

/// An open database: one writer thread, a few reader threads. Cloning is cheap; the threads end with the
/// last clone.
#[derive(Clone)]
pub struct Database {
    path: Arc<Path>,
    writer: mpsc::Sender<writer::Job>,
    readers: Option<mpsc::Sender<ReadJob>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens or makes the file and runs `migrate` on it before anything else sees it.
    ///
    /// # Errors
    /// [`SqliteError::Open`], [`SqliteError::Migrate`].
    pub fn open(
        path: &Path,
        options: &Options,
        migrate: impl FnOnce(&mut Connection) -> Result<(), refinery::Error>,
    ) -> Result<Self, SqliteError> {
        let mut connection = open_connection(path, options, options.writer_cache_kib)?;
        migrate(&mut connection)
            .map_err(|source| SqliteError::Migrate { path: path.to_owned(), source: Box::new(source) })?;
        let path: Arc<Path> = Arc::from(path);
        let writer = writer::spawn(connection, path.clone(), options.checkpoint_pages)?;
        let readers = if options.readers == 0 {
            None
        } else {
            let (sender, receiver) = mpsc::channel::<ReadJob>(QUEUE);
            let receiver = Arc::new(Mutex::new(receiver));
            for number in 0..options.readers {
                let connection = open_connection(&path, options, options.reader_cache_kib)?;
                connection.pragma_update(None, "query_only", true)?;
                spawn_reader(number, connection, receiver.clone(), &path)?;
            }
            Some(sender)
        };
        Ok(Self { path, writer, readers })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `job` in the writer thread inside a transaction and answers when that is committed. Jobs that wait
    /// together may share a transaction; one that fails leaves no trace and does not touch the others.
    /// `action` names the job in errors.
    ///
    /// # Errors
    /// What the job answered; [`SqliteError::DiskFull`]; [`SqliteError::Undone`]; [`SqliteError::Closed`].
    pub async fn write<T, F>(&self, action: &'static str, job: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        self.write_as(Undo::Alone, action, job).await
    }

    /// As [`Database::write`], for a large job that as good as never fails once it has written something: it is kept
    /// without copies of what it changes. Where it does fail, the others of its transaction are undone too.
    ///
    /// # Errors
    /// As [`Database::write`]; [`SqliteError::Undone`].
    pub async fn write_batch<T, F>(&self, action: &'static str, job: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        self.write_as(Undo::Together, action, job).await
    }

    async fn write_as<T, F>(&self, undo: Undo, action: &'static str, job: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let path = self.path.clone();
        let work = writer::job(undo, job, move |result| {
            // The caller may have gone; what was written stays written.
            let _ = answer.send(result.map_err(|error| named(error, action, &path)));
        });
        self.writer.send(work).await.map_err(|_| SqliteError::Closed)?;
        answered.await.map_err(|_| SqliteError::Closed)?
    }

    /// Runs `job` in a reader thread, on one snapshot of the database.
    ///
    /// # Errors
    /// What the job answered; [`SqliteError::Closed`].
    pub async fn read<T, F>(&self, action: &'static str, job: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        let Some(readers) = &self.readers else {
            return self.write(action, job).await;
        };
        let (answer, answered) = oneshot::channel();
        let path = self.path.clone();
        let work: ReadJob = Box::new(move |connection| {
            let result = snapshot(connection, job).map_err(|error| named(error, action, &path));
            let _ = answer.send(result);
        });
        readers.send(work).await.map_err(|_| SqliteError::Closed)?;
        answered.await.map_err(|_| SqliteError::Closed)?
    }
}

fn snapshot<T>(
    connection: &mut Connection,
    job: impl FnOnce(&Connection) -> Result<T, SqliteError>,
) -> Result<T, SqliteError> {
    let transaction = Transaction::new(connection, TransactionBehavior::Deferred)?;
    let result = job(&transaction);
    transaction.finish()?;
    result
}

fn spawn_reader(
    number: usize,
    mut connection: Connection,
    jobs: Arc<Mutex<mpsc::Receiver<ReadJob>>>,
    path: &Path,
) -> Result<(), SqliteError> {
    let body = move || {
        loop {
            // One reader waits for a job, the others for the lock: whoever is free comes next.
            let job = match jobs.lock() {
                Ok(mut jobs) => jobs.blocking_recv(),
                Err(_) => None,
            };
            match job {
                Some(job) => job(&mut connection),
                None => return,
            }
        }
    };
    spawn_thread(format!("db-read-{number}"), path, body)
}

fn spawn_thread(name: String, path: &Path, body: impl FnOnce() + Send + 'static) -> Result<(), SqliteError> {
    std::thread::Builder::new().name(name).spawn(body).map(drop).map_err(|error| SqliteError::Open {
        path: path.to_owned(),
        source: rusqlite::Error::ToSqlConversionFailure(Box::new(error)),
    })
}

fn open_connection(path: &Path, options: &Options, cache_kib: u32) -> Result<Connection, SqliteError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        if options.shrinks {
            // Counts only before the first page is written.
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let synchronous = match options.durability {
            Durability::PowerCut => "FULL",
            Durability::ProcessEnd => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
        connection.pragma_update(None, "wal_autocheckpoint", options.checkpoint_pages)?;
        // A log that once grew is cut back, so that it does not hold disk for ever.
        let log_bytes = i64::from(options.checkpoint_pages).saturating_mul(4096);
        connection.pragma_update(None, "journal_size_limit", log_bytes)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.set_prepared_statement_cache_capacity(128);
        if let Some(Prepare(prepare)) = &options.prepare {
            prepare(&connection)?;
        }
        Ok(connection)
    };
    open().map_err(|source| SqliteError::Open { path: path.to_owned(), source })
}

/// Whether this is the disk's fault: there is no room for a page, or for the index of the log.
fn is_disk_full(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if failure.code == ffi::ErrorCode::DiskFull || failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE)
}

/// Fills in what a job does not know: its name, and the file.
fn named(error: SqliteError, action: &'static str, path: &Path) -> SqliteError {
    match error {
        SqliteError::Query { source, .. } if is_disk_full(&source) => {
            SqliteError::DiskFull { path: path.to_owned() }
        }
        SqliteError::Query { action: "", source } => SqliteError::Query { action, source },
        other => other,
    }
}
