//! The log: to standard error, text or JSON, filtered by `LOCKSTEP_LOG`, else `RUST_LOG`, else `[log] level`.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging. Called once; a second call changes nothing.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let set = ["LOCKSTEP_LOG", "RUST_LOG"].into_iter().find_map(|name| std::env::var(name).ok());
    let level = set.unwrap_or_else(|| log.level.clone());
    let filter = EnvFilter::try_new(&level).map_err(|error| {
        anyhow::anyhow!("log level \"{level}\": {error}; write `info` or `info,lockstep_ldap=debug`")
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had been started already");
    }
    Ok(())
}
