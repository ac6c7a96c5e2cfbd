//! `lockstep verify`: reads the configured directory and a server, and says what differs.

use crate::End;
use crate::cli::Verify;
use crate::config::Loaded;
use crate::out::Out;
use crate::sample::Manifest;
use crate::verify::{VerifyOptions, verify};
use crate::wiring::remote::Api;
use crate::wiring::{client, rules, source};
use anyhow::{Context, bail};
use secrecy::ExposeSecret;

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, arguments: &Verify) -> anyhow::Result<End> {
    let manifest: Option<Manifest> = match &arguments.manifest {
        Some(path) => {
            let read = || -> anyhow::Result<Manifest> { Ok(serde_json::from_slice(&std::fs::read(path)?)?) };
            Some(read().with_context(|| format!("{} is no manifest of `lockstep sample`", path.display()))?)
        }
        None => None,
    };
    let rules = rules::configured(loaded)?;
    let mut sources = source::factories(loaded)?.into_iter();
    let source = sources.next().context("no directory is configured")?;
    if sources.next().is_some() {
        bail!(
            "`lockstep verify` compares one directory with the cloud, and the configuration has several; \
             `lockstep sync preview` says what would be written"
        );
    }
    let mut source = source(&rules.attributes());
    let api = Api::open(loaded, &arguments.remote).await?;
    let options = VerifyOptions {
        source: source.as_mut(),
        rules: &rules,
        scope: client::scope(loaded),
        server: &api.url,
        token: api.token.expose_secret(),
        manifest: manifest.as_ref(),
    };
    let report = verify(options).await;
    api.close().await;
    let report = report?;
    out.print(&report, || report.to_string())?;
    Ok(if report.is_in_step() { End::Done } else { End::Failed })
}
