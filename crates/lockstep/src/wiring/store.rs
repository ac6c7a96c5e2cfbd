//! Opens the tenants' databases, files or PostgreSQL, and remembers beside it where the server that uses it answers.

use super::disk;
use crate::clock::SystemClock;
use crate::config::{Config, Loaded, Tenants};
use crate::secret;
use anyhow::Context;
use lockstep_model::{Clock, TenantId};
use lockstep_storage::postgres::Options;
use lockstep_storage::{PostgresTenants, SqliteTenants, TenantsOptions};
use lockstep_tenant::{Organization, TenantEntry, TenantRegistry, TenantSetup, TenantStore};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of the first tenant's database, where it is one.
pub(crate) fn file(config: &Config) -> PathBuf {
    config.server.data_dir.join("tenant.db")
}

/// The file of the first tenant or, by its id, of another.
pub(crate) fn file_of(config: &Config, tenant: Option<TenantId>) -> PathBuf {
    match tenant {
        None => file(config),
        Some(id) => SqliteTenants::file(&config.server.data_dir, id, false),
    }
}

/// Whether this machine can open the tenant's database: its file is here, or PostgreSQL is named.
pub(crate) fn is_here(config: &Config) -> bool {
    config.server.database.url.is_some() || file(config).exists()
}

/// What the database is, for people.
pub(crate) fn described(config: &Config) -> String {
    match &config.server.database.url {
        // It holds no password, and who connects is nobody's secret; what follows `?` is of no interest.
        Some(url) => url.split('?').next().unwrap_or_default().to_owned(),
        None => file(config).display().to_string(),
    }
}

/// The tenants of this server.
#[derive(Clone)]
pub(crate) struct Registry {
    pub(crate) tenants: Arc<dyn TenantRegistry>,
    /// The same, where they are files.
    pub(crate) files: Option<SqliteTenants>,
}

/// A tenant that was opened.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn TenantStore>,
    /// What its addresses begin with: nothing for the first.
    pub(crate) prefix: String,
}

/// Opens the registry; no tenant is opened.
pub(crate) async fn registry(config: &Config) -> anyhow::Result<Registry> {
    let Some(url) = &config.server.database.url else {
        disk::make_private(&config.server.data_dir)?;
        let Tenants { open, idle } = &config.server.tenants;
        let options = TenantsOptions { most_open: *open, idle: idle.0 };
        let files = SqliteTenants::open(&config.server.data_dir, options)?;
        return Ok(Registry { tenants: Arc::new(files.clone()), files: Some(files) });
    };
    disk::make_private(&config.server.data_dir)?;
    let database = &config.server.database;
    let password = secret::read(database.password_file.as_deref(), "server.database.password")?;
    let (connections, read_urls) = (database.connections, database.read_urls.clone());
    let options = Options { connections, read_urls, ..Options::default() };
    let password = password.as_ref().map(ExposeSecret::expose_secret);
    let tenants = PostgresTenants::connect(url, password, &options)
        .await
        .context("[server.database] cannot be used")?;
    Ok(Registry { tenants: Arc::new(tenants), files: None })
}

/// Opens the first tenant's store, makes it where there is none, and brings name and domains to the configuration's. The
/// others are in the registry.
pub(crate) async fn open(loaded: &Loaded) -> anyhow::Result<(Registry, Arc<dyn TenantStore>, Organization)> {
    let config = &loaded.config;
    let registry = registry(config).await?;
    let setup = TenantSetup {
        display_name: config.tenant.display_name.trim().to_owned(),
        initial_domain: config.tenant.initial_domain.to_lowercase(),
        domains: config
            .tenant
            .domains
            .iter()
            .map(|domain| (domain.name.to_lowercase(), domain.verified))
            .collect(),
    };
    let (store, organization) = registry.tenants.set_up_first(setup, SystemClock.now()).await?;
    Ok((registry, store, organization))
}

/// Opens a tenant by its id or a domain that is verified there; the first where none is named.
pub(crate) async fn open_tenant(loaded: &Loaded, name: Option<&str>) -> anyhow::Result<Opened> {
    let (registry, store, _) = open(loaded).await?;
    let Some(name) = name else { return Ok(Opened { store, prefix: String::new() }) };
    let (name, entry) = find(&registry, name).await?;
    if entry.is_first {
        return Ok(Opened { store, prefix: String::new() });
    }
    let store = registry.tenants.open(entry.id).await?.with_context(|| unknown(&name))?;
    Ok(Opened { store, prefix: format!("/tenants/{name}") })
}

fn unknown(name: &str) -> String {
    format!("there is no tenant '{name}' on this server; `lockstep tenant list` shows them")
}

/// The tenant of an id or a domain, and that as addresses have it.
pub(crate) async fn find(registry: &Registry, name: &str) -> anyhow::Result<(String, TenantEntry)> {
    let name = name.trim().to_lowercase();
    let found = match name.parse::<TenantId>() {
        Ok(id) => registry.tenants.by_id(id).await?,
        Err(_) => registry.tenants.by_domain(name.clone()).await?,
    };
    let entry = found.with_context(|| unknown(&name))?;
    Ok((name, entry))
}

/// Says in a tenant that it was taken from a backup; in all of them where none is named. Answers in how many.
pub(crate) async fn mark_restored(loaded: &Loaded, tenant: Option<&str>) -> anyhow::Result<usize> {
    let now = SystemClock.now();
    if tenant.is_some() {
        open_tenant(loaded, tenant).await?.store.mark_restored(now).await?;
        return Ok(1);
    }
    let (registry, _, _) = open(loaded).await?;
    let mut marked = 0;
    for tenant in registry.tenants.list().await?.into_iter().filter(|tenant| !tenant.is_going) {
        let Some(store) = registry.tenants.open(tenant.id).await? else { continue };
        store.mark_restored(now).await?;
        marked += 1;
    }
    Ok(marked)
}

/// What a running server writes beside its database, for commands on the same machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Running {
    /// Where it answers on this machine.
    pub(crate) url: String,
    /// Its process.
    pub(crate) pid: u32,
}

impl Running {
    fn file(data_dir: &Path) -> PathBuf {
        data_dir.join("server.json")
    }

    /// Says that a server runs.
    pub(crate) fn write(&self, data_dir: &Path) -> anyhow::Result<()> {
        let path = Self::file(data_dir);
        secret::write_private(&path, &serde_json::to_string(self)?)
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    /// The server that runs over this folder. One that was killed and left its file does not count.
    pub(crate) fn read(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(Self::file(data_dir)).ok()?;
        let running: Self = serde_json::from_str(&text).ok()?;
        Path::new("/proc").join(running.pid.to_string()).exists().then_some(running)
    }

    /// Says that it no longer runs.
    pub(crate) fn remove(data_dir: &Path) {
        if let Err(error) = std::fs::remove_file(Self::file(data_dir)) {
            tracing::debug!(%error, "server.json cannot be removed");
        }
    }
}
