//! The tenant that a single command writes to: the configured server; or, where the configuration is that of
//! `lockstep up` and it does not run, a server of the command's own for as long as it lasts.

use super::store::Running;
use super::{client, run, server};
use crate::config::Loaded;
use anyhow::bail;
use lockstep_targets::TenantTarget;
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The tenant, while the command lasts.
pub(crate) struct Tenant {
    url: String,
    token: SecretString,
    own: Option<(CancellationToken, JoinHandle<anyhow::Result<()>>)>,
}

impl Tenant {
    /// Finds the configured server, or starts one.
    pub(crate) async fn open(loaded: &Loaded) -> anyhow::Result<Self> {
        let url = loaded.config.sync.server.clone();
        if let Some(token) = client::token(loaded)? {
            return Ok(Self { url, token, own: None });
        }
        if !client::writes_to_itself(loaded)? {
            client::target(loaded)?;
        }
        if Running::read(&loaded.config.server.data_dir).is_some() {
            bail!(
                "a server runs here, and this command has no token for it; `lockstep up` follows the directory by itself, \
                 otherwise run `lockstep token create NAME --role sync-client` and set [sync] token_file"
            );
        }
        let server = server::prepare(loaded, Some("127.0.0.1:0")).await?;
        let (url, token) = (server.local_url.clone(), run::own_token(loaded, server.store.as_ref()).await?);
        let stop = CancellationToken::new();
        let serving = tokio::spawn(server.serve(stop.clone()));
        Ok(Self { url, token, own: Some((stop, serving)) })
    }

    /// A connector to it.
    pub(crate) fn target(&self, loaded: &Loaded) -> anyhow::Result<TenantTarget> {
        client::target_at(loaded, self.url.clone(), self.token.clone())
    }

    /// Stops a server of the command's own.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let Some((stop, serving)) = self.own else { return Ok(()) };
        stop.cancel();
        serving.await?
    }
}
