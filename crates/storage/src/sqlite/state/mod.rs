//! The sync client's state on SQLite: opening, the lock, the scratch copy, and the trait's methods, each one
//! transaction in the writer thread. The statements are in the files beside this one.
//!
//! **Invariant:** a number of an entry is never given twice.

mod apply;
mod ask;
mod inventory;
mod large;
mod load;
mod members;
mod record;

use super::{Database, Durability, Options, SqliteError};
use async_trait::async_trait;
use lockstep_model::plan::DeleteReason;
use lockstep_model::provisioning::PendingCounts;
use lockstep_model::{ObjectKind, SourceAnchor, Timestamp};
use lockstep_sync::state::{
    Batch, ChangedGroup, ContainerRow, Counts, DeletionRow, Held, InventoryRow, Membership, Meta, ObjectRow,
    Outcome, Stage, Standing, StateStore, Target,
};
use lockstep_sync::{CsId, KeyHash, StateError};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod migrations {
    refinery::embed_migrations!("src/sqlite/state/migrations");
}

/// Page cache, KiB. Bounds the memory of a sync client beside what it has in flight.
const CACHE_KIB: u32 = 40 * 1024;
/// Pages of 4 KiB in the write-ahead log before it is folded into the database.
const LOG_PAGES: u32 = 16_000;

/// The sync client's state in one SQLite file (`state.db`).
#[derive(Debug)]
pub struct SqliteStateStore {
    db: Database,
    known: Mutex<load::Known>,
    /// Held as long as the store is; nothing for a scratch copy.
    _lock: Option<File>,
    /// Removed with the store: a scratch copy.
    scratch: Option<PathBuf>,
}

impl SqliteStateStore {
    /// Opens or makes the state. Only one process at a time can: a second gets [`StateError::InUse`].
    ///
    /// # Errors
    /// [`StateError::Open`], [`StateError::InUse`].
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let lock = lock(path)?;
        let (db, known) = open(path)?;
        Ok(Self { db, known, _lock: Some(lock), scratch: None })
    }

    /// Opens a private copy of the state, whoever else has it open, to make a preview in. It vanishes when it
    /// is dropped. Where there is no state yet, the copy is an empty one.
    ///
    /// # Errors
    /// [`StateError::Open`]: most often no space left on the disk.
    pub fn open_copy(path: &Path) -> Result<Self, StateError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let copy = with_suffix(path, &format!(".preview-{}-{number}", std::process::id()));
        remove(&copy);
        if path.exists() {
            let copied = Connection::open(path).and_then(|connection| {
                connection.busy_timeout(std::time::Duration::from_secs(10))?;
                connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()]).map(drop)
            });
            if let Err(error) = copied {
                remove(&copy);
                return Err(cannot_open(&copy, error));
            }
        }
        let (db, known) = open(&copy)?;
        Ok(Self { db, known, _lock: None, scratch: Some(copy) })
    }

    fn known(&self) -> MutexGuard<'_, load::Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a job; a first load is over with it.
    async fn run<T, F>(&self, action: &'static str, job: F) -> Result<T, StateError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        self.known().end();
        let job = move |db: &Connection| {
            load::end(db)?;
            job(db)
        };
        self.run_beside_load(action, job).await
    }

    /// Runs a job that needs neither the index of anchors nor those of names.
    async fn run_beside_load<T, F>(&self, action: &'static str, job: F) -> Result<T, StateError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        self.db.write(action, job).await.map_err(|error| match error {
            SqliteError::Corrupt { what } => StateError::Corrupt { what },
            other => StateError::Failed { source: Box::new(other) },
        })
    }
}

impl Drop for SqliteStateStore {
    fn drop(&mut self) {
        if let Some(path) = &self.scratch {
            remove(path);
        }
    }
}

fn open(path: &Path) -> Result<(Database, Mutex<load::Known>), StateError> {
    let options = Options {
        durability: Durability::ProcessEnd,
        writer_cache_kib: CACHE_KIB,
        reader_cache_kib: 0,
        readers: 0,
        checkpoint_pages: LOG_PAGES,
        shrinks: false,
        prepare: None,
    };
    let mut known = load::Known::default();
    let db = Database::open(path, &options, |connection| {
        // In one transaction: half of it would be neither a load nor an index.
        let ended = (|| {
            let transaction = connection.unchecked_transaction()?;
            load::end(&transaction)?;
            transaction.commit()?;
            Ok::<_, SqliteError>(())
        })();
        if let Err(error) = ended {
            // Whoever asks next tries again, and is told.
            tracing::warn!(%error, "a first load that was left cannot be put in order");
        }
        migrations::migrations::runner().run(connection)?;
        known = load::Known::of(connection).unwrap_or_default();
        Ok(())
    });
    Ok((db.map_err(|error| cannot_open(path, error))?, Mutex::new(known)))
}

fn cannot_open(path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> StateError {
    StateError::Open { path: path.display().to_string(), source: Box::new(source) }
}

fn lock(path: &Path) -> Result<File, StateError> {
    let name = with_suffix(path, ".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| cannot_open(&name, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::InUse { path: path.display().to_string() }),
        Err(TryLockError::Error(error)) => Err(cannot_open(&name, error)),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(with_suffix(path, suffix));
    }
}

/// How kinds stand in the tables; 0 is out of scope.
fn kind_code(kind: Option<ObjectKind>) -> i64 {
    match kind {
        None => 0,
        Some(ObjectKind::User) => 1,
        Some(ObjectKind::Group) => 2,
        Some(ObjectKind::Contact) => 3,
        Some(ObjectKind::Device) => 4,
    }
}

fn kind_of(code: i64) -> Option<ObjectKind> {
    match code {
        1 => Some(ObjectKind::User),
        2 => Some(ObjectKind::Group),
        3 => Some(ObjectKind::Contact),
        4 => Some(ObjectKind::Device),
        _ => None,
    }
}

fn held_counter(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "held_user",
        ObjectKind::Group => "held_group",
        ObjectKind::Contact => "held_contact",
        ObjectKind::Device => "held_device",
    }
}

fn reason_code(reason: DeleteReason) -> i64 {
    match reason {
        DeleteReason::DeletedInSource => 1,
        DeleteReason::MissingFromFullRead => 2,
        DeleteReason::LeftScope => 3,
        DeleteReason::Joined => 4,
    }
}

fn reason_of(code: i64) -> Option<DeleteReason> {
    match code {
        1 => Some(DeleteReason::DeletedInSource),
        2 => Some(DeleteReason::MissingFromFullRead),
        3 => Some(DeleteReason::LeftScope),
        4 => Some(DeleteReason::Joined),
        _ => None,
    }
}

fn anchor_of(text: String) -> Result<SourceAnchor, SqliteError> {
    SourceAnchor::new(text).map_err(|_| SqliteError::corrupt("a source anchor"))
}

fn count(db: &Connection, name: &str, by: i64) -> Result<(), SqliteError> {
    if by != 0 {
        db.prepare_cached("UPDATE counter SET n = n + ?2 WHERE name = ?1")?.execute((name, by))?;
    }
    Ok(())
}

fn counter(db: &Connection, name: &str) -> Result<i64, SqliteError> {
    Ok(db.prepare_cached("SELECT n FROM counter WHERE name = ?1")?.query_row([name], |row| row.get(0))?)
}

#[async_trait]
impl StateStore for SqliteStateStore {
    async fn meta(&self) -> Result<Meta, StateError> {
        self.run_beside_load("reading the client's facts", ask::meta).await
    }

    async fn unsettle(&self, names: Option<Vec<KeyHash>>) -> Result<(), StateError> {
        self.run("marking entries", move |db| apply::unsettle(db, names)).await
    }

    async fn bearers(&self, names: Vec<KeyHash>, limit: usize) -> Result<Vec<Vec<CsId>>, StateError> {
        self.run("looking up names", move |db| ask::bearers(db, &names, limit)).await
    }

    async fn referrers(&self, names: Vec<KeyHash>, limit: usize) -> Result<Vec<Vec<CsId>>, StateError> {
        self.run("looking up references", move |db| ask::referrers(db, &names, limit)).await
    }

    async fn roots(&self, ids: Vec<CsId>) -> Result<Vec<Option<CsId>>, StateError> {
        self.run("looking up joins", move |db| ask::roots(db, &ids)).await
    }

    async fn joined(&self, ids: Vec<CsId>) -> Result<Vec<Vec<Held>>, StateError> {
        self.run("reading joined entries", move |db| ask::joined(db, &ids)).await
    }

    async fn unsettled(&self, limit: usize) -> Result<Vec<Held>, StateError> {
        self.run("reading marked entries", move |db| ask::unsettled(db, limit)).await
    }

    async fn note(&self, name: &'static str) -> Result<Option<String>, StateError> {
        self.run_beside_load("reading a note", move |db| {
            let mut statement = db.prepare_cached("SELECT text FROM note WHERE name = ?1")?;
            Ok(statement.query_row([name], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn put_note(&self, name: &'static str, text: String) -> Result<(), StateError> {
        self.run_beside_load("keeping a note", move |db| {
            let sql =
                "INSERT INTO note VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = excluded.text";
            db.prepare_cached(sql)?.execute((name, text))?;
            Ok(())
        })
        .await
    }

    async fn counts(&self) -> Result<Counts, StateError> {
        self.run_beside_load("counting", ask::counts).await
    }

    async fn apply(&self, batch: Batch) -> Result<Vec<CsId>, StateError> {
        self.known().add(&batch);
        self.run_beside_load("storing what was read", move |db| apply::apply(db, batch)).await
    }

    async fn lookup(&self, anchors: Vec<SourceAnchor>) -> Result<Vec<Option<Held>>, StateError> {
        if self.known().has_none_of(&anchors) {
            return Ok(anchors.iter().map(|_| None).collect());
        }
        self.run("looking up entries", move |db| ask::lookup(db, anchors)).await
    }

    async fn find(&self, anchors: Vec<SourceAnchor>) -> Result<Vec<Option<(CsId, bool)>>, StateError> {
        self.run("looking up anchors", move |db| ask::find(db, &anchors)).await
    }

    async fn present_ids(&self, after: CsId, limit: usize) -> Result<Vec<CsId>, StateError> {
        self.run("listing entries", move |db| ask::present_ids(db, after, limit)).await
    }

    async fn entries(&self, ids: Vec<CsId>) -> Result<Vec<Held>, StateError> {
        self.run("reading entries", move |db| ask::entries(db, &ids)).await
    }

    async fn scan(&self, after: CsId, limit: usize) -> Result<Vec<Held>, StateError> {
        self.run("scanning entries", move |db| ask::scan(db, after, limit)).await
    }

    async fn containers(&self, dns: Vec<KeyHash>) -> Result<Vec<Option<ContainerRow>>, StateError> {
        self.run("looking up containers", move |db| ask::containers(db, &dns)).await
    }

    async fn clear_indexes(&self) -> Result<(), StateError> {
        self.run("emptying the indexes", |db| {
            db.execute_batch("DELETE FROM key; DELETE FROM reference; DELETE FROM container;")?;
            Ok(())
        })
        .await
    }

    async fn pending(&self, stage: Stage, after: CsId, limit: usize) -> Result<Vec<ObjectRow>, StateError> {
        self.run("reading what is pending", move |db| ask::pending(db, stage, after, limit)).await
    }

    async fn changed_members(&self, after: CsId, limit: usize) -> Result<Vec<ChangedGroup>, StateError> {
        self.run("reading changed members", move |db| members::changed(db, after, limit)).await
    }

    async fn memberships(
        &self,
        group: CsId,
        entries: Vec<(CsId, Vec<KeyHash>)>,
    ) -> Result<Vec<Membership>, StateError> {
        self.run("looking up memberships", move |db| members::memberships(db, group, entries)).await
    }

    async fn deletions(&self, after: CsId, limit: usize) -> Result<Vec<DeletionRow>, StateError> {
        self.run("reading pending deletions", move |db| ask::deletions(db, after, limit)).await
    }

    async fn resolve(&self, names: Vec<KeyHash>) -> Result<Vec<Option<Target>>, StateError> {
        self.run("resolving references", move |db| ask::resolve(db, &names)).await
    }

    async fn anchors(&self, ids: Vec<CsId>) -> Result<Vec<Option<SourceAnchor>>, StateError> {
        self.run("reading anchors", move |db| ask::anchors(db, &ids)).await
    }

    async fn standing(&self, id: CsId) -> Result<Option<Standing>, StateError> {
        self.run("looking at one object", move |db| ask::standing(db, id)).await
    }

    async fn pending_counts(&self) -> Result<PendingCounts, StateError> {
        self.run_beside_load("counting what is pending", ask::pending_counts).await
    }

    async fn record(&self, outcomes: Vec<Outcome>, now: Timestamp) -> Result<(), StateError> {
        self.run("recording the target's answers", move |db| record::record(db, outcomes, now)).await
    }

    async fn past_errors(&self, limit: usize) -> Result<Vec<SourceAnchor>, StateError> {
        self.run("reading errors that are over", move |db| record::past_errors(db, limit)).await
    }

    async fn told_past(&self, anchors: Vec<SourceAnchor>) -> Result<(), StateError> {
        self.run("forgetting errors that are over", move |db| record::told_past(db, &anchors)).await
    }

    async fn approve_deletions(&self) -> Result<(), StateError> {
        self.run("approving deletions", record::approve_deletions).await
    }

    async fn deleted_since(&self, since: Timestamp) -> Result<BTreeMap<ObjectKind, u64>, StateError> {
        self.run("counting recent deletions", move |db| record::deleted_since(db, since)).await
    }

    async fn take_up(&self, id: CsId) -> Result<(), StateError> {
        self.run("taking up an object", move |db| record::take_up(db, id)).await
    }

    async fn retry_refused(&self, now: Option<Timestamp>) -> Result<Option<Timestamp>, StateError> {
        self.run("taking up refused objects", move |db| record::retry_refused(db, now)).await
    }

    async fn take_inventory(&self, rows: Vec<InventoryRow>) -> Result<Vec<CsId>, StateError> {
        self.known().forget();
        self.run("taking the target's inventory", move |db| inventory::take(db, rows)).await
    }

    async fn confirmed_ids(&self, after: CsId, limit: usize) -> Result<Vec<CsId>, StateError> {
        self.run("listing confirmed objects", move |db| inventory::confirmed_ids(db, after, limit)).await
    }

    async fn forget_confirmed(&self, ids: Vec<CsId>) -> Result<(), StateError> {
        self.run("forgetting what the target lost", move |db| inventory::forget(db, &ids)).await
    }

    async fn scratch(&self) -> Result<Arc<dyn StateStore>, StateError> {
        // What waits in the writer is committed first.
        self.run("copying the state", |_| Ok(())).await?;
        let path = self.db.path().to_owned();
        let copy = tokio::task::spawn_blocking(move || Self::open_copy(&path)).await;
        match copy {
            Ok(copy) => Ok(Arc::new(copy?)),
            Err(error) => Err(StateError::Failed { source: Box::new(error) }),
        }
    }
}
