//! The sync client over the configured directory, state and server.

use super::{disk, rules, source};
use crate::clock::SystemClock;
use crate::config::{Loaded, SourceKind};
use crate::secret;
use anyhow::Context;
use lockstep_model::guard::{DeletionThreshold, MemberThreshold};
use lockstep_storage::SqliteStateStore;
use lockstep_sync::{LeftScope, ScopeSettings, StateStore, SyncClient, SyncSettings};
use lockstep_targets::{TenantTarget, TenantTargetSettings};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;

/// The file of the client's state.
pub(crate) fn state_file(loaded: &Loaded) -> PathBuf {
    loaded.config.sync.state_dir.join("state.db")
}

/// Opens the client's state; only one process at a time can.
pub(crate) fn open_state(loaded: &Loaded) -> anyhow::Result<Arc<dyn StateStore>> {
    disk::make_private(&loaded.config.sync.state_dir)?;
    Ok(Arc::new(SqliteStateStore::open(&state_file(loaded))?))
}

/// A copy of the state, to plan in while a client runs.
pub(crate) fn copy_state(loaded: &Loaded) -> anyhow::Result<Arc<dyn StateStore>> {
    disk::make_private(&loaded.config.sync.state_dir)?;
    Ok(Arc::new(SqliteStateStore::open_copy(&state_file(loaded))?))
}

/// The server at `[sync] server` with the configured token.
pub(crate) fn target(loaded: &Loaded) -> anyhow::Result<TenantTarget> {
    let token = token(loaded)?.context(
        "sync.token_file is not set, and there is no systemd credential `sync.token`; \
         run `lockstep token create NAME --role sync-client` on the server and put the token into a file",
    )?;
    target_at(loaded, loaded.config.sync.server.clone(), token)
}

/// The configured token of the sync client; none where there is none.
pub(crate) fn token(loaded: &Loaded) -> anyhow::Result<Option<SecretString>> {
    secret::read(loaded.config.sync.token_file.as_deref(), "sync.token")
}

/// Whether the sync client's server is the one of this configuration (`lockstep up`): neither another server
/// nor a token is named.
pub(crate) fn writes_to_itself(loaded: &Loaded) -> anyhow::Result<bool> {
    Ok(!loaded.is_set("sync.server") && token(loaded)?.is_none())
}

/// A server at an address, with a token.
pub(crate) fn target_at(loaded: &Loaded, url: String, token: SecretString) -> anyhow::Result<TenantTarget> {
    let ca_file = loaded.config.sync.ca_file.clone();
    Ok(TenantTarget::new(TenantTargetSettings { url, token, ca_file })?)
}

/// The client.
pub(crate) fn client(
    loaded: &Loaded,
    target: TenantTarget,
    state: Arc<dyn StateStore>,
) -> anyhow::Result<SyncClient> {
    Ok(SyncClient::new(
        source::factory(loaded)?,
        Arc::new(target),
        state,
        Arc::new(SystemClock),
        settings(loaded)?,
    ))
}

fn settings(loaded: &Loaded) -> anyhow::Result<SyncSettings> {
    let sync = &loaded.config.sync;
    Ok(SyncSettings {
        rules: rules::configured(loaded)?,
        scope: scope(loaded),
        left_scope: match sync.left_scope {
            crate::config::LeftScope::Delete => LeftScope::Delete,
            crate::config::LeftScope::Disable => LeftScope::Disable,
            crate::config::LeftScope::Keep => LeftScope::Keep,
        },
        threshold: DeletionThreshold { count: sync.guard.count, percent: sync.guard.percent },
        members: MemberThreshold { percent: sync.guard.members_percent, least: sync.guard.members_least },
        cycle: sync.cycle.0,
        settle: sync.settle.0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: machine(),
        ..SyncSettings::default()
    })
}

/// The containers that the configuration chooses.
pub(crate) fn scope(loaded: &Loaded) -> ScopeSettings {
    let source = &loaded.config.source;
    ScopeSettings { include: source.include.clone(), exclude: source.exclude.clone() }
}

/// Name of this machine, as `hostname` says it.
pub(crate) fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".into() } else { name.to_owned() }
}

/// The directory for people, without asking it.
pub(crate) fn describe_source(loaded: &Loaded) -> String {
    let source = &loaded.config.source;
    match source.kind {
        SourceKind::OpenLdap => source.url.clone().unwrap_or_default(),
        SourceKind::Ldif => source.file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
    }
}
