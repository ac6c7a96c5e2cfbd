//! Opens the tenant's database, and remembers beside it where the server that uses it answers.

use super::disk;
use crate::clock::SystemClock;
use crate::config::{Config, Loaded};
use crate::secret;
use anyhow::Context;
use lockstep_model::Clock;
use lockstep_storage::SqliteTenantStore;
use lockstep_tenant::{Organization, TenantSetup, TenantStore};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The database's file.
pub(crate) fn database(config: &Config) -> PathBuf {
    config.server.data_dir.join("tenant.db")
}

/// Opens the tenant's store, makes it where there is none, and brings name and domains to the configuration's.
pub(crate) async fn open(loaded: &Loaded) -> anyhow::Result<(Arc<dyn TenantStore>, Organization)> {
    let config = &loaded.config;
    disk::make_private(&config.server.data_dir)?;
    let store = SqliteTenantStore::open(&database(config))?;
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
    Ok((Arc::new(store), organization))
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
