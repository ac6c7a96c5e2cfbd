//! A private slapd (OpenLDAP 2.5): own folder, free port of 127.0.0.1, content synchronization.

use crate::wait::wait_for;
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How a slapd is set up.
#[derive(Clone, Debug)]
pub struct SlapdOptions {
    /// The naming context.
    pub suffix: String,
    /// Entries to load, as LDIF text. None: the suffix's entry, `ou=people` and `ou=groups`.
    pub ldif: Option<String>,
    /// A file with entries to load, instead of `ldif`.
    pub ldif_file: Option<PathBuf>,
    /// Whether to load `syncprov`.
    pub syncprov: bool,
    /// Changes that `syncprov` remembers (`syncprov-sessionlog`); none for no session log.
    pub sessionlog: Option<u32>,
    /// Lines with access rules (`access to ...`). Empty: the sync account reads all, others only sign in.
    pub access: String,
    /// `limits` lines. Empty: the sync account has none.
    pub limits: String,
    /// More lines for the database section.
    pub database: String,
    /// More lines for the global section.
    pub global: String,
    /// Certificate, key and CA as PEM files: turns on StartTLS, and `ldaps` on [`Slapd::ldaps_url`].
    pub tls: Option<(PathBuf, PathBuf, PathBuf)>,
    /// Whether writes wait for the disk.
    pub durable: bool,
    /// Whether `slapd.log` names every operation.
    pub log_operations: bool,
}

impl Default for SlapdOptions {
    fn default() -> Self {
        Self {
            suffix: "dc=example,dc=com".to_owned(),
            ldif: None,
            ldif_file: None,
            syncprov: true,
            sessionlog: Some(10_000),
            access: String::new(),
            limits: String::new(),
            database: String::new(),
            global: String::new(),
            tls: None,
            durable: false,
            log_operations: false,
        }
    }
}

/// A slapd that runs, or was stopped. Killed when dropped, its folder removed.
#[derive(Debug)]
pub struct Slapd {
    folder: TempDir,
    suffix: String,
    port: u16,
    tls_port: Option<u16>,
    log_operations: bool,
    child: Option<Child>,
}

/// The database files of a moment.
#[derive(Debug)]
pub struct Snapshot(TempDir);

impl Slapd {
    /// The password of [`Slapd::admin_dn`].
    pub const ADMIN_PASSWORD: &'static str = "admin-secret";
    /// The password of [`Slapd::sync_dn`].
    pub const SYNC_PASSWORD: &'static str = "sync-secret";

    /// Loads the entries with `slapadd -w` (with a contextCSN) and starts slapd.
    ///
    /// # Errors
    /// If slapd is not installed, the configuration is refused, or it does not answer within 20 s.
    pub fn start(options: &SlapdOptions) -> Result<Self> {
        let folder = scratch()?;
        let path = folder.path();
        fs::create_dir(path.join("db"))?;
        fs::write(path.join("slapd.conf"), configuration(path, options))?;
        let mut slapd = Self {
            suffix: options.suffix.clone(),
            port: 0,
            tls_port: options.tls.as_ref().map(|_| 0),
            log_operations: options.log_operations,
            child: None,
            folder,
        };
        match &options.ldif_file {
            Some(file) => slapd.load(file)?,
            None => {
                let text = options.ldif.clone().unwrap_or_else(|| base_ldif(&options.suffix));
                slapd.load_text("data.ldif", &text)?;
            }
        }
        slapd.load_text("account.ldif", &account_ldif(&options.suffix))?;
        slapd.run()?;
        Ok(slapd)
    }

    /// The address for clients: `ldap://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// The address with TLS; names `localhost`, as certificates do. Empty without TLS.
    pub fn ldaps_url(&self) -> String {
        self.tls_port.map(|port| format!("ldaps://localhost:{port}")).unwrap_or_default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The naming context.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// The account that may do everything, past all rules and limits.
    pub fn admin_dn(&self) -> String {
        format!("cn=admin,{}", self.suffix)
    }

    /// An ordinary account, under rules and limits.
    pub fn sync_dn(&self) -> String {
        format!("cn=sync,ou=system,{}", self.suffix)
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Its folder: `slapd.conf`, `db/`, `slapd.log`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends slapd in good order. The folder stays.
    ///
    /// # Errors
    /// If it does not end within 20 s.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
        let ended = wait_for("slapd to end", Duration::from_secs(20), || child.try_wait().ok().flatten());
        if ended.is_err() {
            child.kill()?;
            child.wait()?;
        }
        ended.map(|_| ())
    }

    /// Kills slapd at once, as a power failure would.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn crash(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts a stopped slapd again, on the same port.
    ///
    /// # Errors
    /// As [`Slapd::start`].
    pub fn run(&mut self) -> Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let mut last = String::new();
        for _ in 0..5 {
            if self.port == 0 {
                self.port = free_port()?;
            }
            let mut urls = format!("ldap://127.0.0.1:{}/", self.port);
            if let Some(port) = &mut self.tls_port {
                if *port == 0 {
                    *port = free_port()?;
                }
                let _ = write!(urls, " ldaps://localhost:{port}/");
            }
            let log = fs::File::create(self.folder.path().join("slapd.log"))?;
            // 256: connections, operations, results.
            let debug = if self.log_operations { "256" } else { "0" };
            let child = Command::new(tool("slapd"))
                .args(["-d", debug, "-h", &urls, "-f"])
                .arg(self.folder.path().join("slapd.conf"))
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
                .context("cannot start slapd; install it: apt-get install slapd ldap-utils")?;
            self.child = Some(child);
            match self.answers() {
                Ok(()) => return Ok(()),
                Err(error) => {
                    last = format!("{error:#}\n{}", read_lossy(&self.folder.path().join("slapd.log")));
                    self.crash()?;
                    // Somebody else may have taken the port meanwhile.
                    self.port = 0;
                    self.tls_port = self.tls_port.map(|_| 0);
                }
            }
        }
        bail!("slapd does not start: {last}")
    }

    /// The log so far.
    pub fn log(&self) -> String {
        read_lossy(&self.folder.path().join("slapd.log"))
    }

    /// Stops and starts.
    ///
    /// # Errors
    /// As [`Slapd::stop`] and [`Slapd::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.run()
    }

    /// Changes `slapd.conf` while stopped: the text that `edit` makes of it. Restarts if it ran.
    ///
    /// # Errors
    /// As [`Slapd::restart`].
    pub fn reconfigure(&mut self, edit: impl FnOnce(String) -> String) -> Result<()> {
        let ran = self.child.is_some();
        self.stop()?;
        let file = self.folder.path().join("slapd.conf");
        let text = edit(fs::read_to_string(&file)?);
        fs::write(&file, text)?;
        if ran { self.run() } else { Ok(()) }
    }

    /// Copies the database. Restarts if it ran.
    ///
    /// # Errors
    /// If the files cannot be copied.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        let ran = self.child.is_some();
        self.stop()?;
        let copy = scratch()?;
        copy_folder(&self.folder.path().join("db"), copy.path())?;
        if ran {
            self.run()?;
        }
        Ok(Snapshot(copy))
    }

    /// Puts an older database in place: a restore from a backup. Restarts if it ran.
    ///
    /// # Errors
    /// If the files cannot be copied.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let ran = self.child.is_some();
        self.stop()?;
        let database = self.folder.path().join("db");
        fs::remove_dir_all(&database)?;
        fs::create_dir(&database)?;
        copy_folder(snapshot.0.path(), &database)?;
        if ran { self.run() } else { Ok(()) }
    }

    /// Applies LDIF change records as the admin.
    ///
    /// # Errors
    /// With what ldapmodify said.
    pub fn ldapmodify(&self, ldif: &str) -> Result<()> {
        self.client("ldapmodify", &[], ldif).map(|_| ())
    }

    /// Adds LDIF entries as the admin.
    ///
    /// # Errors
    /// With what ldapadd said.
    pub fn ldapadd(&self, ldif: &str) -> Result<()> {
        self.client("ldapadd", &[], ldif).map(|_| ())
    }

    /// Deletes an entry and all below it as the admin.
    ///
    /// # Errors
    /// With what ldapdelete said.
    pub fn ldapdelete(&self, dn: &str) -> Result<()> {
        self.client("ldapdelete", &["-r", dn], "").map(|_| ())
    }

    /// What `ldapsearch -LLL -o ldif-wrap=no` prints, as the admin.
    ///
    /// # Errors
    /// With what ldapsearch said.
    pub fn ldapsearch(&self, arguments: &[&str]) -> Result<String> {
        let all: Vec<&str> = ["-LLL", "-o", "ldif-wrap=no"].iter().chain(arguments).copied().collect();
        self.client("ldapsearch", &all, "")
    }

    fn client(&self, program: &str, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = Command::new(program)
            .args(["-x", "-H", &self.url(), "-D", &self.admin_dn(), "-w", Self::ADMIN_PASSWORD])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {program}; install it: apt-get install ldap-utils"))?;
        let mut stdin = child.stdin.take().context("no way in")?;
        let text = input.as_bytes().to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&text));
        let output = child.wait_with_output()?;
        let _ = writer.join();
        if !output.status.success() {
            bail!("{program}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn load_text(&self, name: &str, text: &str) -> Result<()> {
        let file = self.folder.path().join(name);
        fs::write(&file, text)?;
        self.load(&file)
    }

    fn load(&self, file: &Path) -> Result<()> {
        let output = Command::new(tool("slapadd"))
            .args(["-q", "-w", "-f"])
            .arg(self.folder.path().join("slapd.conf"))
            .args(["-b", &self.suffix, "-l"])
            .arg(file)
            .output()
            .context("cannot run slapadd; install it: apt-get install slapd")?;
        if !output.status.success() {
            bail!("slapadd {}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    fn answers(&mut self) -> Result<()> {
        let addresses: Vec<u16> = std::iter::once(self.port).chain(self.tls_port).collect();
        let child = self.child.as_mut().context("slapd was not started")?;
        let mut ended = None;
        wait_for("slapd to answer", Duration::from_secs(20), || {
            if let Ok(Some(status)) = child.try_wait() {
                ended = Some(status);
                return Some(());
            }
            let answers = |port: &u16| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_ok();
            addresses.iter().all(answers).then_some(())
        })?;
        match ended {
            Some(status) => bail!("slapd ended at once: {status}"),
            None => Ok(()),
        }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.crash();
    }
}

fn configuration(path: &Path, options: &SlapdOptions) -> String {
    let SlapdOptions { suffix, .. } = options;
    let folder = path.display();
    let sync = format!("dn.exact=\"cn=sync,ou=system,{suffix}\"");
    let mut text = String::new();
    for schema in ["core", "cosine", "inetorgperson", "nis"] {
        let _ = writeln!(text, "include /etc/ldap/schema/{schema}.schema");
    }
    let _ = writeln!(text, "pidfile {folder}/slapd.pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb");
    if options.syncprov {
        text.push_str("moduleload syncprov\n");
    }
    if let Some((certificate, key, authority)) = &options.tls {
        let _ = writeln!(text, "TLSCertificateFile {}", certificate.display());
        let _ = writeln!(text, "TLSCertificateKeyFile {}", key.display());
        let _ = writeln!(text, "TLSCACertificateFile {}\nTLSVerifyClient allow", authority.display());
    }
    let _ = writeln!(text, "sizelimit unlimited\nthreads 4\nloglevel none\n{}", options.global);
    let _ = writeln!(text, "database mdb\nsuffix \"{suffix}\"\nrootdn \"cn=admin,{suffix}\"");
    let _ = writeln!(text, "rootpw {}\ndirectory {folder}/db\nmaxsize 4294967296", Slapd::ADMIN_PASSWORD);
    text.push_str("index objectClass,entryUUID,entryCSN eq\n");
    if !options.durable {
        text.push_str("envflags nosync\n");
    }
    if options.limits.is_empty() {
        let _ = writeln!(text, "limits {sync} size=unlimited time=unlimited size.prtotal=unlimited");
    } else {
        let _ = writeln!(text, "{}", options.limits);
    }
    if options.access.is_empty() {
        let _ = writeln!(text, "access to attrs=userPassword by {sync} read by anonymous auth by * none");
        let _ = writeln!(text, "access to * by {sync} read by anonymous auth by * none");
    } else {
        let _ = writeln!(text, "{}", options.access);
    }
    if options.syncprov {
        text.push_str("overlay syncprov\nsyncprov-checkpoint 1000 5\n");
        if let Some(entries) = options.sessionlog {
            let _ = writeln!(text, "syncprov-sessionlog {entries}");
        }
    }
    text.push_str(&options.database);
    text.push('\n');
    text
}

fn base_ldif(suffix: &str) -> String {
    let value = suffix.split(',').next().and_then(|rdn| rdn.split('=').nth(1)).unwrap_or("example");
    format!(
        "dn: {suffix}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: {value}\n\n\
         dn: ou=people,{suffix}\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=groups,{suffix}\nobjectClass: organizationalUnit\nou: groups\n"
    )
}

fn account_ldif(suffix: &str) -> String {
    format!(
        "dn: ou=system,{suffix}\nobjectClass: organizationalUnit\nou: system\n\n\
         dn: cn=sync,ou=system,{suffix}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
         cn: sync\nuserPassword: {}\n",
        Slapd::SYNC_PASSWORD
    )
}

/// A folder of its own, in memory where that is possible.
fn scratch() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("lockstep-");
    if memory.is_dir()
        && let Ok(folder) = builder.tempdir_in(memory)
    {
        return Ok(folder);
    }
    builder.tempdir().context("no temporary folder")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?.local_addr()?.port())
}

/// Server programs are in `/usr/sbin`, which is not on everybody's path.
fn tool(name: &str) -> PathBuf {
    let path = Path::new("/usr/sbin").join(name);
    if path.exists() { path } else { PathBuf::from(name) }
}

/// Copies with the holes: the database's file is as large as it may become, and nearly all of it is one.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let output = Command::new("cp").args(["-a", "--sparse=always"]).arg(from.join(".")).arg(to).output()?;
    if !output.status.success() {
        bail!("cp: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn read_lossy(path: &Path) -> String {
    let mut octets = Vec::new();
    if let Ok(mut file) = fs::File::open(path) {
        let _ = file.read_to_end(&mut octets);
    }
    String::from_utf8_lossy(&octets).into_owned()
}
