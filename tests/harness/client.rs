//! Further sync clients of one tenant, each a process of the real program that can be killed, stopped and frozen.

use crate::lockstep::{Setup, kill, lossy, program};
use crate::wait::wait_for;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The configuration of a client that reaches a server elsewhere.
fn client_config(setup: &Setup, server: &str, folder: &Path, password: &Path) -> String {
    let Setup { source_url, base_dn, bind_dn, settle, cycle, guard, source, more, .. } = setup;
    let (count, percent) = guard;
    let members = (*percent).max(50);
    let (folder, password) = (folder.display(), password.display());
    format!(
        r#"[sync]
server = "http://{server}"
token_file = "{folder}/token"
state_dir = "{folder}/client"
settle = "{settle}"
cycle = "{cycle}"

[sync.guard]
count = {count}
percent = {percent}
members_percent = {members}

[source]
kind = "openldap"
url = "{source_url}"
base_dn = "{base_dn}"
bind_dn = "{bind_dn}"
password_file = "{password}"
{source}
{more}"#
    )
}

/// A sync client beside the installation's first. Killed when it is dropped.
#[derive(Debug)]
pub struct SyncClient {
    name: String,
    folder: PathBuf,
    child: Option<Child>,
}

impl SyncClient {
    pub(crate) fn prepare(
        name: &str,
        folder: PathBuf,
        setup: &Setup,
        server: &str,
        password: &Path,
    ) -> Result<Self> {
        fs::write(folder.join("lockstep.toml"), client_config(setup, server, &folder, password))?;
        Ok(Self { name: name.to_owned(), folder, child: None })
    }

    /// Its service account.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts it.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "{} runs", self.name);
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("client.log"))?;
        let mut command = Command::new(program()?);
        command
            .arg("--config")
            .arg(self.folder.join("lockstep.toml"))
            .args(["sync", "run"])
            .current_dir(&self.folder)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.child = Some(command.spawn().with_context(|| format!("start {command:?}"))?);
        Ok(())
    }

    /// Ends it with SIGKILL.
    ///
    /// # Errors
    /// It had ended by itself before.
    pub fn kill(&mut self) -> Result<()> {
        let child = self.child.take().with_context(|| format!("{} does not run", self.name))?;
        kill(child, &self.name).with_context(|| self.log())
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// It does not end within 20 s.
    pub fn stop(&mut self) -> Result<()> {
        self.signal("-TERM")?;
        let mut child = self.child.take().with_context(|| format!("{} does not run", self.name))?;
        let ended = wait_for(&format!("{} to end", self.name), Duration::from_secs(20), || {
            child.try_wait().ok().flatten()
        });
        if ended.is_err() {
            kill(child, &self.name)?;
        }
        ended.map(drop)
    }

    /// Stops it where it stands (SIGSTOP), until [`SyncClient::thaw`].
    ///
    /// # Errors
    /// It does not run.
    pub fn freeze(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// It does not run.
    pub fn thaw(&self) -> Result<()> {
        self.signal("-CONT")
    }

    /// The end of its log, for messages.
    pub fn log(&self) -> String {
        let text = lossy(&self.folder.join("client.log"));
        let from = text.char_indices().rev().nth(3_000).map_or(0, |(at, _)| at);
        format!("{}: ... {}", self.name, text.get(from..).unwrap_or_default())
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let child = self.child.as_ref().with_context(|| format!("{} does not run", self.name))?;
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status()?;
        ensure!(status.success(), "kill {signal} of {} failed", self.name);
        Ok(())
    }
}

impl Drop for SyncClient {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
