//! The tenant's store on SQLite.

mod access;
mod batch;
mod changes;
mod counters;
mod directory;
mod domains;
mod errors;
mod history;
mod lease;
mod links;
mod lists;
mod objects;
mod organization;
mod rows;
mod token;
mod view;

use super::{Database, Options, SqliteError};
use async_trait::async_trait;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::{
    BulkOperation, ClientErrors, ClientReport, InventoryPage, LeaseAnswer, LeaseRequest, MembersPage,
    OperationResult, Outcome, RunRecord,
};
use lockstep_model::{ClientId, ObjectId, RunId, SourceAnchor, Timestamp};
use lockstep_tenant::changes::{ChangesPage, ChangesQuery, MemberIds};
use lockstep_tenant::directory::{DirectoryWrite, DirectoryWritten};
use lockstep_tenant::provision::name_key;
use lockstep_tenant::store::SecretHash;
use lockstep_tenant::{
    ClientRecord, DirectoryError, Domain, DomainChange, DomainRefusal, ErrorQuery, ErrorRow, HistoryPage,
    HistoryQuery, Lease, ListQuery, LocalUser, ObjectCounts, Organization, Page, Session, StoreError,
    StoredObject, StoredRun, TenantSetup, TenantStore, TokenRecord, Writer,
};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::path::Path;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite/tenant");
}

/// Begins the text of a refusal that becomes [`StoreError::Unsupported`].
const UNSUPPORTED: &str = "unsupported: ";

/// A tenant in one SQLite file. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct SqliteTenantStore {
    database: Database,
}

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
        let options = Options { prepare: Some(add_functions), shrinks: true, ..options.clone() };
        let migrate = |connection: &mut Connection| embedded::migrations::runner().run(connection).map(drop);
        Ok(Self { database: Database::open(path, &options, migrate)? })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        self.database.path()
    }

    async fn write<T, F>(&self, action: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        self.database.write(action, job).await.map_err(store_error)
    }

    async fn read<T, F>(&self, action: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    {
        self.database.read(action, job).await.map_err(store_error)
    }
}

/// `fold(text)`: lower case of all scripts, as keys are stored.
fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("fold", 1, flags, |context| {
        let value = context.get_raw(0);
        let text =
            value.as_str_or_null().map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))?;
        Ok(text.map(name_key))
    })
}

fn store_error(error: SqliteError) -> StoreError {
    match error {
        SqliteError::DiskFull { path } => StoreError::DiskFull { path: path.display().to_string() },
        SqliteError::Corrupt { what } => StoreError::Corrupt { what },
        SqliteError::Closed => StoreError::Closed,
        SqliteError::Refused(what) if what == token::BAD_TOKEN => StoreError::BadPageToken,
        SqliteError::Refused(what) => {
            match (what.strip_prefix(UNSUPPORTED), what.strip_prefix(lease::FENCED)) {
                (Some(what), _) => StoreError::Unsupported { what: what.to_owned() },
                (None, Some(why)) => StoreError::Fenced { why: why.to_owned() },
                (None, None) => StoreError::Database { action: "writing", source: what.into() },
            }
        }
        SqliteError::Query { action, source } => StoreError::Database { action, source: Box::new(source) },
        other @ (SqliteError::Open { .. } | SqliteError::Migrate { .. }) => {
            StoreError::Database { action: "opening", source: Box::new(other) }
        }
    }
}

#[async_trait]
impl TenantStore for SqliteTenantStore {
    async fn set_up(&self, setup: TenantSetup, now: Timestamp) -> Result<Organization, StoreError> {
        let organization =
            self.write("setting the tenant up", move |c| organization::set_up(c, &setup, now)).await?;
        self.recalculate_domains(now).await?;
        Ok(organization)
    }

    async fn organization(&self) -> Result<Organization, StoreError> {
        let read = |c: &Connection| {
            organization::organization(c)?
                .ok_or_else(|| SqliteError::corrupt("the organization, which was never set up,"))
        };
        self.read("reading the organization", read).await
    }

    async fn set_sync_enabled(&self, enabled: bool, now: Timestamp) -> Result<(), StoreError> {
        let job = move |c: &Connection| organization::set_sync_enabled(c, enabled, now);
        self.write("switching synchronization", job).await
    }

    async fn set_deletion_threshold(&self, threshold: Option<DeletionThreshold>) -> Result<(), StoreError> {
        self.write("setting the deletion threshold", move |c| organization::set_threshold(c, threshold)).await
    }

    async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        self.read("reading the domains", domains::list).await
    }

    async fn change_domain(
        &self,
        name: String,
        change: DomainChange,
        now: Timestamp,
    ) -> Result<Result<Option<Domain>, DomainRefusal>, StoreError> {
        self.write("changing a domain", move |c| domains::change(c, &name, &change, now)).await
    }

    async fn domain_references(
        &self,
        name: String,
        after: Option<String>,
        top: usize,
    ) -> Result<Page<StoredObject>, StoreError> {
        let job = move |c: &Connection| domains::referring(c, &name, after.as_deref(), top);
        self.read("listing what uses a domain", job).await
    }

    async fn recalculate_domains(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut changed = 0;
        loop {
            let job = move |c: &Connection| domains::recalculate_some(c, now);
            let (some, more) = self.write("working sign-in names out anew", job).await?;
            changed += some;
            if !more {
                return Ok(changed);
            }
        }
    }

    async fn provision(
        &self,
        writer: Writer,
        run: Option<RunId>,
        operations: Vec<BulkOperation>,
        now: Timestamp,
    ) -> Result<Vec<OperationResult>, StoreError> {
        let operations: Vec<_> = operations.into_iter().map(batch::Operation::of).collect();
        self.write("provisioning", move |c| {
            lease::check(c, writer, operations.len(), now)?;
            let off = organization::organization(c)?.is_some_and(|tenant| tenant.sync_enabled == Some(false));
            if off {
                // Synchronization is turned off: objects are the cloud's own, and no client changes them.
                return Ok(operations.iter().map(|_| batch::answer("403", Outcome::Refused)).collect());
            }
            let mut batch = batch::Batch::begin_for(c, now, history::Log::of(writer.client, run))?;
            let results = operations.into_iter().map(|operation| batch.operation(operation)).collect();
            batch.finish()?;
            results
        })
        .await
    }

    async fn inventory(&self, after: Option<SourceAnchor>, top: usize) -> Result<InventoryPage, StoreError> {
        self.read("reading the inventory", move |c| objects::inventory(c, after.as_ref(), top)).await
    }

    async fn group_members(
        &self,
        group: SourceAnchor,
        after: Option<SourceAnchor>,
        top: usize,
    ) -> Result<MembersPage, StoreError> {
        self.read("reading members", move |c| objects::members(c, &group, after.as_ref(), top)).await
    }

    async fn put_client_errors(
        &self,
        writer: Writer,
        errors: ClientErrors,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write("keeping a client's errors", move |c| {
            lease::check(c, writer, 0, now)?;
            organization::put_client_errors(c, errors, now)
        })
        .await
    }

    async fn lease(
        &self,
        client: ClientId,
        request: LeaseRequest,
        now: Timestamp,
    ) -> Result<LeaseAnswer, StoreError> {
        self.write("keeping a lease", move |c| lease::ask(c, client, &request, now)).await
    }

    async fn leases(&self, top: usize) -> Result<Vec<Lease>, StoreError> {
        self.read("listing leases", move |c| lease::list(c, top)).await
    }

    async fn put_report(
        &self,
        client: ClientId,
        report: ClientReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write("keeping a report", move |c| organization::put_report(c, client, &report, now)).await
    }

    async fn put_run(&self, client: ClientId, run: RunRecord) -> Result<(), StoreError> {
        self.write("keeping a run", move |c| organization::put_run(c, client, &run)).await
    }

    async fn sweep_quarantine(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write("sweeping the quarantine", move |c| organization::sweep(c, now)).await
    }

    async fn purge(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let job = move |c: &Connection| organization::purge_some(c, before, now);
            let (removed, more) = self.write("purging", job).await?;
            purged += removed;
            if !more {
                return Ok(purged);
            }
        }
    }

    async fn purge_history(&self, before: Timestamp, most_bytes: u64) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let job = move |c: &Connection| history::purge_some(c, before, most_bytes);
            let (removed, more) = self.write("purging the history", job).await?;
            purged += removed;
            if !more {
                return Ok(purged);
            }
        }
    }

    async fn write_directory(
        &self,
        write: DirectoryWrite,
        now: Timestamp,
    ) -> Result<DirectoryWritten, DirectoryError> {
        let written =
            self.write("writing to the directory", move |c| directory::write(c, write, now)).await?;
        Ok(written?)
    }

    async fn object(&self, id: ObjectId) -> Result<Option<StoredObject>, StoreError> {
        self.read("reading an object", move |c| objects::by_id(c, id)).await
    }

    async fn user_by_principal_name(&self, name: String) -> Result<Option<StoredObject>, StoreError> {
        self.read("reading a user", move |c| objects::by_sign_in_name(c, &name)).await
    }

    async fn list(&self, query: ListQuery) -> Result<Page<StoredObject>, StoreError> {
        self.read("listing objects", move |c| lists::list(c, &query)).await
    }

    async fn errors(&self, query: ErrorQuery) -> Result<Page<ErrorRow>, StoreError> {
        self.read("listing errors", move |c| errors::list(c, &query)).await
    }

    async fn counts(&self) -> Result<ObjectCounts, StoreError> {
        self.read("counting", counters::counts).await
    }

    async fn clients(&self) -> Result<Vec<ClientRecord>, StoreError> {
        self.read("listing clients", organization::clients).await
    }

    async fn runs(&self, top: usize, after: Option<String>) -> Result<Page<StoredRun>, StoreError> {
        self.read("listing runs", move |c| organization::runs(c, top, after.as_deref())).await
    }

    async fn run(&self, id: RunId) -> Result<Option<StoredRun>, StoreError> {
        self.read("reading a run", move |c| organization::one_run(c, id)).await
    }

    async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, StoreError> {
        self.read("reading the history", move |c| history::page(c, &query)).await
    }

    async fn change_mark(&self) -> Result<i64, StoreError> {
        self.read("reading the newest change", changes::mark).await
    }

    async fn changes(&self, query: ChangesQuery) -> Result<Option<ChangesPage>, StoreError> {
        self.read("reading what changed", move |c| changes::page(c, &query)).await
    }

    async fn members_by_id(&self, group: ObjectId, after: i64, top: usize) -> Result<MemberIds, StoreError> {
        self.read("reading members", move |c| changes::members(c, group, after, top)).await
    }

    async fn put_token(
        &self,
        secret: SecretHash,
        record: TokenRecord,
        now: Timestamp,
    ) -> Result<TokenRecord, StoreError> {
        self.write("keeping a token", move |c| access::put_token(c, secret, record, now)).await
    }

    async fn token(&self, secret: SecretHash, now: Timestamp) -> Result<Option<TokenRecord>, StoreError> {
        self.read("reading a token", move |c| access::token(c, secret, now)).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.read("listing tokens", access::tokens).await
    }

    async fn remove_token(&self, name: String) -> Result<bool, StoreError> {
        self.write("removing a token", move |c| access::remove_token(c, &name)).await
    }

    async fn put_user(&self, user: LocalUser) -> Result<(), StoreError> {
        self.write("keeping a user", move |c| access::put_user(c, &user)).await
    }

    async fn user(&self, name: String) -> Result<Option<LocalUser>, StoreError> {
        self.read("reading a user", move |c| access::user(c, &name)).await
    }

    async fn users(&self) -> Result<Vec<LocalUser>, StoreError> {
        self.read("listing users", access::users).await
    }

    async fn remove_user(&self, name: String) -> Result<bool, StoreError> {
        self.write("removing a user", move |c| access::remove_user(c, &name)).await
    }

    async fn put_link(&self, secret: SecretHash, session: Session) -> Result<(), StoreError> {
        self.write("keeping a link", move |c| access::put_session(c, secret, &session, true)).await
    }

    async fn take_link(&self, secret: SecretHash, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.write("taking a link", move |c| access::take_link(c, secret, now)).await
    }

    async fn put_session(&self, secret: SecretHash, session: Session) -> Result<(), StoreError> {
        self.write("keeping a session", move |c| access::put_session(c, secret, &session, false)).await
    }

    async fn session(&self, secret: SecretHash, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.read("reading a session", move |c| access::session(c, secret, false, now)).await
    }

    async fn remove_session(&self, secret: SecretHash) -> Result<(), StoreError> {
        self.write("ending a session", move |c| access::remove_session(c, secret)).await
    }
}
