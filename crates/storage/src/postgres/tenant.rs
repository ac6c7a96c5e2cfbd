//! The tenant's store on PostgreSQL: a database of which each tenant sees its own rows.

use super::{Database, Options, PostgresError, Tenant};
use crate::tenant::{Jobs, SqlTenantStore, lease_restored};
use lockstep_model::Timestamp;
use lockstep_tenant::StoreError;
use tokio_postgres::Config;

mod embedded {
    refinery::embed_migrations!("migrations/postgres/tenant");
}

/// A tenant in a PostgreSQL database. Cloning is cheap.
pub type PostgresTenantStore = SqlTenantStore<Database>;

impl PostgresTenantStore {
    /// Connects, and brings the tables to this version; of several that do so at once, one after another. The password
    /// may stand in the connection string or beside it. What is answered as written is committed.
    ///
    /// `sslmode` is `disable`, `prefer` (the default) or `require`; a certificate is always verified.
    ///
    /// # Errors
    /// [`PostgresError`]; each says what is to be done.
    pub async fn connect(
        url: &str,
        password: Option<&str>,
        options: &Options,
    ) -> Result<Self, PostgresError> {
        let mut config: Config = url.parse().map_err(PostgresError::Url)?;
        if let Some(password) = password {
            config.password(password);
        }
        // The first tenant of a database; there is no second yet.
        let tenant = Tenant(1);
        let migrate = async |client: &mut tokio_postgres::Client| {
            embedded::migrations::runner().run_async(client).await.map(drop)
        };
        Ok(Self { jobs: Database::open(config, options, tenant, migrate).await? })
    }

    /// Says that the database was taken from a backup of its own: the leases in it end, and sync clients and delta queries
    /// compare anew with what it holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_restored(&self, now: Timestamp) -> Result<(), StoreError> {
        self.jobs.write("marking the tenant as restored", move |c| lease_restored(c, now)).await
    }

    /// The server and the database, without secrets.
    pub fn server(&self) -> &str {
        self.jobs.server()
    }
}
