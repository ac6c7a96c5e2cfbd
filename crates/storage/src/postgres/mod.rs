//! What every PostgreSQL database of ours shares: connecting, the pools, which all tenants of a process use, the writer of
//! each, readers, and errors that say what is to be done.
//!
//! **Invariant:** every transaction is of one tenant ([`Session`]), but for those that look into the registry ([`tenants`]); of one tenant one transaction writes at a time, over
//! all processes; what was answered as written is committed.

mod behind;
mod leader;
mod listen;
mod replicas;
mod session;
mod tenant;
mod tenants;
mod translate;
pub(crate) mod wire;
mod writer;

pub(crate) use session::Session;
pub use tenant::PostgresTenantStore;
pub use tenants::PostgresTenants;

use crate::sql::{Connection, Fault, Result};
use crate::tenant::Jobs;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use leader::Election;
use listen::{Listener, Voice};
use lockstep_tenant::StoreError;
use lockstep_tenant::upkeep::Replica;
use replicas::Replicas;
use rustls_platform_verifier::ConfigVerifierExt;
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Advisory locks of ours: who writes for a tenant.
const WRITERS: i32 = 0x4c53_5701;
/// Who brings the tables to a version.
const MIGRATIONS: i32 = 0x4c53_4d01;
/// The oldest version that is supported.
const OLDEST: u32 = 150_000;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The connection string cannot be read.
    #[error(
        "the connection string of PostgreSQL cannot be read; it looks like postgresql://user@host:5432/database"
    )]
    Url(#[source] tokio_postgres::Error),
    /// TLS cannot be set up.
    #[error("TLS to PostgreSQL cannot be set up; check the certificates that this machine trusts")]
    Tls(#[source] rustls::Error),
    /// Nobody answers, or refuses.
    #[error(
        "{server}: PostgreSQL cannot be reached, or refuses; check address, user, password and pg_hba.conf"
    )]
    Connect {
        /// The server and the database, without secrets.
        server: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It is too old.
    #[error("{server}: PostgreSQL {version} is too old; version 15 or later is needed")]
    TooOld {
        /// The server and the database.
        server: String,
        /// What it says it is.
        version: String,
    },
    /// Row-level security does not bind the role.
    #[error(
        "{server}: the role '{role}' is a superuser or has BYPASSRLS, so that nothing would keep tenants apart; connect as a role without, which owns the database: CREATE ROLE lockstep LOGIN; CREATE DATABASE lockstep OWNER lockstep"
    )]
    Unbound {
        /// The server and the database.
        server: String,
        /// The role.
        role: String,
    },
    /// It stores texts in another form than UTF-8.
    #[error(
        "{server}: the database's encoding is {encoding}, and UTF8 is needed; make it anew with ENCODING 'UTF8'"
    )]
    Encoding {
        /// The server and the database.
        server: String,
        /// Its encoding.
        encoding: String,
    },
    /// The tables cannot be brought to this version.
    #[error(
        "{server}: the database cannot be brought to this version of Lockstep; use the version that wrote it, or restore a backup"
    )]
    Migrate {
        /// The server and the database.
        server: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The writer cannot be started.
    #[error("a thread for PostgreSQL cannot be started")]
    Thread(#[source] std::io::Error),
}

/// How a database is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at most, for all tenants together; a quarter of them writes, at least one. At least 2.
    pub connections: usize,
    /// How long one waits for a connection, one's own or a free one of the pool.
    pub wait: Duration,
    /// Connection strings of streaming replicas that lists are read from, each with as many connections.
    pub read_urls: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 12, wait: Duration::from_secs(10), read_urls: Vec::new() }
    }
}

/// Which tenant's rows are seen and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tenant(pub(crate) i32);

/// The connections of a process to a database, which all its tenants share. Cloning is cheap; the listener ends with the
/// last clone.
#[derive(Clone)]
pub(crate) struct Connections {
    server: Arc<str>,
    pool: Pool,
    /// Slow questions must not hold up what is written.
    writers: Pool,
    listener: Arc<Listener>,
    election: Arc<Election>,
    replicas: Option<Arc<Replicas>>,
    /// The writers that are there, one a tenant.
    writing: Arc<Mutex<HashMap<i32, mpsc::WeakSender<writer::Job>>>>,
}

/// The database as one tenant uses it. Cloning is cheap; the writer ends with the last clone.
#[derive(Clone)]
pub struct Database {
    connections: Connections,
    tenant: Tenant,
    writer: mpsc::Sender<writer::Job>,
    told: Arc<Notify>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("server", &self.connections.server).finish_non_exhaustive()
    }
}

/// Has a server that fell silent noticed within a minute, unless the URL says otherwise.
fn notice_silence(config: &mut Config) {
    let unset = Config::new().get_keepalives_idle();
    if config.get_keepalives_idle() == unset {
        config.keepalives_idle(Duration::from_secs(30));
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(Duration::from_secs(10));
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(3);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(60));
    }
}

impl Connections {
    /// Connects, and has `migrate` bring the tables to this version while nobody else does.
    async fn open<M>(
        mut config: Config,
        options: &Options,
        migrate: M,
    ) -> std::result::Result<Self, PostgresError>
    where
        M: AsyncFnOnce(&mut tokio_postgres::Client) -> std::result::Result<(), refinery::Error>,
    {
        if config.get_application_name().is_none() {
            config.application_name("lockstep");
        }
        config.connect_timeout(options.wait);
        notice_silence(&mut config);
        let server: Arc<str> = Arc::from(name_of(&config));
        let tls = if config.get_ssl_mode() == SslMode::Disable { None } else { Some(tls()?) };
        let pool_at = |config: &Config, connections| {
            let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            let manager = match tls.clone() {
                None => Manager::from_config(config.clone(), tokio_postgres::NoTls, settings),
                Some(tls) => Manager::from_config(config.clone(), tls, settings),
            };
            Pool::builder(manager)
                .max_size(connections)
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(options.wait))
                .create_timeout(Some(options.wait))
                .recycle_timeout(Some(options.wait))
                .build()
                .map_err(|source| PostgresError::Connect {
                    server: server.to_string(),
                    source: Box::new(source),
                })
        };
        let pool_of = |connections| pool_at(&config, connections);
        let connections = options.connections.max(2);
        let writing = (connections / 4).max(1);
        let writers = pool_of(writing)?;
        let pool = pool_of(connections - writing)?;
        let connect = |source: Box<dyn Error + Send + Sync>| PostgresError::Connect {
            server: server.to_string(),
            source,
        };
        let first = pool.get().await.map_err(|error| connect(Box::new(error)))?;
        check(&first, &server).await?;
        // Its lock is the connection's: it goes with it, whatever happens.
        let mut own = Object::take(first);
        let lock = format!("SELECT pg_advisory_lock({MIGRATIONS}, 0)");
        own.batch_execute(&lock).await.map_err(|error| connect(Box::new(error)))?;
        migrate(&mut own).await.map_err(|source| PostgresError::Migrate {
            server: server.to_string(),
            source: Box::new(source),
        })?;
        drop(own);
        let replicas = match others_of(&config, &options.read_urls)? {
            none if none.is_empty() => None,
            others => {
                let pool_of = |config: &Config| pool_at(config, connections - writing);
                Some(Arc::new(Replicas::start(others, pool.clone(), pool_of)?))
            }
        };
        let (listener, election) = match tls {
            None => {
                let none = tokio_postgres::NoTls;
                (Listener::start(config.clone(), none), Election::new(config, none))
            }
            Some(tls) => (Listener::start(config.clone(), tls.clone()), Election::new(config, tls)),
        };
        let (listener, election) = (Arc::new(listener), Arc::new(election));
        Ok(Self { server, pool, writers, listener, election, replicas, writing: Arc::default() })
    }

    /// The database as a tenant uses it.
    fn of(&self, tenant: Tenant) -> std::io::Result<Database> {
        let ears = &self.listener.ears;
        let (voice, told) = (Voice { tenant, own: ears.own }, ears.of(tenant));
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // Who opens a tenant that is open writes by the same thread.
        let writer = match writing.get(&tenant.0).and_then(mpsc::WeakSender::upgrade) {
            Some(writer) => writer,
            None => {
                writing.retain(|_, writer| writer.strong_count() > 0);
                let writer = writer::spawn(self.writers.clone(), voice, told.clone(), Handle::current())?;
                writing.insert(tenant.0, writer.downgrade());
                writer
            }
        };
        drop(writing);
        Ok(Database { connections: self.clone(), tenant, writer, told })
    }
}

impl Database {
    /// The server and the database, without secrets.
    pub fn server(&self) -> &str {
        &self.connections.server
    }
}

/// The replicas' addresses, with what the primary's says besides where it is.
fn others_of(primary: &Config, urls: &[String]) -> std::result::Result<Vec<Config>, PostgresError> {
    let mut others = Vec::with_capacity(urls.len());
    for url in urls {
        let mut config: Config = url.parse().map_err(PostgresError::Url)?;
        if config.get_password().is_none()
            && let Some(password) = primary.get_password()
        {
            config.password(password);
        }
        config.application_name(primary.get_application_name().unwrap_or_default());
        notice_silence(&mut config);
        others.push(config);
    }
    Ok(others)
}

/// The server and the database of a connection string, for people: no user, no password.
fn name_of(config: &Config) -> String {
    use tokio_postgres::config::Host;
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| {
            let port = config.get_ports().get(at).or(config.get_ports().first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(path) => format!("{}:{port}", path.display()),
            }
        })
        .collect();
    format!("{}/{}", hosts.join(","), config.get_dbname().or(config.get_user()).unwrap_or_default())
}

/// TLS by what this machine trusts (`SSL_CERT_FILE` names others). Certificates are always verified: a connection that anybody may read is asked for
/// with `sslmode=disable`.
fn tls() -> std::result::Result<MakeRustlsConnect, PostgresError> {
    let config = rustls::ClientConfig::with_platform_verifier().map_err(PostgresError::Tls)?;
    Ok(MakeRustlsConnect::new(config))
}

async fn check(connection: &Object, server: &str) -> std::result::Result<(), PostgresError> {
    let sql = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
               current_setting('server_encoding'), current_user::text, \
               (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)";
    let failed = |source| PostgresError::Connect { server: server.to_owned(), source: Box::new(source) };
    let row = connection.query_one(sql, &[]).await.map_err(failed)?;
    let text = |at: usize| row.try_get::<_, String>(at).map_err(failed);
    if text(0)?.parse::<u32>().unwrap_or(0) < OLDEST {
        return Err(PostgresError::TooOld { server: server.to_owned(), version: text(1)? });
    }
    if text(2)? != "UTF8" {
        return Err(PostgresError::Encoding { server: server.to_owned(), encoding: text(2)? });
    }
    if row.try_get::<_, bool>(4).map_err(failed)? {
        return Err(PostgresError::Unbound { server: server.to_owned(), role: text(3)? });
    }
    Ok(())
}

impl Jobs for Database {
    async fn written_elsewhere(&self) {
        self.told.notified().await;
    }

    async fn write<T, F>(&self, action: &'static str, job: F) -> std::result::Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(Connection<'_>) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = writer::job(job, move |result| {
            // The caller may have gone; what was written stays written.
            let _ = answer.send(result);
        });
        self.writer.send(work).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?.map_err(|fault| fault.told(action))
    }

    async fn read<T, F>(&self, action: &'static str, job: F) -> std::result::Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(Connection<'_>) -> Result<T> + Send + Sync + 'static,
    {
        self.read_here(action, Arc::new(job)).await
    }

    async fn survey<T, F>(&self, action: &'static str, job: F) -> std::result::Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(Connection<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let job = Arc::new(job);
        if let Some(replicas) = &self.connections.replicas {
            let there = |connection| self.read_once(connection, job.clone());
            if let Some(answer) = replicas.read(&self.connections.pool, there).await {
                return answer.map_err(|fault| fault.told(action));
            }
        }
        self.read_here(action, job).await
    }

    fn replicas(&self) -> Vec<Replica> {
        self.connections.replicas.as_ref().map(|replicas| replicas.told()).unwrap_or_default()
    }

    fn leads(&self) -> bool {
        self.connections.election.leads()
    }
}

impl Database {
    /// On the primary.
    async fn read_here<T, F>(&self, action: &'static str, job: Arc<F>) -> std::result::Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(Connection<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let mut again = true;
        loop {
            let connection =
                self.connections.pool.get().await.map_err(|error| pool_fault(error).told(action))?;
            match self.read_once(connection, job.clone()).await {
                // A connection of the pool may have broken while nobody used it.
                Err(Fault::Lost(_)) if again => again = false,
                result => return result.map_err(|fault| fault.told(action)),
            }
        }
    }

    async fn read_once<T, F>(&self, connection: Object, job: Arc<F>) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Connection<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let (handle, tenant) = (Handle::current(), self.tenant);
        let work = move || {
            let session = Session::begin_reading(connection, handle, tenant)?;
            let result = job(Connection::Postgres(&session));
            session.end(result)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Fault::Closed)?
    }
}

fn pool_fault(error: PoolError) -> Fault {
    Fault::Lost(Box::new(error))
}

/// What an error of the driver means to a caller.
fn fault(error: tokio_postgres::Error) -> Fault {
    let gone = match error.code() {
        Some(code) => {
            let ended = [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
                SqlState::LOCK_NOT_AVAILABLE,
                SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            ];
            if [SqlState::DISK_FULL, SqlState::OUT_OF_MEMORY].contains(code) {
                return Fault::DiskFull { path: "the PostgreSQL server".to_owned() };
            }
            ended.contains(code) || code.code().starts_with("08")
        }
        None => error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>()),
    };
    if gone { Fault::Lost(Box::new(error)) } else { Fault::Postgres(error) }
}
