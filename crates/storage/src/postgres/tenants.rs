//! The tenants of a PostgreSQL database: their registry, and each one's store. All use the same few connections.
//!
//! **Invariant:** what is asked here without a tenant is asked of the registry's two tables, which hold nothing of what a
//! tenant holds.

use super::tenant::{FIRST, connect};
use super::{Connections, Options, PostgresError, Session, Tenant, fault, pool_fault};
use crate::sql::{Fault, Result};
use crate::tenant::{SqlTenantStore, set_up_as};
use async_trait::async_trait;
use lockstep_model::{TenantId, Timestamp};
use lockstep_tenant::{Organization, StoreError, TenantEntry, TenantRegistry, TenantSetup, TenantStore};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// Rows of a tenant that one transaction removes.
const PART: usize = 20_000;

/// The tenants of a PostgreSQL database. Cloning is cheap.
#[derive(Clone)]
pub struct PostgresTenants {
    connections: Connections,
}

impl std::fmt::Debug for PostgresTenants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresTenants").field("server", &self.connections.server).finish_non_exhaustive()
    }
}

impl PostgresTenants {
    /// Connects, as [`crate::PostgresTenantStore::connect`] does.
    ///
    /// # Errors
    /// [`PostgresError`]; each says what is to be done.
    pub async fn connect(
        url: &str,
        password: Option<&str>,
        options: &Options,
    ) -> std::result::Result<Self, PostgresError> {
        Ok(Self { connections: connect(url, password, options).await? })
    }

    /// What a tenant holds; none where there is no such tenant, or it is being deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenant(
        &self,
        id: TenantId,
    ) -> std::result::Result<Option<super::PostgresTenantStore>, StoreError> {
        let open = async || match self.number(id).await? {
            Some((tenant, false)) => self.store(tenant).map(Some),
            _ => Ok(None),
        };
        open().await.map_err(|fault: Fault| fault.told("opening a tenant"))
    }

    fn store(&self, tenant: Tenant) -> Result<super::PostgresTenantStore> {
        let jobs = self.connections.of(tenant).map_err(|error| Fault::Lost(Box::new(error)))?;
        Ok(SqlTenantStore { jobs })
    }

    /// Asks the registry.
    async fn ask(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let mut again = true;
        loop {
            let connection = self.connections.pool.get().await.map_err(pool_fault)?;
            let ask = async {
                let statement = connection.prepare_cached(sql).await?;
                connection.query(&statement, values).await
            };
            match ask.await.map_err(fault) {
                // A connection of the pool may have broken while nobody used it.
                Err(Fault::Lost(_)) if again => again = false,
                answer => return answer,
            }
        }
    }

    /// A tenant's number, and whether it is being deleted.
    async fn number(&self, id: TenantId) -> Result<Option<(Tenant, bool)>> {
        let sql = "SELECT tenant_id, going <> 0 FROM registry WHERE id = $1::text::uuid AND going <> 2";
        let rows = self.ask(sql, &[&id.to_string()]).await?;
        let read = |row: &Row| Ok((Tenant(row.try_get(0).map_err(fault)?), row.try_get(1).map_err(fault)?));
        rows.first().map(read).transpose()
    }

    /// Runs statements of a tenant that is being deleted, in one transaction; answers how many rows the last changed.
    async fn of_one_going(&self, tenant: Tenant, statements: Vec<String>) -> Result<usize> {
        let connection = self.connections.writers.get().await.map_err(pool_fault)?;
        let handle = Handle::current();
        let work = move || {
            let session = Session::begin_removing(connection, handle, tenant)?;
            let mut changed = Ok(0);
            for sql in &statements {
                changed = changed.and_then(|_| session.execute(sql, &[]));
            }
            session.end(changed)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Fault::Closed)?
    }

    async fn remove(&self, id: TenantId) -> Result<bool> {
        let Some((tenant, _)) = self.number(id).await?.filter(|(tenant, _)| *tenant != FIRST) else {
            return Ok(false);
        };
        let state =
            |going: i16| format!("UPDATE registry SET going = {going} WHERE tenant_id = this_tenant()");
        // From here on nothing leads to it, and nobody else writes to it: who writes looks here, with the tenant's lock.
        let free = "DELETE FROM verified_domain WHERE tenant_id = this_tenant()".to_owned();
        self.of_one_going(tenant, vec![free.clone(), state(GOING)]).await?;
        // Whatever tables there are: each that has rows of tenants has this policy.
        let sql = "SELECT tablename::text FROM pg_policies WHERE policyname = 'of_this_tenant' \
                   AND schemaname = current_schema() ORDER BY tablename";
        let mut last = Vec::new();
        for row in self.ask(sql, &[]).await? {
            let table: String = row.try_get(0).map_err(fault)?;
            let part = format!(
                "DELETE FROM \"{table}\" WHERE ctid = ANY (ARRAY(SELECT ctid FROM \"{table}\" LIMIT {PART}))"
            );
            while self.of_one_going(tenant, vec![part.clone()]).await? > 0 {}
            last.push(format!("DELETE FROM \"{table}\""));
        }
        // A server of an older version, which does not look, may have written meanwhile.
        last.extend([free, state(GONE)]);
        self.of_one_going(tenant, last).await.map(|changed| changed > 0)
    }
}

macro_rules! entries {
    ($rest:literal) => {
        concat!("SELECT r.tenant_id, r.id::text, r.created_at, r.going FROM registry r ", $rest)
    };
}

fn entry(row: &Row) -> Result<TenantEntry> {
    let created_at = row.try_get(2).map_err(fault)?;
    Ok(TenantEntry {
        id: row.try_get::<_, &str>(1).map_err(fault)?.parse().map_err(|_| Fault::corrupt("a tenant's id"))?,
        created_at: Timestamp::from_microsecond(created_at).map_err(|_| Fault::corrupt("a time"))?,
        is_first: row.try_get::<_, i32>(0).map_err(fault)? == FIRST.0,
        is_going: row.try_get::<_, i16>(3).map_err(fault)? != 0,
    })
}

/// In the registry: it is being deleted; and nothing is left but its number, so that who still holds it writes nothing.
const GOING: i16 = 1;
const GONE: i16 = 2;

const LOOKING: &str = "looking for a tenant";
const REMOVING: &str = "removing a tenant";

#[async_trait]
impl TenantRegistry for PostgresTenants {
    async fn set_up_first(
        &self,
        setup: TenantSetup,
        now: Timestamp,
    ) -> std::result::Result<(Arc<dyn TenantStore>, Organization), StoreError> {
        let store = self.store(FIRST).map_err(|fault| fault.told("opening the tenant"))?;
        let organization = store.set_up(setup, now).await?;
        Ok((Arc::new(store), organization))
    }

    async fn list(&self) -> std::result::Result<Vec<TenantEntry>, StoreError> {
        let rows = self.ask(entries!("WHERE r.going <> 2 ORDER BY r.tenant_id"), &[]).await;
        rows.and_then(|rows| rows.iter().map(entry).collect()).map_err(|fault| fault.told("listing tenants"))
    }

    async fn by_id(&self, id: TenantId) -> std::result::Result<Option<TenantEntry>, StoreError> {
        let rows =
            self.ask(entries!("WHERE r.id = $1::text::uuid AND r.going = 0"), &[&id.to_string()]).await;
        rows.and_then(|rows| rows.first().map(entry).transpose()).map_err(|fault| fault.told(LOOKING))
    }

    async fn by_domain(&self, domain: String) -> std::result::Result<Option<TenantEntry>, StoreError> {
        let sql =
            entries!("JOIN verified_domain v ON v.tenant_id = r.tenant_id WHERE v.name = $1 AND r.going = 0");
        let rows = self.ask(sql, &[&domain]).await;
        rows.and_then(|rows| rows.first().map(entry).transpose()).map_err(|fault| fault.told(LOOKING))
    }

    async fn open(&self, id: TenantId) -> std::result::Result<Option<Arc<dyn TenantStore>>, StoreError> {
        Ok(self.tenant(id).await?.map(|store| Arc::new(store) as Arc<dyn TenantStore>))
    }

    async fn create(
        &self,
        setup: TenantSetup,
        now: Timestamp,
    ) -> std::result::Result<Organization, StoreError> {
        let begin = async || {
            let rows = self.ask("SELECT nextval('tenant_number')::integer", &[]).await?;
            let row = rows.first().ok_or_else(|| Fault::corrupt("a tenant's number"))?;
            self.store(Tenant(row.try_get(0).map_err(fault)?))
        };
        // One transaction makes it, its domains and its place in the registry, or nothing.
        let store = begin().await.map_err(|fault: Fault| fault.told("making a tenant"))?;
        set_up_as(&store.jobs, None, setup, now).await
    }

    async fn delete(&self, id: TenantId) -> std::result::Result<bool, StoreError> {
        self.remove(id).await.map_err(|fault| fault.told(REMOVING))
    }
}
