//! A private PostgreSQL: own folder, free port of 127.0.0.1, one role that owns the databases and is no superuser.

use crate::wait::wait_for;
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A PostgreSQL that runs, or was stopped. Killed when dropped, its folder removed.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    durable: bool,
    settings: Vec<String>,
    port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// The role that tests connect as.
    pub const ROLE: &'static str = "lockstep";
    /// Its password.
    pub const PASSWORD: &'static str = "pg-secret";

    /// Makes a cluster and starts it. `durable`: commits wait for the disk.
    ///
    /// # Errors
    /// If PostgreSQL 15 or later is not installed, or does not answer within 30 s.
    pub fn start(durable: bool) -> Result<Self> {
        Self::start_with(durable, |_, _| Ok(Vec::new()))
    }

    /// [`Postgres::start`] with further settings (`ssl=on`), which `prepare` makes of the data folder and of the user and
    /// group that the server runs as, where that is another than this process's.
    ///
    /// # Errors
    /// As [`Postgres::start`], and what `prepare` answers.
    pub fn start_with(
        durable: bool,
        prepare: impl FnOnce(&Path, Option<(u32, u32)>) -> Result<Vec<String>>,
    ) -> Result<Self> {
        let folder = scratch(durable)?;
        // The server's user must reach its data.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        // PostgreSQL refuses to run as root.
        let user = if data.metadata()?.uid() == 0 { Some(account()?) } else { None };
        if let Some((uid, gid)) = user {
            chown(&data, Some(uid), Some(gid))?;
        }
        let settings = Vec::new();
        let mut postgres =
            Self { programs: programs()?, folder, user, durable, settings, port: 0, child: None };
        let made = postgres
            .program("initdb")
            .args(["-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--locale=C.UTF-8"])
            .args(["-E", "UTF8", "--no-sync", "--no-instructions", "-D"])
            .arg(&data)
            .output()
            .context("initdb cannot be started")?;
        if !made.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&made.stderr));
        }
        postgres.settings = prepare(&data, user)?;
        postgres.run()?;
        postgres.sql(
            "postgres",
            &format!("CREATE ROLE {} LOGIN CREATEDB PASSWORD '{}'", Self::ROLE, Self::PASSWORD),
        )?;
        Ok(postgres)
    }

    /// A streaming replica that runs beside it: a copy of all that there is, which follows from then on.
    ///
    /// # Errors
    /// If it cannot be copied, or does not answer within 30 s.
    pub fn replica(&self) -> Result<Self> {
        let folder = scratch(self.durable)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700))?;
        if let Some((uid, gid)) = self.user {
            chown(&data, Some(uid), Some(gid))?;
        }
        let made = self
            .told("pg_basebackup")
            .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .context("pg_basebackup cannot be started")?;
        if !made.status.success() {
            bail!("pg_basebackup: {}", String::from_utf8_lossy(&made.stderr));
        }
        let mut replica = Self {
            programs: self.programs.clone(),
            folder,
            user: self.user,
            durable: self.durable,
            settings: self.settings.clone(),
            port: 0,
            child: None,
        };
        replica.run()?;
        Ok(replica)
    }

    /// A new database, empty or a copy of another that nobody is connected to. Answers its [`Postgres::url`].
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn database(&self, name: &str, like: Option<&str>) -> Result<String> {
        let template = like.map(|like| format!(" TEMPLATE {like} STRATEGY file_copy")).unwrap_or_default();
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {}{template}", Self::ROLE))?;
        Ok(self.url(name))
    }

    /// Has a folder hold what databases are made with `TABLESPACE name`.
    ///
    /// # Errors
    /// If the folder cannot be given to the server.
    pub fn tablespace(&self, name: &str, folder: &Path) -> Result<()> {
        if let Some((uid, gid)) = self.user {
            chown(folder, Some(uid), Some(gid))?;
        }
        self.sql("postgres", &format!("CREATE TABLESPACE {name} LOCATION '{}'", folder.display())).map(drop)
    }

    /// A connection string, with the password.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://{}:{}@127.0.0.1:{}/{database}?sslmode=disable",
            Self::ROLE,
            Self::PASSWORD,
            self.port
        )
    }

    /// Runs statements as the superuser and answers what they print, columns parted by `|`.
    ///
    /// # Errors
    /// If one fails.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let out = self
            .program("psql")
            .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"])
            .arg(self.folder.path().join("data"))
            .args(["-p", &self.port.to_string(), "-d", database, "-c", statements])
            .output()
            .context("psql cannot be started")?;
        if !out.status.success() {
            bail!("{statements}: {}", String::from_utf8_lossy(&out.stderr));
        }
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }

    /// Writes a database to a file, as `pg_dump` does.
    ///
    /// # Errors
    /// If it cannot be dumped.
    pub fn dump(&self, database: &str, to: &Path) -> Result<()> {
        let out = self.told("pg_dump").args(["--format=custom", "-d", database]).output()?;
        if !out.status.success() {
            bail!("pg_dump: {}", String::from_utf8_lossy(&out.stderr));
        }
        Ok(fs::write(to, out.stdout)?)
    }

    /// Puts what was dumped in the place of what a database holds.
    ///
    /// # Errors
    /// If somebody holds it up, or the file is none.
    pub fn load(&self, database: &str, from: &Path) -> Result<()> {
        let out = self
            .told("pg_restore")
            .args(["--clean", "--if-exists", "--single-transaction", "-d", database])
            .stdin(fs::File::open(from)?)
            .output()?;
        if !out.status.success() {
            bail!("pg_restore: {}", String::from_utf8_lossy(&out.stderr));
        }
        Ok(())
    }

    /// A program that connects as the superuser.
    fn told(&self, name: &str) -> Command {
        let mut command = self.program(name);
        command.args(["-U", "postgres", "-h"]).arg(self.folder.path().join("data"));
        command.args(["-p", &self.port.to_string()]);
        command
    }

    /// The process id of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the server said.
    pub fn log(&self) -> String {
        fs::read(self.folder.path().join("postgres.log"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Ends it in good order, connections and all.
    ///
    /// # Errors
    /// If it does not end within 30 s.
    pub fn stop(&mut self) -> Result<()> {
        self.end("-INT")
    }

    /// Ends it at once, as a power failure would: what is not in the log on disk is lost.
    ///
    /// # Errors
    /// If it does not end within 30 s.
    pub fn crash(&mut self) -> Result<()> {
        self.end("-QUIT")
    }

    fn end(&mut self, signal: &str) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        Command::new("kill").args([signal, &child.id().to_string()]).status()?;
        let ended =
            wait_for("PostgreSQL to end", Duration::from_secs(30), || child.try_wait().ok().flatten());
        if ended.is_err() {
            child.kill()?;
            child.wait()?;
        }
        ended.map(|_| ())
    }

    /// Starts it again, on the same port.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn run(&mut self) -> Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        for _ in 0..5 {
            if self.port == 0 {
                self.port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            }
            let log = fs::File::create(self.folder.path().join("postgres.log"))?;
            let data = self.folder.path().join("data");
            let sockets = format!("unix_socket_directories={}", data.display());
            let on = if self.durable { "on" } else { "off" };
            let (fsync, pages) = (format!("fsync={on}"), format!("full_page_writes={on}"));
            let child = self
                .program("postgres")
                .arg("-D")
                .arg(&data)
                .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"])
                .args(["-c", &sockets, "-c", &fsync, "-c", &pages, "-c", "max_connections=100"])
                .args(self.settings.iter().flat_map(|setting| ["-c", setting.as_str()]))
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
                .context("cannot start postgres; install it: apt-get install postgresql")?;
            self.child = Some(child);
            let ready = wait_for("PostgreSQL to answer", Duration::from_secs(30), || {
                let ended =
                    self.child.as_mut().is_some_and(|child| child.try_wait().ok().flatten().is_some());
                if ended { Some(false) } else { self.sql("postgres", "SELECT 1").ok().map(|_| true) }
            })?;
            if ready {
                return Ok(());
            }
            // Somebody else may have taken the port meanwhile.
            self.child = None;
            self.port = 0;
        }
        bail!("PostgreSQL does not start: {}", self.log())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir("/");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.crash();
    }
}

/// In memory where nothing must last, and on the disk where that is what is tested.
fn scratch(durable: bool) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("lockstep-pg-");
    let memory = Path::new("/dev/shm");
    if !durable
        && memory.is_dir()
        && let Ok(folder) = builder.tempdir_in(memory)
    {
        return Ok(folder);
    }
    builder.tempdir().context("no temporary folder")
}

/// Where the newest PostgreSQL of this machine has its programs: Debian keeps them off everybody's path.
fn programs() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let path = entry.path().join("bin");
        if let Some(version) = entry.file_name().to_str().and_then(|name| name.parse().ok())
            && path.join("initdb").exists()
        {
            found.push((version, path));
        }
    }
    found.sort();
    match found.pop() {
        Some((version, path)) if version >= 15 => Ok(path),
        _ => bail!("PostgreSQL 15 or later is not installed: apt-get install postgresql"),
    }
}

/// The user and group that the server runs as where the tests are root's.
fn account() -> Result<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd")?;
    for wanted in ["postgres", "nobody"] {
        for line in passwd.lines() {
            let mut fields = line.split(':');
            if fields.next() == Some(wanted)
                && let (Some(uid), Some(gid)) = (fields.nth(1), fields.next())
            {
                return Ok((uid.parse()?, gid.parse()?));
            }
        }
    }
    bail!("/etc/passwd has neither postgres nor nobody")
}
