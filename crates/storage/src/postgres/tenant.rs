//! The tenant's store on PostgreSQL: a database of which each tenant sees its own rows.

use super::{Connections, Database, Options, PostgresError, Tenant};
use crate::tenant::SqlTenantStore;
use tokio_postgres::Config;

mod embedded {
    refinery::embed_migrations!("migrations/postgres/tenant");
}

/// The first tenant of a database.
pub(super) const FIRST: Tenant = Tenant(1);

/// Connects, and brings the tables to this version.
pub(super) async fn connect(
    url: &str,
    password: Option<&str>,
    options: &Options,
) -> Result<Connections, PostgresError> {
    let mut config: Config = url.parse().map_err(PostgresError::Url)?;
    if let Some(password) = password {
        config.password(password);
    }
    let migrate = async |client: &mut tokio_postgres::Client| {
        embedded::migrations::runner().run_async(client).await.map(drop)
    };
    Connections::open(config, options, migrate).await
}

/// A tenant in a PostgreSQL database. Cloning is cheap.
pub type PostgresTenantStore = SqlTenantStore<Database>;

impl PostgresTenantStore {
    /// The first tenant of a database: connects, and brings the tables to this version; of several that do so at once, one after another. The password
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
        let connections = connect(url, password, options).await?;
        Ok(Self { jobs: connections.of(FIRST).map_err(PostgresError::Thread)? })
    }

    /// The server and the database, without secrets.
    pub fn server(&self) -> &str {
        self.jobs.server()
    }
}
