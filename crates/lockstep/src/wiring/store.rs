//! Opens the tenant's database, a file or PostgreSQL, and remembers beside it where the server that uses it answers.

use super::disk;
use crate::clock::SystemClock;
use crate::config::{Config, Loaded};
use crate::secret;
use anyhow::Context;
use lockstep_model::Clock;
use lockstep_storage::postgres::Options;
use lockstep_storage::{PostgresTenantStore, SqliteTenantStore};
use lockstep_tenant::{Organization, TenantSetup, TenantStore};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The database's file, where it is one.
pub(crate) fn file(config: &Config) -> PathBuf {
    config.server.data_dir.join("tenant.db")
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

async fn postgres(config: &Config, url: &str) -> anyhow::Result<PostgresTenantStore> {
    let database = &config.server.database;
    let password = secret::read(database.password_file.as_deref(), "server.database.password")?;
    let (connections, read_urls) = (database.connections, database.read_urls.clone());
    let options = Options { connections, read_urls, ..Options::default() };
    let password = password.as_ref().map(ExposeSecret::expose_secret);
    PostgresTenantStore::connect(url, password, &options).await.context("[server.database] cannot be used")
}

/// Opens the tenant's store, makes it where there is none, and brings name and domains to the configuration's.
pub(crate) async fn open(loaded: &Loaded) -> anyhow::Result<(Arc<dyn TenantStore>, Organization)> {
    let config = &loaded.config;
    disk::make_private(&config.server.data_dir)?;
    let store: Arc<dyn TenantStore> = match &config.server.database.url {
        Some(url) => Arc::new(postgres(config, url).await?),
        None => Arc::new(SqliteTenantStore::open(&file(config))?),
    };
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
    let organization = store.set_up(setup, SystemClock.now()).await?;
    Ok((store, organization))
}

/// Says in the tenant that it was taken from a backup.
pub(crate) async fn mark_restored(loaded: &Loaded) -> anyhow::Result<()> {
    let (config, now) = (&loaded.config, SystemClock.now());
    match &config.server.database.url {
        Some(url) => postgres(config, url).await?.mark_restored(now).await?,
        None => SqliteTenantStore::open(&file(config))?.mark_restored(now).await?,
    }
    Ok(())
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
