//! Asks a running server over its API, as a person or a program would.

use super::store::{self, Running};
use crate::cli::Remote;
use crate::clock::SystemClock;
use crate::config::Loaded;
use crate::secret;
use anyhow::{Context, bail};
use jiff::SignedDuration;
use lockstep_api::auth::new_secret;
use lockstep_model::Clock;
use lockstep_targets::{HttpSettings, http_client};
use lockstep_tenant::{Role, TenantStore, TokenRecord};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a token of our own works, should it not be ended.
const OWN_TOKEN: SignedDuration = SignedDuration::from_mins(5);
/// Bytes an answer may have.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// A server, and who asks it.
pub(crate) struct Api {
    http: reqwest::Client,
    /// Its address.
    pub(crate) url: String,
    /// Who asks.
    pub(crate) token: SecretString,
    /// A token made for this command, to be ended with it.
    own: Option<(Arc<dyn TenantStore>, String)>,
}

impl Api {
    /// The server named, else the one that runs here, else the one the sync client writes to. Without a token
    /// file a short-lived token is made in the database, where that is on this machine: whoever can read the
    /// database may do that.
    pub(crate) async fn open(loaded: &Loaded, remote: &Remote) -> anyhow::Result<Self> {
        let data_dir = &loaded.config.server.data_dir;
        let running = Running::read(data_dir).map(|running| running.url);
        let written = loaded.is_set("sync.server").then(|| loaded.config.sync.server.clone());
        let Some(url) = remote.server.clone().or(running).or(written) else {
            bail!(
                "no server runs over {}; start one with `lockstep up` or `lockstep server`, or name one with --server",
                data_dir.display()
            );
        };
        let url = url.trim_end_matches('/').to_owned();
        let ca_file = loaded.config.sync.ca_file.as_deref();
        let http = http_client(HttpSettings {
            ca_file,
            read_timeout: Duration::from_secs(90),
            ..HttpSettings::default()
        })?;
        if let Some(path) = &remote.token_file {
            return Ok(Self { http, url, token: secret::read_file(path)?, own: None });
        }
        if !store::is_here(&loaded.config) {
            bail!(
                "the tenant's database is not on this machine ({}); run `lockstep token create NAME --role reader` on \
                 the server and name the token's file with --token-file",
                data_dir.display()
            );
        }
        let tenant =
            url.split_once("/tenants/").map(|(_, tenant)| tenant.split('/').next().unwrap_or(tenant));
        let store = store::open_tenant(loaded, tenant).await?.store;
        let now = SystemClock.now();
        let secret = new_secret("lkt")?;
        let record = TokenRecord {
            name: format!("{} at the command line ({})", account(), std::process::id()),
            role: Role::Admin,
            client: None,
            created_at: now,
            expires_at: now.checked_add(OWN_TOKEN).ok(),
        };
        let name = record.name.clone();
        store.put_token(secret.hash, record, now).await?;
        Ok(Self { http, url, token: secret.text, own: Some((store, name)) })
    }

    /// Ends the token that was made for this command.
    pub(crate) async fn close(self) {
        if let Some((store, name)) = self.own
            && let Err(error) = store.remove_token(name).await
        {
            tracing::debug!(%error, "the command's own token cannot be ended; it ends by itself");
        }
    }

    /// `GET`, answered as JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::GET, path, None).await
    }

    /// `POST` of a JSON body, answered as JSON.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `GET` of a file, written to `to` as it comes.
    pub(crate) async fn download(&self, path: &str, to: &mut impl std::io::Write) -> anyhow::Result<()> {
        let mut answer = self.send(Method::GET, path, None).await?;
        if !answer.status().is_success() {
            let status = answer.status();
            let bytes = answer.bytes().await.map_err(reqwest::Error::without_url)?;
            return Err(self.refused(status, &bytes));
        }
        while let Some(part) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            to.write_all(&part)?;
        }
        to.flush()?;
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<reqwest::Response> {
        let mut request =
            self.http.request(method, format!("{}{path}", self.url)).bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.map_err(reqwest::Error::without_url).with_context(|| {
            format!(
                "the server at {} does not answer; check that it runs and that the address is right",
                self.url
            )
        })
    }

    fn refused(&self, status: reqwest::StatusCode, bytes: &[u8]) -> anyhow::Error {
        let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let message = body.pointer("/error/message").and_then(Value::as_str).unwrap_or("no further word");
        anyhow::anyhow!("the server at {} refused (HTTP {}): {message}", self.url, status.as_u16())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<T> {
        let answer = self.send(method, path, body).await?;
        let status = answer.status();
        if answer.content_length().is_some_and(|length| length > MAX_ANSWER as u64) {
            bail!("the answer of {} is larger than 64 MiB", self.url);
        }
        let bytes = answer.bytes().await.map_err(reqwest::Error::without_url)?;
        if !status.is_success() {
            return Err(self.refused(status, &bytes));
        }
        serde_json::from_slice(&bytes).with_context(|| {
            format!("{} does not answer as a Lockstep server does; check the address", self.url)
        })
    }
}

/// The account that runs this, for records of who did what.
pub(crate) fn account() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "someone".into())
}
