//! The tenants of a server that are files: the first beside the registry, each further one in a folder of its own. A file is
//! opened when it is first used, and closed when it was not used for long or when too many are open.
//!
//! **Invariant:** at most as many files are open as the options say, but for those that are in use at that moment.

use super::registry::{FIRST, Registry, State};
use super::tenant::{add_functions, migrations, told};
use super::{Database, Options, Prepare, SqliteError};
use crate::sql;
use crate::tenant::{Alone, Jobs, SqlTenantStore, set_up_as, to_the_end, verified_domains};
use async_trait::async_trait;
use jiff::SignedDuration;
use lockstep_model::{TenantId, Timestamp};
use lockstep_tenant::{Organization, StoreError, TenantEntry, TenantRegistry, TenantSetup, TenantStore};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// What was begun longer ago than this and is not done is nobody's work any more.
const UNFINISHED: SignedDuration = SignedDuration::from_mins(10);

/// How long a change of domains waits for that of another process.
const WAIT: Duration = Duration::from_secs(20);
/// Time between two looks at whether that is over.
const LOOK: Duration = Duration::from_millis(20);

/// How files of tenants are kept open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantsOptions {
    /// Files of tenants open at once, the first tenant's aside. At least 1.
    pub most_open: usize,
    /// How long one stays open that nobody uses.
    pub idle: Duration,
}

impl Default for TenantsOptions {
    fn default() -> Self {
        Self { most_open: 50, idle: Duration::from_secs(600) }
    }
}

/// The tenants of a folder. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct SqliteTenants {
    files: Arc<Files>,
}

#[derive(Debug)]
struct Files {
    folder: PathBuf,
    registry: Registry,
    options: TenantsOptions,
    open: Mutex<HashMap<i64, Slot>>,
    changing: Mutex<HashMap<i64, Weak<tokio::sync::Mutex<()>>>>,
}

#[derive(Debug)]
struct Slot {
    database: Arc<OnceCell<Database>>,
    used: Instant,
}

impl Slot {
    /// Who opens it holds the place as well: it is not taken away, or another would open the same file beside.
    fn is_being_opened(&self) -> bool {
        self.database.get().is_none() && Arc::strong_count(&self.database) > 1
    }
}

/// A tenant's file, open or not. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct TenantFile {
    files: Arc<Files>,
    number: i64,
    path: PathBuf,
}

impl SqliteTenants {
    /// The tenants of a folder, which is there. The registry is made where it is missing; no tenant is opened.
    ///
    /// # Errors
    /// [`SqliteError::Open`], [`SqliteError::Migrate`].
    pub fn open(folder: &Path, options: TenantsOptions) -> Result<Self, SqliteError> {
        let registry = Registry::open(&folder.join("tenants.db"))?;
        let files = Files {
            folder: folder.to_owned(),
            registry,
            options,
            open: Mutex::default(),
            changing: Mutex::default(),
        };
        Ok(Self { files: Arc::new(files) })
    }

    /// Where the file of a tenant is in a server's folder.
    pub fn file(folder: &Path, id: TenantId, is_first: bool) -> PathBuf {
        if is_first {
            folder.join("tenant.db")
        } else {
            folder.join("tenants").join(id.to_string()).join("tenant.db")
        }
    }

    /// Says that the file of a tenant that is not known was put where it belongs.
    ///
    /// # Errors
    /// [`SqliteError`].
    pub fn adopt(&self, id: TenantId, now: Timestamp) -> Result<(), SqliteError> {
        let registry = &self.files.registry;
        match registry.by_id(id)? {
            Some((number, entry)) if entry.is_going => registry.set_state(number, State::InUse),
            Some(_) => Ok(()),
            None => registry.begin(id, now, State::InUse).map(drop),
        }
    }

    /// How many files are open now.
    pub fn open_now(&self) -> usize {
        self.files.lock_open().len()
    }

    /// Closes what nobody used for long; to be called now and then.
    pub fn close_idle(&self) {
        self.files.close_idle(&mut self.files.lock_open(), Instant::now());
    }

    fn store(&self, number: i64, id: TenantId) -> SqlTenantStore<TenantFile> {
        let path = Self::file(&self.files.folder, id, number == FIRST);
        SqlTenantStore { jobs: TenantFile { files: self.files.clone(), number, path } }
    }

    /// Asks the registry, off the threads that serve.
    async fn ask<T: Send + 'static>(
        &self,
        action: &'static str,
        ask: impl FnOnce(&Registry) -> Result<T, SqliteError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.files.ask(action, ask).await
    }

    /// Clears away what is left of tenants that were begun and not finished, or not wholly removed.
    ///
    /// # Errors
    /// [`StoreError`] where the registry cannot be asked; what cannot be removed is logged, and stays.
    pub async fn tidy(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now.checked_sub(UNFINISHED).unwrap_or(now);
        for (number, id) in self.ask("listing tenants", move |registry| registry.unfinished(before)).await? {
            if let Err(error) = self.clear(number, id).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(tenant = %id, error, "what is left of a tenant stays behind");
            }
        }
        Ok(())
    }

    /// Removes what a tenant that is not to be left behind.
    async fn clear(&self, number: i64, id: TenantId) -> Result<(), StoreError> {
        self.files.lock_open().remove(&number);
        let folder = self.files.folder.join("tenants").join(id.to_string());
        let remove = move |registry: &Registry| {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(SqliteError::Refused(format!(
                        "{} cannot be removed: {error}; remove it, then try again",
                        folder.display()
                    )));
                }
                _ => {}
            }
            registry.remove(number)
        };
        self.ask("removing a tenant", remove).await
    }
}

impl Files {
    fn lock_open(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Slot>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        action: &'static str,
        ask: impl FnOnce(&Registry) -> Result<T, SqliteError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = self.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&files.registry)).await;
        asked.map_err(|_| StoreError::Closed)?.map_err(|error| told(error, action))
    }

    fn close_idle(&self, open: &mut HashMap<i64, Slot>, now: Instant) {
        open.retain(|number, slot| {
            let used = now.saturating_duration_since(slot.used) < self.options.idle;
            *number == FIRST || used || slot.is_being_opened()
        });
    }

    /// Closes what was longest unused until there is room for some more.
    fn make_room(&self, open: &mut HashMap<i64, Slot>, more: usize) {
        let most = self.options.most_open.max(1);
        while open.keys().filter(|number| **number != FIRST).count() + more > most {
            let rest = open.iter().filter(|(number, slot)| **number != FIRST && !slot.is_being_opened());
            let Some(oldest) = rest.min_by_key(|(_, slot)| slot.used).map(|(number, _)| *number) else {
                return;
            };
            open.remove(&oldest);
        }
    }

    /// The place of a tenant's database among those that are open; the one that was longest unused makes room.
    fn slot(&self, number: i64) -> Arc<OnceCell<Database>> {
        let mut open = self.lock_open();
        let now = Instant::now();
        if let Some(slot) = open.get_mut(&number) {
            slot.used = now;
            return slot.database.clone();
        }
        self.close_idle(&mut open, now);
        if number != FIRST {
            self.make_room(&mut open, 1);
        }
        let database: Arc<OnceCell<Database>> = Arc::default();
        open.insert(number, Slot { database: database.clone(), used: now });
        database
    }

    /// What is held while a tenant's domains change.
    fn changing(&self, number: i64) -> Arc<tokio::sync::Mutex<()>> {
        let mut changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = changing.get(&number).and_then(Weak::upgrade) {
            return lock;
        }
        changing.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        changing.insert(number, Arc::downgrade(&lock));
        lock
    }
}

const CHANGING: &str = "changing a tenant's domains";

impl TenantFile {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn options(&self) -> Options {
        let files = Arc::downgrade(&self.files);
        let number = self.number;
        let prepare = move |connection: &Connection| {
            add_functions(connection)?;
            let files = files.clone();
            let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
            connection.create_scalar_function("claim_domain", 1, flags, move |context| {
                let failed = |error: SqliteError| rusqlite::Error::UserFunctionError(Box::new(error));
                let domain: String = context.get(0)?;
                let files = files.upgrade().ok_or_else(|| failed(SqliteError::Closed))?;
                files.registry.claim(number, &domain).map(i64::from).map_err(failed)
            })
        };
        let options = Options { prepare: Some(Prepare::with(prepare)), shrinks: true, ..Options::default() };
        if number == FIRST {
            return options;
        }
        // There may be many: what the system caches of their files must do.
        Options {
            writer_cache_kib: 8 * 1024,
            reader_cache_kib: 4 * 1024,
            readers: 1,
            checkpoint_pages: 2_000,
            ..options
        }
    }

    /// The open database.
    async fn database(&self) -> Result<Database, StoreError> {
        let slot = self.files.slot(self.number);
        if let Some(database) = slot.get() {
            return Ok(database.clone());
        }
        // It is opened once, for all that wait for it, and whoever of them goes away.
        let own = self.clone();
        to_the_end(async move {
            let database = slot.get_or_try_init(|| own.open()).await.cloned()?;
            drop(slot);
            own.files.make_room(&mut own.files.lock_open(), 0);
            Ok(database)
        })
        .await
    }

    async fn open(&self) -> Result<Database, StoreError> {
        let (path, options, is_first) = (self.path.clone(), self.options(), self.number == FIRST);
        let open = move || {
            if !is_first && !path.exists() {
                // It was removed; it must not come back empty.
                return Err(SqliteError::Closed);
            }
            Database::open(&path, &options, migrations)
        };
        let opened = tokio::task::spawn_blocking(open).await.map_err(|_| StoreError::Closed)?;
        let database = opened.map_err(|error| told(error, "opening a tenant"))?;
        // What a process that ended in the middle left behind; not while another changes it, here or elsewhere.
        if let Ok(_here) = self.files.changing(self.number).try_lock_owned() {
            let file = self.lock_file()?;
            if file.try_lock().is_ok() {
                self.settle(&database).await?;
            }
        }
        Ok(database)
    }

    /// What processes lock that change domains, beside the tenant's file.
    fn lock_file(&self) -> Result<File, StoreError> {
        let path = self.path.with_file_name("domains.lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        opened.map_err(|error| match error.kind() {
            // With its folder: the tenant was removed.
            std::io::ErrorKind::NotFound => StoreError::Closed,
            _ => StoreError::Database { action: CHANGING, source: error.into() },
        })
    }

    async fn settle(&self, database: &Database) -> Result<(), StoreError> {
        let verified = Jobs::read(database, "reading the domains", verified_domains).await?;
        let number = self.number;
        let settle = move |registry: &Registry| registry.settle(number, &verified);
        let elsewhere = self.files.ask("keeping whom domains lead to", settle).await?;
        if !elsewhere.is_empty() {
            tracing::error!(
                path = %self.path.display(),
                domains = elsewhere.len(),
                "domains that are verified here lead to other tenants: an older copy of the tenant was put in place"
            );
        }
        Ok(())
    }
}

impl Jobs for TenantFile {
    async fn write<T, F>(&self, action: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(sql::Connection<'_>) -> sql::Result<T> + Send + 'static,
    {
        Jobs::write(&self.database().await?, action, job).await
    }

    async fn write_batch<T, F>(&self, action: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(sql::Connection<'_>) -> sql::Result<T> + Send + 'static,
    {
        Jobs::write_batch(&self.database().await?, action, job).await
    }

    async fn read<T, F>(&self, action: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(sql::Connection<'_>) -> sql::Result<T> + Send + Sync + 'static,
    {
        Jobs::read(&self.database().await?, action, job).await
    }

    async fn domains_alone(&self) -> Result<Option<Alone>, StoreError> {
        let here = self.files.changing(self.number).lock_owned().await;
        let (file, began) = (self.lock_file()?, Instant::now());
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Alone { _file: file, _here: here })),
                Err(TryLockError::WouldBlock) if began.elapsed() < WAIT => tokio::time::sleep(LOOK).await,
                Err(error) => {
                    return Err(StoreError::Database { action: CHANGING, source: error.into() });
                }
            }
        }
    }

    async fn settle_domains(&self) -> Result<(), StoreError> {
        self.settle(&self.database().await?).await
    }
}

#[async_trait]
impl TenantRegistry for SqliteTenants {
    async fn set_up_first(
        &self,
        setup: TenantSetup,
        now: Timestamp,
    ) -> Result<(Arc<dyn TenantStore>, Organization), StoreError> {
        // Its file says who it is: an id is not needed to find it.
        let store = self.store(FIRST, TenantId(uuid::Uuid::nil()));
        let organization = store.set_up(setup, now).await?;
        let (id, created_at) = (organization.id, organization.created_at);
        self.ask("keeping the first tenant", move |registry| registry.put_first(id, created_at)).await?;
        Ok((Arc::new(store), organization))
    }

    async fn list(&self) -> Result<Vec<TenantEntry>, StoreError> {
        self.ask("listing tenants", Registry::list).await
    }

    async fn by_id(&self, id: TenantId) -> Result<Option<TenantEntry>, StoreError> {
        let found = self.ask("looking for a tenant", move |registry| registry.by_id(id)).await?;
        Ok(found.map(|(_, entry)| entry).filter(|entry| !entry.is_going))
    }

    async fn by_domain(&self, domain: String) -> Result<Option<TenantEntry>, StoreError> {
        let found = self.ask("looking for a tenant", move |registry| registry.by_domain(&domain)).await?;
        Ok(found.map(|(_, entry)| entry).filter(|entry| !entry.is_going))
    }

    async fn open(&self, id: TenantId) -> Result<Option<Arc<dyn TenantStore>>, StoreError> {
        let found = self.ask("looking for a tenant", move |registry| registry.by_id(id)).await?;
        let found = found.filter(|(_, entry)| !entry.is_going);
        Ok(found.map(|(number, entry)| Arc::new(self.store(number, entry.id)) as Arc<dyn TenantStore>))
    }

    async fn create(&self, setup: TenantSetup, now: Timestamp) -> Result<Organization, StoreError> {
        const ACTION: &str = "making a tenant";
        self.tidy(now).await?;
        let id = TenantId::generate(now);
        let number = self.ask(ACTION, move |registry| registry.begin(id, now, State::Making)).await?;
        let store = self.store(number, id);
        let made = async {
            let path = store.jobs.path.clone();
            let make = move |_: &Registry| {
                let folder = path.parent().unwrap_or(Path::new("."));
                let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
                let made = made.and_then(|()| std::fs::File::create_new(&path));
                made.map(drop).map_err(|error| {
                    SqliteError::Refused(format!("{} cannot be made: {error}", path.display()))
                })
            };
            self.ask(ACTION, make).await?;
            let organization = set_up_as(&store.jobs, Some(id), setup, now).await?;
            self.ask(ACTION, move |registry| registry.set_state(number, State::InUse)).await?;
            Ok(organization)
        };
        let made = made.await;
        if made.is_err()
            && let Err(error) = self.clear(number, id).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what was begun of a tenant stays behind"
            );
        }
        made
    }

    async fn delete(&self, id: TenantId) -> Result<bool, StoreError> {
        let going = move |registry: &Registry| {
            let Some((number, entry)) = registry.by_id(id)? else { return Ok(None) };
            if entry.is_first {
                return Ok(None);
            }
            // From here on nothing leads to it.
            registry.let_go(number).map(|()| Some(number))
        };
        match self.ask("removing a tenant", going).await? {
            Some(number) => self.clear(number, id).await.map(|()| true),
            None => Ok(false),
        }
    }
}
