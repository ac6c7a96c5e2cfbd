//! `lockstep sync enroll`: a new sync client changes its enrolment code for a token, waits for the directory that it is
//! to read (the portal's set-up guide gives it, over the connection for orders), tries it, writes its configuration, and
//! begins: reading at once, writing when an administrator starts it.
//!
//! **Invariant:** the directory's password comes over that connection, goes into a file that only this account can
//! read, and is nowhere else. A configuration that is there is not overwritten.

use crate::End;
use crate::cli::Enroll;
use crate::config::{self, Loaded};
use crate::out::{self, Out};
use crate::secret::{read_file, write_private};
use crate::signals;
use crate::wiring::{self, client, disk};
use anyhow::{Context, bail};
use futures_util::StreamExt;
use lockstep_model::provisioning::{
    CheckResult, DoctorCheck, OrderAnswer, OrderRequest, Password, SourceSetup,
};
use lockstep_sync::SyncClient;
use lockstep_targets::{HttpSettings, Target, TenantTarget, TenantTargetSettings, http_client};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The configuration that is written at the end.
const FILE: &str = "lockstep.toml";
/// The one that is tried.
const TRIAL: &str = "lockstep.trial.toml";
/// Pause before a broken connection is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// What `POST /provisioning/v1/enroll` answers.
#[derive(Deserialize)]
struct Enrolled {
    name: String,
    token: SecretString,
}

/// Runs it.
pub(crate) async fn run(out: Out, asked: &Enroll) -> anyhow::Result<End> {
    let stop = signals::stop_token()?;
    let folder = std::path::absolute(&asked.dir)?;
    let file = folder.join(FILE);
    if file.exists() {
        bail!(
            "{} is there already: this client has its configuration; start it with `lockstep sync run`, or name another \
             folder with --dir",
            file.display()
        );
    }
    disk::make_private(&folder)?;
    let mut waiting = Waiting { folder, asked, token: enrolled(out, asked, &stop).await?, last: None };
    let Some(loaded) = waiting.configured(&stop).await? else { return Ok(End::Failed) };
    out::line(&format!(
        "The directory was tried, and {} written. This client reads now, and writes when it is started in the portal.\n\
         The next time: `lockstep sync run --config {}`",
        file.display(),
        file.display()
    ))?;
    wiring::run::sync(out, &loaded).await
}

/// The client's token: for the code, else that of a try before. A code that is used up is that of the same try.
async fn enrolled(out: Out, asked: &Enroll, stop: &CancellationToken) -> anyhow::Result<SecretString> {
    let path = asked.dir.join("token");
    let before = if path.exists() { Some(read_file(&path)?) } else { None };
    let code = match (&asked.code, &asked.code_file, &before) {
        (Some(code), _, _) => SecretString::from(code.clone()),
        (None, Some(path), _) => read_file(path)?,
        (None, None, Some(token)) => return Ok(token.clone()),
        (None, None, None) => bail!("--code is missing; the portal's set-up guide shows it"),
    };
    // Judges the address, and that the code does not cross the network readable.
    target(asked, code.clone())?;
    let http = http_client(HttpSettings { ca_file: asked.ca_file.as_deref(), ..HttpSettings::default() })?;
    let url = format!("{}/provisioning/v1/enroll", asked.server.trim_end_matches('/'));
    let sent = http.post(&url).bearer_auth(code.expose_secret()).send();
    let answer = tokio::select! {
        answer = sent => answer.with_context(|| format!("{} does not answer; check --server", asked.server))?,
        () = stop.cancelled() => bail!("stopped"),
    };
    let status = answer.status();
    if status.as_u16() == 401
        && let Some(token) = before
    {
        return Ok(token);
    }
    if !status.is_success() {
        let why: Value = answer.json().await.unwrap_or_default();
        let why = why.pointer("/error/message").and_then(Value::as_str).unwrap_or_default().to_owned();
        bail!(
            "the server refused the enrolment code ({status}): {why} A code works once and for an hour; the portal's \
             set-up guide makes another"
        );
    }
    let enrolled: Enrolled =
        answer.json().await.context("the server's answer is not that of an enrolment")?;
    write_private(&path, &format!("{}\n", enrolled.token.expose_secret()))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    let name = &enrolled.name;
    if out.is_json() {
        out::line(&json!({ "enrolled": name }).to_string())?;
    } else {
        out::line(&format!(
            "Enrolled as {name}. Go on in the portal: the set-up guide asks for the directory. Ctrl-C stops; the same \
             command goes on later."
        ))?;
    }
    Ok(enrolled.token)
}

fn target(asked: &Enroll, token: SecretString) -> anyhow::Result<TenantTarget> {
    let (url, ca_file) = (asked.server.clone(), asked.ca_file.clone());
    Ok(TenantTarget::new(TenantTargetSettings { url, token, ca_file })?)
}

/// A client that has no directory yet.
struct Waiting<'a> {
    folder: PathBuf,
    asked: &'a Enroll,
    token: SecretString,
    /// The directory that was tried last.
    last: Option<SourceSetup>,
}

impl Waiting<'_> {
    /// Takes orders until one gives a directory that works; none where it was stopped.
    async fn configured(&mut self, stop: &CancellationToken) -> anyhow::Result<Option<Loaded>> {
        let target = target(self.asked, self.token.clone())?;
        loop {
            let ended = tokio::select! {
                ended = self.follow(&target) => ended,
                () = stop.cancelled() => return Ok(None),
            };
            match ended {
                Ok(Some(loaded)) => return Ok(Some(loaded)),
                Ok(None) => {}
                Err(error) => tracing::warn!("{error:#}"),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    /// One connection.
    async fn follow(&mut self, target: &TenantTarget) -> anyhow::Result<Option<Loaded>> {
        let mut orders = target.orders().await?;
        while let Some(order) = orders.next().await {
            let order = order?;
            let (answer, loaded) = match order.request {
                OrderRequest::Configure { source, begin } => self.configure(*source, begin).await,
                OrderRequest::Containers => (self.containers().await, None),
                OrderRequest::Doctor => (OrderAnswer::Doctor { checks: vec![self.waits()] }, None),
                _ => (
                    refused(
                        "This client waits for the directory that it is to read: name it in the set-up guide.",
                    ),
                    None,
                ),
            };
            let answered = target.answer(order.id, answer).await;
            if loaded.is_some() {
                // The configuration is written: whether somebody still waits for the answer changes nothing.
                if let Err(error) = answered {
                    tracing::warn!(%error, "the answer that the directory was taken did not arrive");
                }
                return Ok(loaded);
            }
            answered?;
        }
        Ok(None)
    }

    /// What the doctor says of a client that waits: by its name the guide knows it.
    fn waits(&self) -> DoctorCheck {
        DoctorCheck {
            name: "client.unconfigured".into(),
            title: "The directory to read".into(),
            result: CheckResult::Warn,
            detail: format!(
                "the sync client on {} is enrolled and waits for its directory",
                client::machine()
            ),
            remedy: Some("Name it in the set-up guide.".into()),
            millis: 0,
        }
    }

    /// Tries a directory; keeps it where that is asked and nothing failed.
    async fn configure(&mut self, mut source: SourceSetup, begin: bool) -> (OrderAnswer, Option<Loaded>) {
        if source.password.is_none()
            && let Some(last) = &self.last
            && last.bind_dn == source.bind_dn
            && last.url == source.url
        {
            source.password.clone_from(&last.password);
        }
        let tried = async {
            let loaded = self.write(&source, TRIAL)?;
            let checks = self.client(&loaded)?.check().await;
            anyhow::Ok(checks)
        };
        let checks = match tried.await {
            Ok(checks) => checks,
            Err(error) => return (refused(&format!("{error:#}")), None),
        };
        self.last = Some(source.clone());
        // Whether the containers are there is seen when the directory is read.
        let fails = checks.iter().any(|check| check.result == CheckResult::Fail);
        if !begin || fails {
            return (OrderAnswer::Doctor { checks }, None);
        }
        match self.keep(&source).await {
            Ok(loaded) => (OrderAnswer::Accepted, Some(loaded)),
            Err(error) => (refused(&format!("{error:#}")), None),
        }
    }

    /// Writes the configuration that was tried. The pause comes first: whatever starts by that file, and whenever, writes
    /// nothing before an administrator says so.
    async fn keep(&self, source: &SourceSetup) -> anyhow::Result<Loaded> {
        let trial = self.write(source, TRIAL)?;
        self.client(&trial)?.pause_first().await?;
        let loaded = self.write(source, FILE)?;
        let _ = std::fs::remove_file(self.folder.join(TRIAL));
        Ok(loaded)
    }

    async fn containers(&self) -> OrderAnswer {
        let counted = async {
            let loaded = config::load(Some(&self.folder.join(TRIAL)), std::env::vars_os())
                .context("no directory was tried yet")?;
            anyhow::Ok(self.client(&loaded)?.containers(&CancellationToken::new()).await?)
        };
        match counted.await {
            Ok((containers, truncated)) => OrderAnswer::Containers { containers, truncated },
            Err(error) => refused(&format!("{error:#}")),
        }
    }

    fn client(&self, loaded: &Loaded) -> anyhow::Result<SyncClient> {
        client::client(loaded, client::target(loaded)?, client::open_state(loaded)?)
    }

    /// Writes the configuration and the password's file, and reads it as any start does.
    fn write(&self, source: &SourceSetup, name: &str) -> anyhow::Result<Loaded> {
        let path = self.folder.join(name);
        let password = self.folder.join("password");
        match source.password.as_ref().filter(|_| source.bind_dn.is_some()) {
            Some(Password(text)) => write_private(&password, &format!("{text}\n"))
                .with_context(|| format!("{} cannot be written", password.display()))?,
            // The password of another account or directory goes nowhere else.
            None if password.exists() => std::fs::remove_file(&password)
                .with_context(|| format!("{} cannot be removed", password.display()))?,
            None => {}
        }
        let text = configuration(source, &self.asked.server, self.asked.ca_file.as_deref())?;
        write_private(&path, &text).with_context(|| format!("{} cannot be written", path.display()))?;
        let loaded = config::load(Some(&path), std::env::vars_os())?;
        loaded.require_source()?;
        Ok(loaded)
    }
}

fn refused(reason: &str) -> OrderAnswer {
    OrderAnswer::Refused { reason: reason.to_owned() }
}

/// The configuration of a client of this directory. Values are quoted by the TOML writer.
fn configuration(source: &SourceSetup, server: &str, ca_file: Option<&Path>) -> anyhow::Result<String> {
    let mut sync = toml::Table::new();
    sync.insert("server".into(), server.into());
    sync.insert("token_file".into(), "token".into());
    sync.insert("state_dir".into(), "state".into());
    if let Some(path) = ca_file {
        sync.insert("ca_file".into(), std::path::absolute(path)?.display().to_string().into());
    }
    let mut table = toml::Table::new();
    table.insert("kind".into(), "openldap".into());
    table.insert("url".into(), source.url.clone().into());
    table.insert("base_dn".into(), source.base_dn.clone().into());
    if let Some(dn) = &source.bind_dn {
        table.insert("bind_dn".into(), dn.clone().into());
        table.insert("password_file".into(), "password".into());
    }
    if source.start_tls {
        table.insert("tls".into(), "starttls".into());
    }
    if source.allow_plaintext_bind {
        table.insert("allow_plaintext_bind".into(), true.into());
    }
    for (name, list) in [("include", &source.include), ("exclude", &source.exclude)] {
        if !list.is_empty() {
            table.insert(name.into(), list.clone().into());
        }
    }
    let mut whole = toml::Table::new();
    whole.insert("sync".into(), sync.into());
    whole.insert("source".into(), table.into());
    Ok(format!(
        "# Written by `lockstep sync enroll`. Every key: `lockstep config init`.\n{}",
        toml::to_string(&whole)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let source = SourceSetup {
            url: "ldap://127.0.0.1:389".into(),
            base_dn: "dc=contoso,dc=com".into(),
            bind_dn: Some("cn=\\\"sync\\\",dc=contoso,dc=com".into()),
            include: vec!["ou=people,dc=contoso,dc=com".into()],
            ..SourceSetup::default()
        };
        std::fs::write(&path, configuration(&source, "http://127.0.0.1:8080", None).unwrap()).unwrap();
        let loaded = config::load(Some(&path), std::iter::empty()).unwrap();
        let read = &loaded.config.source;
        assert_eq!(read.bind_dn, source.bind_dn);
        assert_eq!(read.include, source.include);
        assert_eq!(read.password_file.as_deref(), Some(folder.path().join("password").as_path()));
        assert_eq!(loaded.config.sync.server, "http://127.0.0.1:8080");
    }
}
