//! `lockstep restore`: a backup in the place of the tenant's file.
//!
//! **Invariant:** nothing of the tenant that is there is touched before the backup was checked and its copy made ready
//! beside it; what was there is kept.

use super::backup::{Beside, beside, create, hash, sync_folder, told};
use crate::End;
use crate::cli::Restore;
use crate::clock::SystemClock;
use crate::config::{Config, Loaded};
use crate::out::Out;
use crate::wiring::store::Registry;
use crate::wiring::{disk, server, store};
use anyhow::{Context, bail, ensure};
use lockstep_model::{Clock, TenantId};
use lockstep_storage::sqlite::backup::{self, Contents};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What a tenant's file may have beside it.
const LOGS: [&str; 2] = ["-wal", "-shm"];

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, arguments: &Restore) -> anyhow::Result<End> {
    let config = &loaded.config;
    let Some(file) = arguments.file.as_deref().filter(|_| !arguments.mark) else {
        ensure!(store::is_here(config), "there is no tenant in {}", store::described(config));
        let marked = store::mark_restored(loaded, arguments.tenant.as_deref()).await?;
        out.print(&json!({"marked": true, "tenants": marked}), || {
            "Marked: sync clients compare with what the tenant holds before they write, and delta queries begin anew."
                .to_owned()
        })?;
        return Ok(End::Done);
    };
    if config.server.database.url.is_some() && !arguments.check {
        bail!(
            "the tenant is in {}: restore it by PostgreSQL's own means (pg_restore, or a base backup with the archive \
             of its log), then run `lockstep restore --mark`",
            store::described(config)
        );
    }
    let (contents, sum, bytes, is_proven) = check(file)?;
    let proof = if is_proven {
        "its SHA-256 is the one that was written with it"
    } else {
        "no checksum stands beside it, so that only SQLite's own checks speak for it"
    };
    let text = format!("{}\n{}; whole, and {proof}", file.display(), told(&contents, bytes));
    if arguments.check {
        let answer = json!({"file": file, "sha256": sum, "checksum": is_proven, "contents": contents});
        out.print(&answer, || text)?;
        return Ok(End::Done);
    }
    let tenant = whose(config, arguments.tenant.as_deref(), &contents).await?;
    let target = store::file_of(config, tenant);
    if target.exists() && !arguments.replace {
        bail!(
            "{} holds a tenant; with --replace the backup takes its place, and it is kept beside under another name",
            target.display()
        );
    }
    disk::make_private(target.parent().unwrap_or(&config.server.data_dir))?;
    let _lock = server::lock(loaded)?;
    let now = SystemClock.now();
    let fresh = beside(&target, ".restoring");
    for log in LOGS {
        let _ = std::fs::remove_file(beside(&fresh, log));
    }
    let made = make_ready(file, &sum, &fresh, now);
    if made.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    made?;
    let kept = set_aside(&target, now)?;
    std::fs::rename(&fresh, &target).with_context(|| format!("{} cannot be written", target.display()))?;
    sync_folder(&target)?;
    if let (Some(id), Some(files)) = (tenant, store::registry(config).await?.files) {
        files.adopt(id, now)?;
    }
    let answer = json!({"restored": target, "from": file, "sha256": sum, "kept": kept, "contents": contents});
    out.print(&answer, || {
        let kept = kept.map_or(String::new(), |kept| format!("\nWhat was there is in {}.", kept.display()));
        format!(
            "{text}\nIt is the tenant now.{kept}\nStart the server. Sync clients compare with it by themselves and write \
             what is missing; what the cloud alone changed since the backup was made is gone."
        )
    })?;
    Ok(End::Done)
}

/// Where a backup belongs: the id of a tenant that is not the first. A tenant's backup goes to no other.
async fn whose(
    config: &Config,
    named: Option<&str>,
    contents: &Contents,
) -> anyhow::Result<Option<TenantId>> {
    let registry = store::registry(config).await?;
    let held = contents.tenant;
    let Some(name) = named else {
        let known = registry.tenants.list().await?.into_iter().find(|tenant| tenant.id == held);
        if known.is_some_and(|tenant| !tenant.is_first) {
            bail!(
                "this is the backup of the tenant {held}, which is not the first; name it with --tenant {held}"
            );
        }
        return first(config, &registry, held).await.map(|()| None);
    };
    // One that was deleted is known by its id alone.
    let wanted = match name.trim().parse::<TenantId>() {
        Ok(id) => (id, registry.tenants.by_id(id).await?.is_some_and(|tenant| tenant.is_first)),
        Err(_) => {
            let (_, tenant) = store::find(&registry, name).await?;
            (tenant.id, tenant.is_first)
        }
    };
    match wanted {
        (_, true) => first(config, &registry, held).await.map(|()| None),
        (id, false) if id == held => Ok(Some(id)),
        (id, false) => {
            bail!("this is the backup of the tenant {held}, and not of {id}; nothing was restored")
        }
    }
}

/// Lets the backup of `held` be the first tenant where that is what the first is, or where there is none yet.
async fn first(config: &Config, registry: &Registry, held: TenantId) -> anyhow::Result<()> {
    let registered = registry.tenants.list().await?.into_iter().find(|tenant| tenant.is_first);
    // The file knows better: what was written down may be older. One that is damaged does not say whose it is.
    let first = backup::whose(&store::file(config)).or(registered.map(|tenant| tenant.id));
    match first.filter(|first| *first != held) {
        None => Ok(()),
        Some(first) => bail!(
            "this is the backup of the tenant {held}, and the first tenant of this server is {first}; nothing was \
             restored. If it is the backup of another tenant of this server, name that with --tenant {held}; to have \
             it as the first of a server, restore it where [server] data_dir is empty"
        ),
    }
}

/// Checks a backup: its sum where one was written with it, every page and index, and whether this program knows it.
fn check(file: &Path) -> anyhow::Result<(Contents, String, u64, bool)> {
    let beside = Beside::read(file)?;
    let (sum, bytes) = hash(file, None)?;
    if let Some(beside) = &beside {
        ensure!(
            beside.sha256 == sum,
            "{}: this is not what was written: its SHA-256 is {sum}, and was {}; take another backup",
            file.display(),
            beside.sha256
        );
    }
    Ok((backup::contents(file)?, sum, bytes, beside.is_some()))
}

fn make_ready(file: &Path, sum: &str, fresh: &Path, now: jiff::Timestamp) -> anyhow::Result<()> {
    let mut copy = create(fresh)?;
    let (copied, _) = hash(file, Some(&mut copy))?;
    ensure!(copied == sum, "{}: it changed while it was read; nothing was restored", file.display());
    copy.sync_all()?;
    drop(copy);
    backup::prepare(fresh, now)?;
    std::fs::File::open(fresh)?.sync_all()?;
    Ok(())
}

/// Keeps what is there under another name. Its log is folded into it where it can be, else kept beside it: it must not
/// be taken for the log of what comes in its place.
fn set_aside(target: &Path, now: jiff::Timestamp) -> anyhow::Result<Option<PathBuf>> {
    let aside = beside(target, &format!(".before-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    ensure!(!aside.exists(), "{} is there already; try again in a second", aside.display());
    let there = target.exists();
    if there && let Err(error) = backup::settle(target) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "what is replaced is damaged; it is kept as it is"
        );
    }
    // Also where the file itself is gone: its log is left by a server that did not end in good order.
    for log in LOGS {
        let from = beside(target, log);
        if from.exists() {
            std::fs::rename(&from, beside(&aside, log))?;
        }
    }
    if !there {
        return Ok(None);
    }
    // Two names for one file, so that at no moment there is no tenant; file systems without such take the name away.
    if std::fs::hard_link(target, &aside).is_err() {
        std::fs::rename(target, &aside)
            .with_context(|| format!("{} cannot be kept as {}", target.display(), aside.display()))?;
    }
    sync_folder(target)?;
    Ok(Some(aside))
}
