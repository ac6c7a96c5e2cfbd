//! The sync client over the configured directory, state and server.

use super::{disk, rules, source};
use crate::clock::SystemClock;
use crate::config::{Loaded, Source, SourceKind};
use crate::secret;
use anyhow::Context;
use lockstep_model::Fingerprint;
use lockstep_model::guard::{DeletionThreshold, MemberThreshold};
use lockstep_model::provisioning::MAX_CONFIGURATION_SETTINGS;
use lockstep_rules::{Rules, RulesDocument};
use lockstep_storage::SqliteStateStore;
use lockstep_sync::{LeftScope, ScopeSettings, StateStore, SyncClient, SyncSettings};
use lockstep_targets::{TenantTarget, TenantTargetSettings};
use secrecy::SecretString;
use std::collections::BTreeMap;
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
    let mut sources = source::factories(loaded)?.into_iter();
    let first = sources.next().context("no directory is configured")?;
    let client = SyncClient::new(first, Arc::new(target), state, Arc::new(SystemClock), settings(loaded)?);
    Ok(client.with_further_sources(sources.collect()))
}

fn settings(loaded: &Loaded) -> anyhow::Result<SyncSettings> {
    let sync = &loaded.config.sync;
    let rules = rules::configured(loaded)?;
    Ok(SyncSettings {
        rules: rules.clone(),
        scope: scope(loaded),
        left_scope: match sync.left_scope {
            crate::config::LeftScope::Delete => LeftScope::Delete,
            crate::config::LeftScope::Disable => LeftScope::Disable,
            crate::config::LeftScope::Keep => LeftScope::Keep,
        },
        threshold: DeletionThreshold { count: sync.guard.count, percent: sync.guard.percent },
        members: MemberThreshold { percent: sync.guard.members_percent, least: sync.guard.members_least },
        lease: lease(loaded),
        lease_term: sync.standby.term.0,
        configuration: configuration(loaded, &rules),
        cycle: sync.cycle.0,
        full_read: sync.full_read.0,
        // A window that cannot be read was refused with the configuration.
        maintenance: sync.maintenance.iter().filter_map(|window| window.read().ok()).collect(),
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

/// The lease that clients of this source share.
pub(crate) fn lease(loaded: &Loaded) -> String {
    if let Some(lease) = &loaded.config.sync.standby.lease {
        return lease.clone();
    }
    let source = &loaded.config.source;
    match source.kind {
        SourceKind::OpenLdap => {
            let base = source.base_dn.clone().unwrap_or_default();
            format!("openldap {}", lockstep_model::dn::normalize(&base).unwrap_or(base))
        }
        SourceKind::Ldif => format!("ldif {}", describe_source(source)),
    }
}

/// Sections and keys that decide what is written. What may differ between machines (addresses, accounts, files) is
/// not among them.
const COMPARED: &[&str] = &[
    "source.kind",
    "source.base_dn",
    "source.filter",
    "source.include",
    "source.exclude",
    "mapping.",
    "sync.guard.",
    "sync.cycle",
    "sync.settle",
    "sync.left_scope",
    "sync.full_read",
    "sync.maintenance",
    "sync.standby.term",
];
/// Characters of a value that are sent.
const VALUE: usize = 1_000;

/// The settings that decide what is written, by name.
fn configuration(loaded: &Loaded, rules: &Rules) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let config = serde_json::to_value(&loaded.config).unwrap_or_default();
    flatten("", &config, &mut settings);
    settings.retain(|name, _| {
        COMPARED.iter().any(|key| name == key || (key.ends_with('.') && name.starts_with(key)))
    });
    for (section, source) in loaded.config.sources().skip(1) {
        let mut compared = BTreeMap::new();
        flatten(&section, &serde_json::to_value(source).unwrap_or_default(), &mut compared);
        compared.retain(|name, _| {
            ["name", "kind", "base_dn", "filter"].iter().any(|key| *name == format!("{section}.{key}"))
        });
        settings.extend(compared);
    }
    if let RulesDocument::Set { text, .. } = rules.document() {
        // Where the file lies says nothing; what stands in it does.
        settings.insert("mapping.rules".into(), format!("fingerprint {}", Fingerprint::of_text(text)));
    }
    settings.into_iter().take(MAX_CONFIGURATION_SETTINGS).collect()
}

fn flatten(name: &str, value: &serde_json::Value, into: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten(&name, value, into);
            }
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => {
            into.insert(name.to_owned(), text.chars().take(VALUE).collect());
        }
        other => {
            into.insert(name.to_owned(), other.to_string().chars().take(VALUE).collect());
        }
    }
}

/// Name of this machine, as `hostname` says it.
pub(crate) fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".into() } else { name.to_owned() }
}

/// The directories for people, without asking them.
pub(crate) fn describe_sources(loaded: &Loaded) -> String {
    let described: Vec<String> = loaded.config.sources().map(|(_, source)| describe_source(source)).collect();
    described.join(", ")
}

fn describe_source(source: &Source) -> String {
    match source.kind {
        SourceKind::OpenLdap => source.url.clone().unwrap_or_default(),
        SourceKind::Ldif => source.file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
    }
}
