//! `lockstep backup`: a checked copy of the tenant's file, made while the server runs; and what stands beside a copy.

use crate::End;
use crate::cli::Backup;
use crate::clock::SystemClock;
use crate::config::Loaded;
use crate::out::Out;
use crate::secret;
use crate::wiring::{disk, store};
use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use lockstep_model::{Clock, TenantId};
use lockstep_storage::sqlite::backup::{self, Contents};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Bytes that what stands beside a copy may have.
const MAX_BESIDE: u64 = 64 * 1024;
/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// What stands beside a copy, as JSON in a file of its name with `.json` behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Beside {
    /// The form of this file: 1.
    format: u32,
    /// The copy's name.
    file: String,
    /// Its size.
    bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub(crate) sha256: String,
    /// When it was begun: it holds what was written before, and may hold what was written meanwhile.
    made_at: Timestamp,
    /// The program that made it.
    version: String,
    /// What is in it.
    #[serde(flatten)]
    contents: Contents,
}

impl Beside {
    fn path(of: &Path) -> PathBuf {
        let mut name = of.as_os_str().to_owned();
        name.push(".json");
        name.into()
    }

    /// What stands beside a copy; none where nothing does.
    pub(crate) fn read(of: &Path) -> anyhow::Result<Option<Self>> {
        let path = Self::path(of);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        let mut text = String::new();
        file.take(MAX_BESIDE).read_to_string(&mut text)?;
        let beside: Self = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} does not say what belongs to a backup; take the one that was made with it",
                path.display()
            )
        })?;
        ensure!(
            beside.format == 1,
            "{}: a newer version of Lockstep wrote it; use that version",
            path.display()
        );
        Ok(Some(beside))
    }
}

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, arguments: &Backup) -> anyhow::Result<End> {
    let config = &loaded.config;
    if config.server.database.url.is_some() {
        bail!(
            "the tenants are in {}, and PostgreSQL has backups of its own that go with its replication and miss \
             nothing: pg_dump, or base backups with the archive of its log (Patroni's tools make them). \
             The book's page on backup says how, and `lockstep restore --mark` what is to be done after one \
             was restored",
            store::described(config)
        );
    }
    let first = store::file(config);
    ensure!(first.exists(), "there is no tenant in {}; the server has never run", first.display());
    // No tenant is opened: also what is damaged is to be told as what it is.
    let registry = store::registry(config).await?;
    let mut tenants: Vec<Option<TenantId>> = Vec::new();
    match &arguments.tenant {
        Some(name) => {
            tenants.push(Some(store::find(&registry, name).await?.1).filter(|t| !t.is_first).map(|t| t.id))
        }
        None => {
            tenants.push(None);
            let further = registry.tenants.list().await?;
            tenants.extend(further.iter().filter(|t| !t.is_first && !t.is_going).map(|t| Some(t.id)));
        }
    }
    ensure!(
        arguments.to.is_dir() || tenants.len() == 1,
        "this server has {} tenants, and {} is no folder; name a folder, or one tenant with --tenant",
        tenants.len(),
        arguments.to.display()
    );
    let now = SystemClock.now();
    let (all, mut made, mut failed) = (tenants.len(), Vec::new(), Vec::new());
    for tenant in tenants {
        let from = store::file_of(config, tenant);
        let whose = tenant.map(|id| format!("{id}-")).unwrap_or_default();
        let to = if arguments.to.is_dir() {
            arguments.to.join(format!("tenant-{whose}{}.db", now.strftime("%Y%m%dT%H%M%SZ")))
        } else {
            arguments.to.clone()
        };
        // One that cannot be copied keeps no other from being copied.
        match one(&from, &to, now) {
            Ok(beside) => made.push((to, beside)),
            Err(error) if all == 1 => return Err(error),
            Err(error) => failed.push(format!("{} was not copied: {error:#}", from.display())),
        }
    }
    let text = || {
        let told = made.iter().map(|(to, beside)| {
            let contents = told(&beside.contents, beside.bytes);
            format!("{}\n{contents}, checked; SHA-256 {}", to.display(), beside.sha256)
        });
        told.collect::<Vec<_>>().join("\n")
    };
    match made.as_slice() {
        [(_, only)] if all == 1 => out.print(only, text)?,
        made => out.print(&made.iter().map(|(_, beside)| beside).collect::<Vec<_>>(), text)?,
    }
    ensure!(
        failed.is_empty(),
        "{} of {all} tenants were not copied; those that were copied are whole\n{}",
        failed.len(),
        failed.join("\n")
    );
    Ok(End::Done)
}

fn one(from: &Path, to: &Path, now: Timestamp) -> anyhow::Result<Beside> {
    ensure!(!to.exists(), "{} is there already; name another file", to.display());
    let part = beside(to, ".part");
    let made = make(from, &part, to, now);
    if made.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    made
}

fn make(from: &Path, part: &Path, to: &Path, now: Timestamp) -> anyhow::Result<Beside> {
    // Secrets' hashes are in it: nobody else may read it from the first byte on.
    create(part)?;
    backup::copy(from, part)?;
    let contents = backup::contents(part)?;
    let (sha256, bytes) = hash(part, None)?;
    File::open(part).and_then(|file| file.sync_all()).with_context(|| part.display().to_string())?;
    let beside = Beside {
        format: 1,
        file: to.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        bytes,
        sha256,
        made_at: now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        contents,
    };
    // The copy gets its name last: what has it is whole, and has its sum beside it.
    let path = Beside::path(to);
    secret::write_private(&path, &(serde_json::to_string_pretty(&beside)? + "\n"))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    std::fs::rename(part, to).with_context(|| format!("{} cannot be written", to.display()))?;
    sync_folder(to)?;
    Ok(beside)
}

/// A path with more behind its name.
pub(crate) fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    name.into()
}

/// An empty file that only this account can read, in place of one that an earlier try left.
pub(crate) fn create(path: &Path) -> anyhow::Result<File> {
    let _ = std::fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(|| {
        format!("{} cannot be written; check that the folder is there and may be written to", path.display())
    })
}

/// The SHA-256 of a file and its size; its bytes go to `copy` as well, where there is one.
pub(crate) fn hash(path: &Path, mut copy: Option<&mut File>) -> anyhow::Result<(String, u64)> {
    let cannot = || format!("{} cannot be read", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let (mut sum, mut bytes) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).with_context(cannot)?;
        let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else { break };
        sum.update(part);
        bytes += u64::try_from(read).unwrap_or(0);
        if let Some(copy) = copy.as_mut() {
            copy.write_all(part).context("the copy cannot be written; check the space on the disk")?;
        }
    }
    let mut text = String::new();
    for byte in sum.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok((text, bytes))
}

/// Has a name that was given or taken survive a power cut.
pub(crate) fn sync_folder(of: &Path) -> anyhow::Result<()> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("{} cannot be written", folder.display()))
}

/// What a copy holds, for people.
pub(crate) fn told(contents: &Contents, bytes: u64) -> String {
    let Contents { users, groups, contacts, devices, deleted, .. } = contents;
    let last = contents.last_change.map(|at| format!(", last change {at:.0}")).unwrap_or_default();
    format!(
        "{} ({}): {users} users, {groups} groups, {contacts} contacts, {devices} devices, {deleted} deleted{last}; {}",
        contents.display_name,
        contents.tenant,
        disk::size(bytes)
    )
}
