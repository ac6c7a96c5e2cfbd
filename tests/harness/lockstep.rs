//! A server and a sync client of the real program, as two processes, with a configuration of their own.
//!
//! The program is `LOCKSTEP_BIN`, else the newer of `target/release/lockstep` and `target/debug/lockstep`.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

use crate::client::SyncClient;
use crate::http::{self, Answer};
use crate::wait::wait_for;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long a command or a start may take at most.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program under test.
///
/// # Errors
/// It was not built.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("LOCKSTEP_BIN") {
        return Ok(PathBuf::from(path));
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(target, PathBuf::from);
    ["release", "debug"]
        .iter()
        .filter_map(|profile| {
            let path = target.join(profile).join("lockstep");
            Some((fs::metadata(&path).ok()?.modified().ok()?, path))
        })
        .max()
        .map(|(_, path)| path)
        .context("there is no lockstep program; build it (`cargo build --release -p lockstep`) or set LOCKSTEP_BIN")
}

/// What a test says of the installation.
#[derive(Clone, Debug)]
pub struct Setup {
    /// URL of the directory.
    pub source_url: String,
    /// Where to read.
    pub base_dn: String,
    /// Who reads.
    pub bind_dn: String,
    /// The reader's password.
    pub password: String,
    /// `[sync] settle`.
    pub settle: String,
    /// `[sync] cycle`.
    pub cycle: String,
    /// `[sync.guard]`: count and percent.
    pub guard: (u64, u8),
    /// More lines under `[server]`, in which `{port}` is the port. With a certificate the harness asks at the plain port
    /// for programs on this machine.
    pub server: String,
    /// The environment of the server and of commands, beside this process's own.
    pub environment: Vec<(String, String)>,
    /// More lines under `[source]`.
    pub source: String,
    /// More sections.
    pub more: String,
}

impl Setup {
    /// For a server alone: nobody answers where the directory would be.
    pub fn without_directory() -> Self {
        Self {
            source_url: "ldap://127.0.0.1:1".into(),
            base_dn: "dc=contoso,dc=test".into(),
            bind_dn: "cn=nobody".into(),
            password: "x".into(),
            settle: "100ms".into(),
            cycle: "30m".into(),
            guard: (500, 10),
            server: String::new(),
            environment: Vec::new(),
            source: String::new(),
            more: String::new(),
        }
    }

    /// The usual one for a directory.
    pub fn of(slapd: &crate::Slapd) -> Self {
        Self {
            source_url: slapd.url(),
            base_dn: slapd.suffix().to_owned(),
            bind_dn: slapd.sync_dn(),
            password: crate::Slapd::SYNC_PASSWORD.to_owned(),
            settle: "100ms".into(),
            cycle: "30m".into(),
            guard: (500, 10),
            server: String::new(),
            environment: Vec::new(),
            source: String::new(),
            more: String::new(),
        }
    }
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it said on the way.
    pub stderr: String,
    /// Most memory it was seen to hold, in KiB.
    pub peak_kib: u64,
}

impl Done {
    /// Both outputs, for messages.
    pub fn said(&self) -> String {
        format!("{}\n{}\n{}", self.status, self.stdout.trim(), self.stderr.trim())
    }
}

/// The installation. What runs is killed when it is dropped.
#[derive(Debug)]
pub struct Lockstep {
    folder: TempDir,
    port: u16,
    /// The plain port of a server that does TLS.
    beside: Option<SocketAddr>,
    setup: Setup,
    admin: String,
    client_token: String,
    server: Option<Child>,
    second: Option<Child>,
    client: Option<Child>,
    commands: u32,
}

impl Lockstep {
    /// Writes the configuration, makes tokens and starts the server. The sync client is not started.
    ///
    /// # Errors
    /// The program cannot do it; its words are in the error.
    pub fn start(setup: Setup) -> Result<Self> {
        let folder = scratch()?;
        let mut lockstep = Self {
            port: free_port()?,
            beside: None,
            folder,
            setup,
            admin: String::new(),
            client_token: String::new(),
            server: None,
            second: None,
            client: None,
            commands: 0,
        };
        fs::write(lockstep.folder.path().join("password"), &lockstep.setup.password)?;
        private(&lockstep.folder.path().join("password"))?;
        lockstep.write_config()?;
        lockstep.admin = lockstep.make_token("harness", "admin")?;
        lockstep.client_token = lockstep.make_token("Sync_harness", "sync-client")?;
        let file = lockstep.folder.path().join("token");
        fs::write(&file, &lockstep.client_token)?;
        private(&file)?;
        lockstep.start_server()?;
        Ok(lockstep)
    }

    /// Where the server answers the harness.
    pub fn address(&self) -> SocketAddr {
        self.beside.unwrap_or(self.listens())
    }

    /// Where the server listens, for the outside.
    pub const fn listens(&self) -> SocketAddr {
        SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), self.port)
    }

    /// The server's folder, unless the environment says another.
    pub fn server_folder(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// A folder of the installation's own, for what a test writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// An administrator's token.
    pub fn admin_token(&self) -> &str {
        &self.admin
    }

    /// The sync client's token.
    pub fn client_token(&self) -> &str {
        &self.client_token
    }

    /// The sync client's state folder.
    pub fn state_folder(&self) -> PathBuf {
        self.folder.path().join("client")
    }

    /// Changes the setup for what is started from now on.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut Setup)) -> Result<()> {
        change(&mut self.setup);
        self.write_config()
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Errors
    /// It ends, or is not ready in time.
    pub fn start_server(&mut self) -> Result<()> {
        ensure!(self.server.is_none(), "the server runs");
        let mut child = self.spawn(&["server"], "server.log")?;
        let does_tls = self.setup.server.contains("tls_cert_file");
        let mut to = self.listens();
        let mut ended = None;
        let ready = wait_for("the server to be ready", PATIENCE, || {
            if let Ok(Some(status)) = child.try_wait() {
                ended = Some(status);
                return Some(());
            }
            if does_tls {
                to = plain_port(&self.folder.path().join("server/server.json"), child.id())?;
            }
            http::request(to, "GET", "/readyz", &[], None).is_ok_and(|a| a.status == 200).then_some(())
        });
        self.server = Some(child);
        self.beside = does_tls.then_some(to);
        ready.with_context(|| self.log("server.log"))?;
        match ended {
            Some(status) => bail!("the server ended ({status}): {}", self.log("server.log")),
            None => Ok(()),
        }
    }

    /// Starts the sync client, which follows the directory live.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start_client(&mut self) -> Result<()> {
        ensure!(self.client.is_none(), "the sync client runs");
        self.client = Some(self.spawn(&["sync", "run"], "client.log")?);
        Ok(())
    }

    /// Ends the server with SIGKILL.
    ///
    /// # Errors
    /// It had ended by itself before: a crash.
    pub fn kill_server(&mut self) -> Result<()> {
        let child = self.server.take().context("no server runs")?;
        kill(child, "server").with_context(|| self.log("server.log"))
    }

    /// Ends the sync client with SIGKILL.
    ///
    /// # Errors
    /// It had ended by itself before: a crash.
    pub fn kill_client(&mut self) -> Result<()> {
        let child = self.client.take().context("no sync client runs")?;
        kill(child, "sync client").with_context(|| self.log("client.log"))
    }

    /// Ends the sync client in good order (SIGTERM), with what it answered to its parent.
    ///
    /// # Errors
    /// It does not end within 20 s.
    pub fn stop_client(&mut self) -> Result<ExitStatus> {
        let mut child = self.client.take().context("no sync client runs")?;
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
        match wait_for("the sync client to end", Duration::from_secs(20), || child.try_wait().ok().flatten())
        {
            Ok(status) => Ok(status),
            Err(error) => {
                kill(child, "sync client")?;
                Err(error)
            }
        }
    }

    /// The sync client's process, while it was started.
    pub fn client_pid(&self) -> Option<u32> {
        self.client.as_ref().map(Child::id)
    }

    /// The server's process, while it was started.
    pub fn server_pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Whether the sync client was started and has not ended.
    ///
    /// # Errors
    /// The system does not say.
    pub fn client_lives(&mut self) -> Result<bool> {
        match &mut self.client {
            Some(child) => Ok(child.try_wait()?.is_none()),
            None => Ok(false),
        }
    }

    /// Runs a command of the program to its end.
    ///
    /// # Errors
    /// It cannot be started, or does not end in time.
    pub fn run(&mut self, arguments: &[&str]) -> Result<Done> {
        self.commands += 1;
        let out = self.folder.path().join(format!("command-{}.out", self.commands));
        let err = self.folder.path().join(format!("command-{}.err", self.commands));
        let mut child = self
            .command(arguments)?
            .stdin(Stdio::null())
            .stdout(fs::File::create(&out)?)
            .stderr(fs::File::create(&err)?)
            .spawn()?;
        let pid = child.id();
        let mut peak_kib = 0;
        let ended = wait_for(&format!("`lockstep {}`", arguments.join(" ")), PATIENCE, || {
            peak_kib = peak_kib.max(peak_memory_kib(pid).unwrap_or(0));
            child.try_wait().ok().flatten()
        });
        if ended.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let (stdout, stderr) = (lossy(&out), lossy(&err));
        let status = ended.with_context(|| format!("{stdout}\n{stderr}"))?;
        Ok(Done { status, stdout, stderr, peak_kib })
    }

    /// Runs one cycle to its end: `lockstep sync once`, with `--full` where wanted.
    ///
    /// # Errors
    /// As [`Lockstep::run`].
    pub fn sync_once(&mut self, full: bool) -> Result<Done> {
        if full { self.run(&["sync", "once", "--full"]) } else { self.run(&["sync", "once"]) }
    }

    /// [`Lockstep::sync_once`] that must succeed.
    ///
    /// # Errors
    /// It did not.
    pub fn sync_once_well(&mut self) -> Result<Done> {
        let done = self.sync_once(false)?;
        ensure!(done.status.success(), "`lockstep sync once` failed: {}", done.said());
        Ok(done)
    }

    /// Asks the API as an administrator.
    ///
    /// # Errors
    /// No answer, or one that is not 200.
    pub fn get(&self, path: &str) -> Result<Value> {
        let answer = self.ask("GET", path, None)?;
        ensure!(answer.status == 200, "GET {path}: HTTP {}: {}", answer.status, answer.text());
        answer.json()
    }

    /// Sends a request as an administrator; any status is an answer.
    ///
    /// # Errors
    /// No answer.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.admin);
        let body = body.map(Value::to_string);
        let mut headers = vec![("Authorization", bearer.as_str()), ("Accept", "application/json")];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        // Graph wants it for $count and $search; elsewhere it does no harm.
        headers.push(("ConsistencyLevel", "eventual"));
        http::request(self.address(), method, path, &headers, body.as_deref().map(str::as_bytes))
            .with_context(|| format!("{method} {path}"))
    }

    /// Gives an order to the connected sync client.
    ///
    /// # Errors
    /// No answer, or not 200.
    pub fn order(&self, order: &Value) -> Result<Value> {
        let answer = self.ask("POST", "/api/v1/orders", Some(order))?;
        ensure!(answer.status == 200, "order {order}: HTTP {}: {}", answer.status, answer.text());
        answer.json()
    }

    /// `GET /api/v1/status`.
    ///
    /// # Errors
    /// No answer.
    pub fn status(&self) -> Result<Value> {
        self.get("/api/v1/status")
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// No answer.
    pub fn runs(&self) -> Result<Vec<Value>> {
        crate::tenant::list(self.get("/api/v1/runs?top=50")?)
    }

    /// Waits until the client is in step: it follows live, nothing waits to be written.
    ///
    /// # Errors
    /// It is not within `limit`; the last status is in the error.
    pub fn wait_live(&mut self, limit: Duration) -> Result<()> {
        self.wait_status("the sync client to be live", limit, |status| {
            status["sync"]["clientState"] == "live"
                && status["sync"]["clientConnected"] == true
                && status["sync"]["pending"] == json!({"additions": 0, "updates": 0, "deletions": 0})
        })
        .map(|_| ())
    }

    /// Waits until the status is as wanted, and answers it.
    ///
    /// # Errors
    /// It is not within `limit`, or the sync client was started and has ended.
    pub fn wait_status(
        &mut self,
        what: &str,
        limit: Duration,
        want: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut last = Value::Null;
        let mut ended = false;
        let seen = wait_for(what, limit, || {
            ended = self.client.is_some() && !self.client_lives().unwrap_or(true);
            last = self.status().unwrap_or_else(|error| json!(format!("{error:#}")));
            (ended || want(&last)).then_some(())
        });
        ensure!(!ended, "the sync client ended while the test waited for {what}: {}", self.log("client.log"));
        seen.with_context(|| format!("last status: {last}\nclient: {}", self.log("client.log")))?;
        Ok(last)
    }

    /// The end of a log, for messages: `server.log`, `client.log`.
    pub fn log(&self, name: &str) -> String {
        let text = lossy(&self.folder.path().join(name));
        let from = text.char_indices().rev().nth(3_000).map_or(0, |(at, _)| at);
        format!("... {}", text.get(from..).unwrap_or_default())
    }

    /// Another sync client of the same tenant, with a token, a configuration and a state of its own. It is not
    /// started. `server` is where it reaches the server, `source_url` the directory; none: as the first client.
    ///
    /// # Errors
    /// The token cannot be made, or a file not be written.
    pub fn another_client(
        &mut self,
        name: &str,
        server: Option<SocketAddr>,
        source_url: Option<String>,
    ) -> Result<SyncClient> {
        let server = server.unwrap_or_else(|| self.address()).to_string();
        let token = self.make_token(name, "sync-client")?;
        self.client_of(name, &token, &server, source_url)
    }

    /// A sync client of another tenant of the server, with the same directory. It is not started. `tenant`: its id, or a
    /// domain that is verified there.
    ///
    /// # Errors
    /// As [`Lockstep::another_client`].
    pub fn client_of_tenant(&mut self, name: &str, tenant: &str) -> Result<SyncClient> {
        let token = self.make_token_of(name, "sync-client", &["--tenant", tenant])?;
        let server = format!("{}/tenants/{tenant}", self.address());
        self.client_of(name, &token, &server, None)
    }

    fn client_of(
        &self,
        name: &str,
        token: &str,
        server: &str,
        source_url: Option<String>,
    ) -> Result<SyncClient> {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder)?;
        let file = folder.join("token");
        fs::write(&file, token)?;
        private(&file)?;
        let setup = Setup {
            source_url: source_url.unwrap_or_else(|| self.setup.source_url.clone()),
            ..self.setup.clone()
        };
        let password = self.folder.path().join("password");
        SyncClient::prepare(name, folder, &setup, server, &password)
    }

    /// Another server of the same tenant, with a port and a folder of its own: both use one database that is named in the
    /// setup. Answers where it listens; it is killed with the installation.
    ///
    /// # Errors
    /// It is not ready in time.
    pub fn another_server(&mut self) -> Result<SocketAddr> {
        let folder = self.folder.path();
        let to = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), free_port()?);
        let text = fs::read_to_string(folder.join("lockstep.toml"))?
            .replace(&format!("127.0.0.1:{}", self.port), &to.to_string())
            .replace(&format!("{}/server", folder.display()), &format!("{}/server2", folder.display()));
        fs::write(folder.join("server2.toml"), text)?;
        let log = fs::File::create(folder.join("server2.log"))?;
        let mut command = Command::new(program()?);
        command.arg("--config").arg(folder.join("server2.toml")).arg("server").current_dir(folder);
        command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.second = Some(command.spawn().with_context(|| format!("start {command:?}"))?);
        wait_for("the second server to be ready", PATIENCE, || {
            http::request(to, "GET", "/readyz", &[], None).is_ok_and(|a| a.status == 200).then_some(())
        })
        .with_context(|| self.log("server2.log"))?;
        Ok(to)
    }

    fn make_token(&mut self, name: &str, role: &str) -> Result<String> {
        self.make_token_of(name, role, &[])
    }

    /// A token, by `lockstep token create` with further arguments.
    ///
    /// # Errors
    /// The command fails.
    pub fn make_token_of(&mut self, name: &str, role: &str, more: &[&str]) -> Result<String> {
        let mut arguments = vec!["token", "create", name, "--role", role, "--output", "json"];
        arguments.extend(more);
        let done = self.run(&arguments)?;
        ensure!(done.status.success(), "token create: {}", done.said());
        let value: Value = serde_json::from_str(&done.stdout).with_context(|| done.said())?;
        Ok(value["token"].as_str().with_context(|| done.said())?.to_owned())
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(program()?);
        command
            .arg("--config")
            .arg(self.folder.path().join("lockstep.toml"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .envs(self.setup.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    fn spawn(&self, arguments: &[&str], log: &str) -> Result<Child> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join(log))?;
        let mut command = self.command(arguments)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().with_context(|| format!("start {command:?}"))
    }

    fn write_config(&self) -> Result<()> {
        let folder = self.folder.path().display();
        let Setup { source_url, base_dn, bind_dn, settle, cycle, guard, server, source, more, .. } =
            &self.setup;
        let port = self.port;
        let server = server.replace("{port}", &port.to_string());
        let (count, percent) = guard;
        let members = (*percent).max(50);
        let text = format!(
            r#"[server]
listen = "127.0.0.1:{port}"
data_dir = "{folder}/server"
{server}

[tenant]
display_name = "Contoso"
initial_domain = "contoso.onlockstep.example"
domains = [{{ name = "contoso.com", verified = true }}, {{ name = "contoso.local", verified = false }}]

[sync]
server = "http://127.0.0.1:{port}"
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
password_file = "{folder}/password"
{source}
{more}"#
        );
        Ok(fs::write(self.folder.path().join("lockstep.toml"), text)?)
    }
}

impl Drop for Lockstep {
    fn drop(&mut self) {
        for mut child in [self.client.take(), self.server.take(), self.second.take()].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
        // For whoever looks into a failure: `LOCKSTEP_KEEP=1 cargo nextest run ...`.
        if std::env::var_os("LOCKSTEP_KEEP").is_some() {
            self.folder.disable_cleanup(true);
        }
    }
}

/// Most memory a process ever held, in KiB (`VmHWM`).
///
/// # Errors
/// The process is gone.
pub fn peak_memory_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")).context("no VmHWM")?;
    Ok(kib.trim().parse()?)
}

pub(crate) fn kill(mut child: Child, name: &str) -> Result<()> {
    if let Some(status) = child.try_wait()? {
        bail!("the {name} had ended by itself ({status})");
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// Where a server that does TLS answers programs on this machine, once it said so.
fn plain_port(file: &Path, pid: u32) -> Option<SocketAddr> {
    let said: Value = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    if said["pid"] != pid {
        return None;
    }
    said["url"].as_str()?.strip_prefix("http://")?.parse().ok()
}

fn scratch() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("lockstep-system-");
    if memory.is_dir()
        && let Ok(folder) = builder.tempdir_in(memory)
    {
        return Ok(folder);
    }
    Ok(builder.tempdir()?)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?.local_addr()?.port())
}

fn private(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o600))?)
}

pub(crate) fn lossy(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
