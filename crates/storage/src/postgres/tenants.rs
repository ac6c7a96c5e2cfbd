//! The tenants of a PostgreSQL database: their registry, and each one's store. All use the same few connections.
//!
//! **Invariant:** what is asked here without a tenant is asked of the registry's two tables, which hold nothing of what a
//! tenant holds.

use super::tenant::{FIRST, connect};
use super::{Connections, Options, PostgresError, Tenant, fault, pool_fault};
use crate::sql::{Fault, Result, run_counted};
use crate::tenant::{Jobs, SqlTenantStore, set_up_as};
use async_trait::async_trait;
use lockstep_model::{TenantId, Timestamp};
use lockstep_tenant::{Organization, StoreError, TenantEntry, TenantRegistry, TenantSetup, TenantStore};
use std::sync::Arc;
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

    /// What a tenant holds; none where there is no such tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenant(
        &self,
        id: TenantId,
    ) -> std::result::Result<Option<super::PostgresTenantStore>, StoreError> {
        let open = async || match self.number(id).await? {
            Some(tenant) => self.store(tenant).map(Some),
            None => Ok(None),
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

    async fn number(&self, id: TenantId) -> Result<Option<Tenant>> {
        let sql = "SELECT tenant_id FROM registry WHERE id = $1::text::uuid";
        let rows = self.ask(sql, &[&id.to_string()]).await?;
        rows.first().map(|row| row.try_get(0).map(Tenant).map_err(fault)).transpose()
    }

    async fn remove(&self, id: TenantId) -> std::result::Result<bool, StoreError> {
        let told = |fault: Fault| fault.told(REMOVING);
        let Some(tenant) = self.number(id).await.map_err(told)?.filter(|tenant| *tenant != FIRST) else {
            return Ok(false);
        };
        let store = self.store(tenant).map_err(told)?;
        let run = async |sql: String| store.jobs.write(REMOVING, move |c| run_counted(c, &sql, ())).await;
        // From here on nothing leads to it.
        run("UPDATE registry SET going = 1 WHERE tenant_id = this_tenant()".into()).await?;
        run("DELETE FROM verified_domain WHERE tenant_id = this_tenant()".into()).await?;
        // Whatever tables there are: each that has rows of tenants has this policy.
        let sql = "SELECT tablename::text FROM pg_policies WHERE policyname = 'of_this_tenant' \
                   AND schemaname = current_schema() ORDER BY tablename";
        for row in self.ask(sql, &[]).await.map_err(told)? {
            let table: String = row.try_get(0).map_err(|error| told(fault(error)))?;
            let part = format!(
                "DELETE FROM \"{table}\" WHERE ctid = ANY (ARRAY(SELECT ctid FROM \"{table}\" LIMIT {PART}))"
            );
            while run(part.clone()).await? > 0 {}
        }
        run("DELETE FROM registry WHERE tenant_id = this_tenant()".into()).await?;
        Ok(true)
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
        let rows = self.ask(entries!("ORDER BY r.tenant_id"), &[]).await;
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
        self.remove(id).await
    }
}
