//! A private slapd: own folder, free port of 127.0.0.1, `syncprov` with a session log, loaded with `slapadd`.
//! Everything a drill needs to spoil is in [`DirectoryOptions`] and can be changed with [`Directory::restart`].

use crate::ldif::{self, LdifEntry};
use crate::patience::{Look, free_port, scratch, until};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The top entry.
pub const SUFFIX: &str = "dc=contoso,dc=com";
/// Who reads for the sync client.
pub const SYNC_DN: &str = "cn=sync,ou=system,dc=contoso,dc=com";
/// Who changes things.
pub const ADMIN_DN: &str = "cn=admin,dc=contoso,dc=com";
/// Their password.
pub const PASSWORD: &str = "harness";

/// What of the server a test can change.
#[derive(Clone, Debug)]
pub struct DirectoryOptions {
    /// Operations that the session log holds; 0: none, so that every delta read has a present phase.
    pub session_log: u32,
    /// What `limits` says of the sync client's identity.
    pub limits: String,
    /// `access to ...` lines that come before all others.
    pub access: String,
    /// Lines before the databases (`tcp-buffer ...`).
    pub global: String,
    /// Whether the database is configured at all: without it the search base is missing.
    pub suffix: String,
}

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self {
            session_log: 10_000,
            limits: "size=unlimited time=unlimited".into(),
            access: String::new(),
            global: String::new(),
            suffix: SUFFIX.into(),
        }
    }
}

/// A running slapd; ended when dropped.
#[derive(Debug)]
pub struct Directory {
    folder: tempfile::TempDir,
    port: u16,
    options: DirectoryOptions,
    server: Option<Child>,
}

impl Directory {
    /// Makes the database from LDIF (operational attributes may be left out) and starts the server.
    ///
    /// # Errors
    /// slapd is not installed or refuses configuration or content; its words are in the error.
    pub fn start(options: DirectoryOptions, content: &str) -> Result<Self> {
        let folder = scratch("slapd")?;
        let mut directory = Self { folder, port: free_port()?, options, server: None };
        directory.load(content)?;
        directory.run()?;
        Ok(directory)
    }

    /// `ldap://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// The port; it stays through restarts.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The options in force.
    pub const fn options(&self) -> &DirectoryOptions {
        &self.options
    }

    /// Ends the server as an administrator would (SIGINT); the session log is lost with it.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let status = Command::new("kill").args(["-INT", &server.id().to_string()]).status()?;
        ensure!(status.success(), "slapd was not there to be ended");
        let ended = until("slapd to end", Duration::from_secs(20), || {
            Ok(Look::when(server.try_wait()?.is_some(), (), "it runs"))
        });
        if ended.is_err() {
            server.kill()?;
            server.wait()?;
        }
        Ok(())
    }

    /// Starts the server again, with other options where `change` makes them.
    ///
    /// # Errors
    /// slapd refuses them.
    pub fn restart(&mut self, change: impl FnOnce(&mut DirectoryOptions)) -> Result<()> {
        self.stop()?;
        change(&mut self.options);
        self.run()
    }

    /// The whole content with operational attributes, `contextCSN` included: a backup.
    ///
    /// # Errors
    /// slapcat fails.
    pub fn backup(&self) -> Result<String> {
        let conf = self.write_conf()?;
        let out = self.tool("slapcat", &conf).args(["-b", SUFFIX]).output()?;
        ensure!(out.status.success(), "slapcat: {}", String::from_utf8_lossy(&out.stderr));
        Ok(String::from_utf8(out.stdout)?)
    }

    /// Throws the database away and loads a backup, as one does after a disk died. The server is down after it.
    ///
    /// # Errors
    /// slapadd fails.
    pub fn restore(&mut self, backup: &str) -> Result<()> {
        self.stop()?;
        fs::remove_dir_all(self.folder.path().join("db"))?;
        self.load(backup)
    }

    /// Changes entries with `ldapmodify`, as the administrator.
    ///
    /// # Errors
    /// The server refuses one; the records before it are done.
    pub fn modify(&self, records: &str) -> Result<()> {
        let mut child = Command::new("ldapmodify")
            .args(["-x", "-H", &self.url(), "-D", ADMIN_DN, "-w", PASSWORD])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("ldapmodify (apt-get install ldap-utils)")?;
        let mut input = child.stdin.take().context("stdin")?;
        input.write_all(records.as_bytes())?;
        drop(input);
        let out = child.wait_with_output()?;
        ensure!(out.status.success(), "ldapmodify: {}\n{records}", String::from_utf8_lossy(&out.stderr));
        Ok(())
    }

    /// Everything below the suffix as the sync client's identity sees it, operational attributes included.
    ///
    /// # Errors
    /// The search fails.
    pub fn dump(&self) -> Result<Vec<LdifEntry>> {
        self.search(SYNC_DN, "(objectClass=*)")
    }

    /// Entries that a filter takes, with all attributes.
    ///
    /// # Errors
    /// The search fails.
    pub fn search(&self, who: &str, filter: &str) -> Result<Vec<LdifEntry>> {
        let out = Command::new("ldapsearch")
            .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H", &self.url(), "-D", who, "-w", PASSWORD])
            .args(["-b", SUFFIX, filter, "*", "+"])
            .output()
            .context("ldapsearch (apt-get install ldap-utils)")?;
        ensure!(out.status.success(), "ldapsearch: {}", String::from_utf8_lossy(&out.stderr));
        ldif::read(&String::from_utf8(out.stdout)?)
    }

    fn load(&self, content: &str) -> Result<()> {
        fs::create_dir_all(self.folder.path().join("db"))?;
        let conf = self.write_conf()?;
        let file = self.folder.path().join("content.ldif");
        fs::write(&file, content)?;
        let out = self.tool("slapadd", &conf).args(["-q", "-w", "-b", SUFFIX, "-l"]).arg(&file).output()?;
        fs::remove_file(&file)?;
        ensure!(out.status.success(), "slapadd: {}", String::from_utf8_lossy(&out.stderr));
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        let conf = self.write_conf()?;
        let log = fs::File::create(self.folder.path().join("slapd.log"))?;
        let mut server = Command::new(program("slapd"))
            .args(["-d", "0", "-h", &format!("{}/", self.url()), "-f"])
            .arg(&conf)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("slapd (apt-get install slapd)")?;
        let url = self.url();
        let log = self.folder.path().join("slapd.log");
        let up = until("slapd to answer", Duration::from_secs(20), || {
            if let Some(status) = server.try_wait()? {
                bail!("slapd ended ({status}): {}", fs::read_to_string(&log).unwrap_or_default());
            }
            let out = Command::new("ldapsearch")
                .args(["-x", "-LLL", "-H", &url, "-s", "base", "-b", "", "namingContexts"])
                .output()?;
            Ok(Look::when(out.status.success(), (), String::from_utf8_lossy(&out.stderr)))
        });
        self.server = Some(server);
        up
    }

    fn tool(&self, name: &str, conf: &Path) -> Command {
        let mut command = Command::new(program(name));
        command.arg("-f").arg(conf).current_dir(self.folder.path());
        command
    }

    fn write_conf(&self) -> Result<PathBuf> {
        let folder = self.folder.path().display();
        let DirectoryOptions { session_log, limits, access, global, suffix } = &self.options;
        let log = if *session_log == 0 { String::new() } else { format!("syncprov-sessionlog {session_log}\n") };
        let text = format!(
            r#"include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
sizelimit unlimited
threads 4
loglevel none
{global}
database mdb
suffix "{suffix}"
rootdn "{ADMIN_DN}"
rootpw {PASSWORD}
directory {folder}/db
maxsize 2147483648
dbnosync
index objectClass,entryUUID,entryCSN,uid,mail,member eq
multival member 100,10
limits dn.exact="{SYNC_DN}" {limits}
{access}
access to attrs=userPassword by dn.exact="{SYNC_DN}" read by self write by anonymous auth by * none
access to * by dn.exact="{SYNC_DN}" read by users read by anonymous auth
overlay syncprov
syncprov-checkpoint 1000 5
{log}"#
        );
        let path = self.folder.path().join("slapd.conf");
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// slapd and its tools stand in `/usr/sbin`, which is not in everybody's path.
fn program(name: &str) -> PathBuf {
    let usual = Path::new("/usr/sbin").join(name);
    if usual.exists() { usual } else { PathBuf::from(name) }
}
